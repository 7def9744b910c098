"""Puts a run together: data, model, normalisation, frozen tokens, evaluation."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from sapave.base.normalize import Normalizer
from sapave.base.runs import write_json
from sapave.base.seeds import rng
from sapave.data.extra_views import need
from sapave.data.windows import WHOLE, Own, Sampler, Source, Stage0Task, open_sources
from sapave.model import checkpoint
from sapave.model.config import VLAConfig
from sapave.model.inputs import Processor
from sapave.model.kind import Model, config_of, kind_of
from sapave.sim.robots.g1 import ROBOT
from sapave.train import cache as tokens
from sapave.train.augment import augmented
from sapave.train.batches import Tensors, present, tensors, to_device
from sapave.train.cached import alike, batch_of, hybrid_of, onlooker, perceiver, remembered
from sapave.train.evaluate import evaluate
from sapave.train.mirror import mirrored
from sapave.train.parts import owned
from sapave.train.presets import TrainConfig, parse_override
from sapave.train.resident import Resident
from sapave.train.resume import begun

FIT_ROWS = 20000
"""Rows used for normalisation statistics."""
FLOOR = {"head": 1e-2, "other": 1e-2}
"""Smallest standard deviation of a cumulative chunk [rad]."""
VOCABULARY_TASKS = 20000
"""Stage-0 tasks drawn to collect words."""
log = logging.getLogger("sapave.train")

Losses = Callable[[Tensors, torch.Generator], dict[str, torch.Tensor]]


class Draw(Protocol):
    """A function that prepares batches."""

    def __call__(self, step: int, own: Own = WHOLE) -> Tensors:
        """The rows of the `own` pictures of batch `step`; nothing where there are none."""
        ...


@dataclass(frozen=True, kw_only=True)
class Job:
    """What the loop needs to know of a run."""

    model: Any
    batch: Draw
    """Batch of a step, on the CPU."""
    losses: Losses
    save: Callable[[Path], None]
    evaluate: Callable[[], dict[str, float]] | None


def prepare(config: TrainConfig, device: torch.device, run: Path, logger: logging.Logger) -> Job:
    """Open the data, make or load the model, and fit what has to be fitted; ValueError for data that does not fit."""
    cache = Path(config.cache)
    views = open_sources(config.views, cache, need_rows=not config.tasks, seed=config.seed, near=config.near)
    episodes = open_sources(config.episodes, cache, hold_keep=config.hold_keep, seed=config.seed)
    for source in (*views, *episodes):
        pack = source.pack
        logger.info("%s: %d of %d frames, %d rows", pack.path, len(source.frames), pack.n_frames, pack.n_rows)
    same_data(run, [s.pack.key for s in (*views, *episodes)])
    sampler = Sampler(
        views=views,
        episodes=episodes,
        images=config.images,
        per_image=config.per_image,
        views_share=config.views_share,
        seed=config.seed,
        task=_task("train") if config.tasks else None,
        raw=config.augments,
    )
    model, processor = start(config, sampler)
    sampler = replace(sampler, cameras=looks_through(config, model.config))
    need(config.episodes, [source.pack for source in episodes], sampler.cameras)
    fit(model, processor, config, views, episodes)
    model.to(device)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.eval()
    evaluate = _evaluation(config, cache, model, processor, device)

    def save(out: Path) -> None:
        checkpoint.save(out, model, processor, notes={"stage": config.stage, "init": config.init})

    frozen = not {"backbone", "adapter", "spatial"} & set(config.trains)
    if config.token_cache and frozen:
        if not kind_of(model.config).cached:
            raise ValueError(
                f"stage '{config.stage}': a model of kind '{model.config.kind}' keeps no tokens on disk, found "
                "token_cache switched on; switch it off"
            )
        batch, losses = _cached(config, views, episodes, cache, model, processor, device)
    else:
        batch, losses = _live(config, sampler, model, processor, device, frozen)
    return Job(model=model, batch=batch, losses=losses, save=save, evaluate=evaluate)


def same_data(run: Path, keys: list[str]) -> None:
    """Remember which data the run uses; ValueError when a resumed run finds other data."""
    path = run / "data.json"
    if path.is_file() and begun(run) and json.loads(path.read_text()) != keys:
        raise ValueError(f"{run.parent}: the data has changed since this run began; use another output folder")
    if not path.is_file() or json.loads(path.read_text()) != keys:
        write_json(path, keys)


def _task(split: str) -> Stage0Task:
    from sapave.data.instructions.grounding import stage0_task

    return partial(stage0_task, split=split)


def start(config: TrainConfig, sampler: Sampler) -> tuple[Any, Any]:
    """The model and its processor: fresh, or from the checkpoint of the stage before."""
    changes = parse_override(config.override)
    if config.init:
        model, processor = checkpoint.load(Path(config.init), anew=config.anew, **changes)
        if "head_decoder" in config.anew:
            processor.head_norm = None  # fitted again, to the data that the new decoder learns from
        if "other_decoder" in config.anew:
            processor.other_norm = None
        if config.init_other:
            checkpoint.borrow(model, processor, config.init_other)
        if (
            "other_decoder" in config.trains
            and checkpoint.load_config(config.init_other or config.init).get("notes", {}).get("stage") == "draft"
        ):
            for decoder in model.denoisers():
                if decoder.draft is not None:  # what was denoised around another draft would only disturb this one
                    decoder.start_at_proposal(head=False)
        return model, processor
    if config.init_other:
        raise ValueError(
            f"init_other {config.init_other}: found no init, expected the checkpoint that has learned to look"
        )
    if config.anew:
        raise ValueError(
            f"training setting anew: found {', '.join(config.anew)} without init, expected a checkpoint to take the "
            "other parts from; without one the whole model starts anew"
        )
    model_config = config_of(changes)
    texts = words(sampler)
    processor = Processor.fresh(model_config, texts, ROBOT.chains)
    longest = max((len(processor.tokenizer.encode(t)) + 1 for t in texts), default=0)
    if longest > model_config.max_tokens:
        log.warning("the longest text has %d tokens; the model reads %d", longest, model_config.max_tokens)
    return kind_of(model_config).model(model_config), processor


def words(sampler: Sampler) -> list[str]:
    """Every text the tokenizer should know: stored instructions and a large draw of stage-0 tasks, sorted."""
    texts = {text for s in (*sampler.views, *sampler.episodes) for text in s.pack.texts}
    if sampler.task is not None:
        chance = rng(sampler.seed, "words")
        for source in sampler.views:
            for frame in chance.choice(source.frames, min(len(source.frames), VOCABULARY_TASKS // 4), replace=False):
                objects = source.pack.frame_objects(int(frame))
                for _ in range(4):
                    text, _, _, answer = sampler.task(chance, objects)
                    texts |= {text, answer}
    return sorted(texts - {""})


def fit(model: Model, processor: Any, config: TrainConfig, views: list[Source], episodes: list[Source]) -> None:
    """Fit the normalisers that this stage's decoders need and that no earlier stage has fitted."""
    if "head_decoder" in config.trains and processor.head_norm is None:
        processor.head_norm = Normalizer.fit(_labels([*views, *episodes], "head_chunk", config.seed), FLOOR["head"])
        model.scale_aim(torch.from_numpy(processor.head_norm.std))
    if {"other_decoder", "draft"} & set(config.trains) and processor.other_norm is None:
        if not episodes:
            raise ValueError(f"stage '{config.stage}': arms and hands are to learn, but no episodes folder was given")
        processor.other_norm = Normalizer.fit(_labels(episodes, "other_chunk", config.seed), FLOOR["other"])


def _labels(sources: list[Source], name: str, seed: int) -> np.ndarray:
    values = []
    for source in sources:
        rows = source.first[source.frames]
        pick = rng(seed, "fit", source.pack.key).permutation(len(rows))[:FIT_ROWS]
        values.append(np.asarray(source.pack.arrays[name][np.sort(rows[pick])]))
    return np.concatenate(values)


def _evaluation(
    config: TrainConfig, cache: Path, model: nn.Module, processor: Any, device: torch.device
) -> Callable[[], dict[str, float]] | None:
    if not config.val_views:
        return None
    source = open_sources([config.val_views], cache, need_rows=not config.tasks)[0]
    task = _task("val") if config.tasks else None
    return lambda: evaluate(model, processor, source, config.eval_images, device, task)


def _live(
    config: TrainConfig, sampler: Sampler, model: Any, processor: Any, device: torch.device, frozen: bool
) -> tuple[Draw, Losses]:
    """Batches from the images themselves."""
    wanted, acts = {name for name, _ in config.losses}, sampler.acts()
    resident = Resident(sampler, processor, device, wanted) if config.resident else None

    def batch(step: int, own: Own = WHOLE) -> Tensors:
        if resident is not None:
            return owned(resident.batch(step, config.modality_dropout), own)
        drawn, chance = sampler.batch(step, own), (config.seed, step)
        if not drawn["text"]:
            return {}
        has = present(sampler.pictures(step), config.modality_dropout, chance, own)
        if config.augments:
            known = has[:, 1] & ("intrinsics" not in model.config.hidden)
            drawn = augmented(drawn, zoom=config.zoom, jitter=config.jitter, chance=chance, known=known, own=own)
        return tensors(drawn, processor, wanted=wanted, has=has, acts=acts)

    def losses(values: Tensors, chance: torch.Generator) -> dict[str, torch.Tensor]:
        values = to_device(values, device)
        if not frozen:
            return model.losses(values, names=wanted, generator=chance)
        with torch.no_grad():
            hybrid = model.perceive(values)
        return model.losses(values, hybrid, names=wanted, generator=chance)

    return batch, losses


def looks_through(config: TrainConfig, model: VLAConfig) -> tuple[str, ...]:
    """The cameras besides the head's whose pictures this stage needs: only the other decoder sees them."""
    return model.extra_cameras if "other_decoder" in config.trains else ()


def choices(config: VLAConfig, cameras: Sequence[str] = ()) -> list[str]:
    """What tokens depend on that no weight shows; empty for the default."""
    found = [*(f"hidden {name}" for name in config.hidden), *(f"camera {name}" for name in cameras)]
    if config.spatial != VLAConfig.spatial:
        found.append(f"spatial {config.spatial} {config.spatial_weights}".strip())
    return [*found, "injection none"] if config.injection == "none" else found


def _cached(
    config: TrainConfig,
    views: list[Source],
    episodes: list[Source],
    folder: Path,
    model: Any,
    processor: Any,
    device: torch.device,
) -> tuple[Draw, Losses]:
    """Batches of frozen tokens."""
    perceive = perceiver(model, processor, device)

    def key(cameras: Sequence[str]) -> str:
        return tokens.weights_key(model, model.parts(), choices(model.config, cameras))

    def cached(source: Source) -> tokens.Cached:
        rows = tokens.choose(source, config.per_image, config.cache_rows, config.seed)
        found = tokens.build(source, rows, folder, key(()), perceive)
        cameras = looks_through(config, model.config) if source.pack.kind == "episodes" else ()
        if cameras:  # in a folder of their own, so that models with and without them share all else
            more = tokens.build(source, rows, folder, key(cameras), onlooker(model, device), cameras)
            found = replace(found, arrays={**found.arrays, **more.arrays})
        return remembered(model, found, config.seed)

    found = alike([cached(s) for s in (*views, *episodes)])
    sampler = tokens.CachedSampler(
        views=found[: len(views)],
        episodes=found[len(views) :],
        rows=config.images,
        views_share=config.views_share,
        seed=config.seed,
    )

    wanted = {name for name, _ in config.losses}

    def losses(values: Tensors, chance: torch.Generator) -> dict[str, torch.Tensor]:
        values = to_device(values, device)
        return model.losses(values, hybrid_of(values), names=wanted, generator=chance)

    def batch(step: int, own: Own = WHOLE) -> Tensors:
        values = batch_of(sampler.batch(step, own), processor, sampler.acts)
        if not config.mirror:
            return values
        return mirrored(values, processor, config.mirror, rng(config.seed, "mirror", step), config.images, own)

    return batch, losses
