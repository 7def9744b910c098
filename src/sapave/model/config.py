"""Every choice of the model as a plain value; presets are made with `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from sapave.base.shelf import choose
from sapave.base.types import N_HEAD, N_OTHER

CHOICES = {
    "adapter": ("lora", "full", "none"),
    "injection": ("add", "gated", "cross", "none"),
    "decoders": ("independent", "shared", "unified"),
    "loss": ("smooth_l1", "mse"),
    "time": ("early", "uniform", "start"),
}
GEOMETRY = ("depth", "intrinsics", "pose")
"""Parts of an observation's geometry, in the order of the batch's `has`."""
PARTS = ("backbone", "adapter", "spatial", "head_decoder", "other_decoder", "draft")
"""Names of the parts that a training stage may switch on; the draft belongs to the other decoder too."""


@dataclass(frozen=True, kw_only=True)
class VLAConfig:
    """The whole model in plain values; stored in every checkpoint."""

    kind: ClassVar[str] = "sapave"
    """Name on the shelf `model/kinds`; a checkpoint that names none is of this kind."""

    backbone: str = "smolvlm"
    """Name on the shelf `model/backbones`."""
    backbone_settings: Mapping[str, Any] | None = None
    """The backbone's own settings; None: the small one of the values below."""
    backbone_layers: int | None = None
    """Layers of the language model that are kept, counted from the first; None: all."""
    image_size: int = 128
    """The picture is resized to this square [px]."""
    vision_width: int = 128
    vision_layers: int = 4
    vision_heads: int = 4
    vision_patch: int = 8
    scale_factor: int = 2
    text_width: int = 192
    text_layers: int = 4
    text_heads: int = 4
    text_mlp: int = 512
    vocab_size: int = 2048
    whole_picture: bool = False
    """Image tokens see each other in both directions, as Gemma's always do; else a token sees what stands before it,
    and "the one left of the mug" cannot know of a mug further right. Published causal weights expect False."""
    max_tokens: int = 20
    """Longest instruction, begin token included."""

    adapter: str = "lora"
    """lora | full (the language model's blocks themselves) | none."""
    lora_rank: int = 16
    lora_alpha: int = 32

    pointer: bool = True
    """Give the decoders what the pointer reads out (our addition to the paper)."""
    memory: bool = True
    """What the pointer no longer sees stands where it was last seen, until the next instruction."""
    search: bool = True
    """The head decoder knows in which directions it has looked since the instruction (our addition)."""
    commit: bool = False
    """The head decoder also says whether it sees enough to stop looking (our addition; learns from views that tell)."""
    neck: tuple[float, float, float] = (0.01, 0.0, 1.177)
    """Where the head's yaw and pitch axes meet, base frame [m]."""
    eye_above: float = 0.10
    """How far the optical axis runs above the pitch axis [m]."""

    extra_cameras: tuple[str, ...] = ()
    """Cameras besides the head's (`left_wrist`, `right_wrist`) that arms and hands are moved by as well."""

    spatial: str = "geometric"
    """Name on the shelf `model/spatial_encoders`."""
    spatial_weights: str = ""
    """Folder or hub id of a published encoder's weights; empty: those that its file names. Ours needs none."""
    spatial_width: int = 128
    spatial_layers: int = 3
    injection: str = "add"
    """add | gated | cross | none: how spatial tokens reach the image tokens."""
    hidden: tuple[str, ...] = ()
    """Parts of GEOMETRY that the model is never given, in training or after. Only the target of the spatial encoder's
    own loss still knows them: it learns to guess what it cannot see."""

    decoders: str = "independent"
    """independent | shared (one trunk, two tails) | unified (one 28-wide stream)."""
    decoder_width: int = 192
    decoder_layers: int = 3
    decoder_heads: int = 4
    draft_width: int = 384
    draft_layers: int = 3
    """Residual layers of the draft that the other decoder starts from (our addition); 0: none. Needs the pointer."""
    k: int = 16
    """Control ticks in a chunk."""
    fold: int = 4
    """Control ticks in one action token."""
    n_head: int = N_HEAD
    n_other: int = N_OTHER
    state_size: int = 74

    steps: int = 2
    """Euler steps of sampling; may be changed after training."""
    loss: str = "smooth_l1"
    """smooth_l1 | mse on the predicted clean chunk."""
    beta: float = 0.1
    """Where smooth-L1 turns from a parabola into a line, in normalised units."""
    time: str = "early"
    """early (density falls linearly to the clean end) | uniform | start (always 0; with `still` 1, `draws` 1 and one
    step this is plain regression: nothing of the clean chunk or of noise goes in)."""
    draws: int = 2
    """Noise draws per sample and training step; they share the cross-attention's keys."""
    still: float = 0.25
    """Share of draws that start from zero noise, as sampling does."""

    seed: int = 0
    """Of the first weights."""

    def __post_init__(self) -> None:
        for name, options in CHOICES.items():
            choose(dict.fromkeys(options), getattr(self, name), name)
        if isinstance(self.hidden, str):
            raise ValueError(f"hidden: found '{self.hidden}', expected a list of {', '.join(GEOMETRY)}")
        for name in self.hidden:
            choose(dict.fromkeys(GEOMETRY), name, "part of geometry")
        object.__setattr__(self, "hidden", tuple(self.hidden))  # JSON gives a list
        if isinstance(self.extra_cameras, str):
            raise ValueError(f"extra_cameras: found '{self.extra_cameras}', expected a list of names")
        object.__setattr__(self, "extra_cameras", tuple(self.extra_cameras))
        if "head" in self.extra_cameras or len(set(self.extra_cameras)) < len(self.extra_cameras):
            raise ValueError(f"extra_cameras: found {self.extra_cameras}, expected different names but 'head'")
        if self.k % self.fold:
            raise ValueError(f"fold: found {self.fold}, expected a divisor of k = {self.k}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> VLAConfig:
        """The config of plain values; ValueError names unknown keys."""
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise ValueError(f"model config: unknown {', '.join(unknown)}; expected the fields of VLAConfig")
        return cls(**{**values, "neck": tuple(values.get("neck", cls.neck))})


TINY_TEST = VLAConfig(
    image_size=64,
    vision_width=32,
    vision_layers=1,
    vision_heads=2,
    scale_factor=1,
    text_width=48,
    text_layers=1,
    text_heads=2,
    text_mlp=64,
    vocab_size=128,
    lora_rank=4,
    lora_alpha=8,
    spatial_width=32,
    spatial_layers=1,
    decoder_width=48,
    decoder_layers=2,
    decoder_heads=2,
    draft_width=48,
    draft_layers=1,
    draws=4,
)
"""Small enough for unit tests; every part is there."""

PRESETS = {"default": VLAConfig(), "tiny_test": TINY_TEST}
