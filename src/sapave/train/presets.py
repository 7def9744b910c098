"""The training settings, and the stages as presets of them: stage0, spatial, stage1, draft, stage2."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sapave.base.shelf import choose


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything one training run depends on (with the data's content and the package versions)."""

    stage: str
    """Name of the preset this came from."""
    trains: tuple[str, ...]
    """Parts of the model that learn; all others keep every bit (SaPaVe.parts())."""
    losses: tuple[tuple[str, float], ...]
    """(name, weight) of the terms of the loss."""

    views: tuple[str, ...] = ()
    """Views folders; `folder=3` draws one three times as often as its size says."""
    episodes: tuple[str, ...] = ()
    """Episodes folders, likewise."""
    val_views: str = ""
    """Views folder for the periodic evaluation; empty: none."""
    init: str = ""
    """Checkpoint folder of the stage before; empty: start fresh (stage 0)."""
    init_other: str = ""
    """Checkpoint folder whose decoder of arms and hands to begin from instead of `init`'s: one run learned to look,
    another to act."""
    anew: tuple[str, ...] = ()
    """Parts of the model in `init` whose weights are not taken over but start fresh, `adapter head_decoder`."""
    override: tuple[str, ...] = ()
    """Changes to the model's config, `decoders="unified"` (name=JSON value, or a bare word)."""
    cache: str = "runs/cache"
    """Where packed data and cached tokens are kept."""

    images: int = 16
    """Images in a batch; with cached tokens, rows."""
    per_image: int = 4
    """Instructions per image of views."""
    views_share: float = 1.0
    """Share of a batch's images that come from views when there are episodes too."""
    hold_keep: float = 0.7
    """Share of the episodes' hold frames that are used; with a quarter of them a lifted arm drifts (LOG.md)."""
    near: bool = False
    """Labels of views lead to the nearest acceptable view, not to the best one: the head turns as little as it may."""
    tasks: bool = False
    """Make stage-0 tasks (referring, questions, captions) from the scenes' objects, not stored instructions."""
    mirror: float = 0.0
    """Share of the rows that are seen in the mirror, left and right exchanged; for the draft's loss alone."""
    zoom: float = 1.0
    """Pictures are magnified by 1 to this much, each at a place of its own (train/augment.py); 1: never."""
    jitter: float = 0.0
    """Largest relative change of a picture's brightness, contrast and saturation; 0: none."""
    modality_dropout: float = 0.0
    """Chance that depth, intrinsics and pose (each) are hidden from a sample."""
    resident: bool = False
    """Keep the views in the device's memory and make batches there (train/resident.py): for a fast GPU."""
    token_cache: bool = False
    """Compute the frozen parts' tokens once per row and keep them on disk."""
    cache_rows: int = 40000
    """Most rows of views whose tokens are kept, per folder."""

    steps: int = 10000
    """Length of the learning-rate schedule."""
    lr: float = 1e-3
    """Peak learning rate."""
    warmup: int = 100
    """Steps of linear warm-up."""
    decay: str = "cosine"
    """`cosine`: to a twentieth of the peak over `steps`; `constant`: flat, then linear to zero over the last tenth."""
    weight_decay: float = 0.02
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    """Largest gradient norm."""
    accumulate: int = 1
    """Parts a batch is worked on in, one after the other, to save memory; their gradients add up to the batch's."""
    checkpoint_activations: bool = False
    """Compute each block of the model again in the backward pass: the same gradients, less memory, more time."""
    shard: bool = False
    """Spread the blocks' weights, gradients and optimiser state over the processes that torchrun starts (FSDP2)."""
    ema: float = 0.0
    """Decay of a moving average of the trained weights, which is what is evaluated and saved. 0: none."""
    precision: str = "auto"
    """`auto`: bf16 on a GPU, fp32 on a CPU | `fp32` | `bf16` (of the computations; weights are float32)."""
    max_minutes: float = 0.0
    """Time budget of the run; near its end the rate falls linearly to zero and the run stops. 0: no limit."""

    seed: int = 0
    device: str = "auto"
    """`auto` | `cpu` | `cuda`."""
    threads: int = 1
    """CPU threads of torch; 0 leaves torch's own choice."""
    workers: int = 1
    """Threads that prepare batches ahead."""
    save_every: int = 500
    """Steps between saved states; the last two are kept."""
    log_every: int = 20
    """Steps between lines of metrics.jsonl."""
    eval_every: int = 1000
    """Steps between evaluations on val_views (and one at the end)."""
    eval_images: int = 256
    """Frames of the evaluation."""
    peak_tflops: float = 0.0
    """Peak of one device in the precision used [TFLOP/s] (989 for bf16 on an H100 SXM), to report the share of it that
    the model's own operations take (MFU). 0: not reported."""
    tensorboard: bool = False
    """Also write TensorBoard events."""

    def __post_init__(self) -> None:
        for name, low in (("steps", 1), ("images", 1), ("per_image", 1), ("save_every", 1), ("log_every", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"training setting {name}: found {getattr(self, name)}, expected at least {low}")
        if not 1 <= self.accumulate <= self.images:
            raise ValueError(
                f"training setting accumulate: found {self.accumulate}, expected 1 to {self.images} (images in a batch)"
            )
        if not 0 <= self.ema < 1:
            raise ValueError(f"training setting ema: found {self.ema}, expected at least 0 and below 1")
        if self.precision not in ("auto", "fp32", "bf16"):
            raise ValueError(f"training setting precision: found '{self.precision}', expected auto, fp32 or bf16")
        if self.peak_tflops < 0:
            raise ValueError(f"training setting peak_tflops: found {self.peak_tflops}, expected 0 or more")
        if self.decay not in ("cosine", "constant"):
            raise ValueError(f"training setting decay: found '{self.decay}', expected cosine or constant")
        if self.mirror and (not self.token_cache or {name for name, _ in self.losses} != {"draft"}):
            raise ValueError(
                f"training setting mirror: found {self.mirror}, expected 0 unless the draft learns alone from cached "
                "tokens (pictures have no mirror image here)"
            )
        if not 1 <= self.zoom <= 4 or not 0 <= self.jitter < 1:
            raise ValueError(
                f"training settings zoom {self.zoom}, jitter {self.jitter}: expected 1 (never) to 4, and 0 (none) to "
                "less than 1"
            )
        if self.augments and self.token_cache:
            raise ValueError(
                f"training settings zoom {self.zoom}, jitter {self.jitter}: expected 1 and 0 with cached tokens, which "
                "are made once of every picture as it is; switch token_cache off to change pictures"
            )
        if not self.trains or not self.losses:
            raise ValueError(f"training stage '{self.stage}': expected at least one part that trains and one loss")

    @property
    def augments(self) -> bool:
        """Are pictures changed?"""
        return self.zoom > 1 or self.jitter > 0


_BASE = TrainConfig(stage="base", trains=("head_decoder",), losses=(("head", 1.0),))

PRESETS: dict[str, TrainConfig] = {
    "stage0": replace(
        _BASE,
        stage="stage0",
        trains=("backbone",),
        losses=(("pointer", 1.0), ("presence", 0.3), ("answer", 0.5)),
        tasks=True,
        lr=1e-3,
    ),
    "spatial": replace(
        _BASE,
        stage="spatial",
        trains=("spatial",),
        losses=(("points", 1.0),),
        per_image=1,
        images=32,
        steps=3000,
    ),
    "stage1": replace(
        _BASE,
        stage="stage1",
        trains=("adapter", "head_decoder"),
        losses=(("head", 1.0), ("pointer", 0.3), ("presence", 0.1), ("commit", 0.3)),
        modality_dropout=0.05,
        lr=1.5e-3,
    ),
    "draft": replace(
        _BASE,
        stage="draft",
        trains=("draft",),
        losses=(("draft", 1.0),),
        mirror=0.5,
        images=256,
        views_share=0.0,
        token_cache=True,
        steps=4000,
    ),
    "stage2": replace(
        _BASE,
        stage="stage2",
        trains=("head_decoder", "other_decoder"),
        losses=(("head", 1.0), ("other", 10.0)),
        images=64,
        per_image=2,
        views_share=0.25,
        token_cache=True,
        lr=1.5e-4,
        steps=20000,
    ),
}
"""The stages in order: pretrain the backbone, train the spatial encoder, stage 1 of the paper, the draft that stage 2
refines, stage 2 of the paper."""


def preset(name: str) -> TrainConfig:
    """The preset called `name`; KeyError with the nearest right name."""
    return choose(PRESETS, name, "training stage")


def parse_override(items: tuple[str, ...]) -> dict[str, Any]:
    """`name=value` items as a dict; values are JSON, or bare words."""
    out: dict[str, Any] = {}
    for item in items:
        name, sign, value = item.partition("=")
        if not sign or not name.isidentifier():
            raise ValueError(f"override '{item}': expected name=value, for example decoders=\"unified\"")
        try:
            out[name] = json.loads(value)
        except json.JSONDecodeError:
            out[name] = value
    return out


RUNTIME = ("device", "threads", "workers", "save_every", "log_every", "eval_every", "eval_images", "tensorboard",
           "max_minutes", "cache", "val_views", "peak_tflops", "checkpoint_activations", "shard")  # fmt: skip
"""Settings a resumed run may change: they do not touch what is learned."""


def differences(config: TrainConfig, saved: dict[str, Any]) -> list[str]:
    """Settings in which a resumed run would differ from the saved one, as `name: saved -> now`."""
    now = json.loads(json.dumps(asdict(config)))
    before = {f.name: saved.get(f.name, f.default) for f in fields(config) if f.name not in RUNTIME}
    return [f"{n}: {value!r} -> {now[n]!r}" for n, value in before.items() if value != now[n]]
