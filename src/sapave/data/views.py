"""Active-view samples (image, depth, pose, instruction -> head motion), each label verified by rendering at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import write_json
from sapave.data.instructions.grammar import CATEGORIES, slots, templates
from sapave.data.view_card import write_card
from sapave.data.view_files import keep_shard, pack_shard, whole
from sapave.data.view_samples import REACHES, frame_of
from sapave.data.view_scenes import check_split, open_scene, second_head, start_head
from sapave.sim.gaze import head_at

IDENTITY = "identity.json"
"""What a folder was made with, written before its first shard."""


@dataclass(frozen=True, kw_only=True)
class ViewsConfig:
    """Settings of `sapave views`."""

    out: Path = Path("data/views")
    """Folder to write; finished shards found there are kept."""
    suite: str = "kitchens"
    """`kitchens`: the three of the first road and plain wordings; `activeviewpose`: all rooms, and requests of five
    categories from the grammar, with regions of acceptable views."""
    split: str = "train"
    """train | val | test (activeviewpose: test1, which says the direction, and test2, which does not): scenes, looks of
    objects and wordings are disjoint between splits."""
    scenes: int = 1000
    """Number of scenes."""
    first_scene: int = 0
    """Number of the first scene within the split (0 .. 399999; half as many in test1 and test2)."""
    views: int = 12
    """Head poses per scene."""
    samples: int = 4
    """Instructions per head pose."""
    reach: str = "any"
    """Suite activeviewpose: `near` asks only for what lies within 45 degrees of yaw and pitch of where the head starts,
    most of it in the picture; `any` also for what must be searched for."""
    about: tuple[str, ...] = ()
    """Suite activeviewpose, for training: only requests with one of these slots in their words, more of what is hard:
    `relation` (left of, behind), `comparison` (the bigger one), `second` (then look at), `other` (or else) ..."""
    second: float = 0.0
    """Share of the head poses that are second looks (for training, suite activeviewpose): what was asked at the pose
    before is asked again after a turn that found it, came near, or went wrong; directions in the words are then old."""
    per_shard: int = 40
    """Scenes per file; the output does not depend on the number of workers."""
    workers: int = 2
    """Processes; up to 1 runs in this one."""
    ray: str = ""
    """Work on Ray instead: `local`, or a cluster's address; docs/scaling.md. Shards come back to this process."""


def generate(config: ViewsConfig) -> dict[str, Any]:
    """Write a views folder and return its card (also card.json); resumes, and leaves no half file."""
    if not 0 <= config.second <= 1 or (config.second and config.suite == "kitchens"):
        raise ValueError(f"views: second {config.second} of suite {config.suite}; expected 0 to 1, 0 in the kitchens")
    if config.reach not in REACHES or (config.reach != "any" and config.suite == "kitchens"):
        raise ValueError(
            f"views: reach '{config.reach}' of suite {config.suite}; expected one of {', '.join(REACHES)}, any in the "
            "kitchens"
        )
    known = {slot for name in CATEGORIES for core, _ in templates(name, "train") for slot in slots(core)}
    if not known.issuperset(config.about) or (config.about and config.suite == "kitchens"):
        raise ValueError(
            f"views: about {', '.join(config.about)} of suite {config.suite}; expected some of "
            f"{', '.join(sorted(known))}, nothing in the kitchens"
        )
    check_split(config.suite, config.split)
    _continues(config)
    shards = list(range(0, config.scenes, config.per_shard))
    job = replace(config, out=Path())  # a worker, which may be another machine, touches no file of the folder
    jobs = [(job, i, at) for i, at in enumerate(shards) if not whole(config.out, i, len(_scenes(config, at)))]
    write_json(config.out / IDENTITY, _identity(config))
    with tqdm(total=len(shards), initial=len(shards) - len(jobs), desc="views", unit="shard", disable=None) as bar:
        for (_, index, at), packed in each(_shard, jobs, config.workers if config.workers > 1 else 0, ray=config.ray):
            keep_shard(config.out, index, packed, len(_scenes(config, at)))
            bar.update()
    return write_card(config.out, asdict(config))


def _scenes(config: ViewsConfig, start: int) -> range:
    """The scenes of the shard that begins with scene `start`."""
    return range(start, min(start + config.per_shard, config.scenes))


def _identity(config: ViewsConfig) -> dict[str, Any]:
    """All settings that the samples follow from, as JSON has them."""
    return json.loads(
        json.dumps({name: v for name, v in asdict(config).items() if name not in ("out", "workers", "ray")})
    )


def _continues(config: ViewsConfig) -> None:
    """ValueError when the folder holds shards that were made with other settings; `scenes` may grow."""
    path = config.out / IDENTITY
    if not path.is_file():
        return
    before = json.loads(path.read_text())
    for name, now in _identity(config).items():
        was = before.get(name, now)
        if was > now if name == "scenes" else was != now:
            raise ValueError(
                f"{config.out}: was made with {name} {was}, found {name} {now}; name another folder with --out"
            )


def _shard(job: tuple[ViewsConfig, int, int]) -> dict[str, bytes]:
    """The shard that begins with scene `start`, as the bytes of its files."""
    config, _, start = job
    frames: list[dict[str, Any]] = []
    samples: list[dict[str, Any]] = []
    for number in _scenes(config, start):
        for frame, rows in scene_views(config, config.first_scene + number):
            frame["frame_id"] = start * config.views + len(frames)
            frames.append(frame)
            samples.extend({"frame_id": frame["frame_id"], **row} for row in rows)
    return pack_shard(frames, samples)


def scene_views(config: ViewsConfig, number: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """All (frame, samples) of one scene."""
    world, things, g = open_scene(config.split, number, config.suite)
    try:
        last: tuple[np.ndarray, list[dict[str, Any]]] | None = None
        for _ in range(config.views if things else 0):
            past: dict[str, Any] = {}
            if config.second and last is not None and g.uniform() < config.second:
                head = second_head(world, *last, g)
                past = {"again": last[1], "looked_from": last[0]}
            else:
                head = start_head(world, things, g)
            with head_at(world.model, world.data, head):
                frame, rows = frame_of(
                    world, things, head, g, suite=config.suite, split=config.split, samples=config.samples,
                    reach=config.reach, about=config.about, **past,
                )  # fmt: skip
            last = None if past or not rows else (head, rows)
            yield frame, rows
    finally:
        world.close()
