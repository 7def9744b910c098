"""Active-view samples (image, depth, pose, instruction -> head motion), each label verified by rendering at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from sapave.base import runs, seeds
from sapave.base.parallel import each
from sapave.base.types import EpisodeSpec
from sapave.data.instructions.looking import looking, noun_of
from sapave.sim import conditions
from sapave.sim.gaze import head_at
from sapave.sim.world import World

FORMAT = "sapave-views-1"


@dataclass(frozen=True, kw_only=True)
class ViewsConfig:
    """Settings of `sapave views`."""

    out: Path = Path("data/views")
    """Folder to write; finished shards found there are kept."""
    split: str = "train"
    """train | val | test: scenes, looks of objects and wordings are disjoint between splits."""
    scenes: int = 1000
    """Number of scenes."""
    first_scene: int = 0
    """Number of the first scene within the split (0 .. 399999)."""
    views: int = 12
    """Head poses per scene."""
    samples: int = 4
    """Instructions per head pose."""
    per_shard: int = 40
    """Scenes per file; the output does not depend on the number of workers."""
    workers: int = 2
    """Processes; up to 1 runs in this one."""
    ray: str = ""
    """Work on Ray instead: `local`, or a cluster's address (`out` must then be a shared folder); docs/scaling.md."""


def generate(config: ViewsConfig) -> dict[str, Any]:
    """Write a views folder and return its card (also card.json); resumes, and leaves no half file."""
    if config.split not in seeds.SPLIT_RANGES:
        raise ValueError(f"views: unknown split '{config.split}'; expected one of {', '.join(seeds.SPLIT_RANGES)}")
    shards = list(range(0, config.scenes, config.per_shard))
    job = replace(config, out=config.out.absolute())  # a worker may stand in another folder
    jobs = [(job, i, start) for i, start in enumerate(shards) if not _shard(config.out, "samples", i).exists()]
    config.out.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(shards), initial=len(shards) - len(jobs), desc="views", unit="shard", disable=None) as bar:
        for _ in each(_write_shard, jobs, config.workers if config.workers > 1 else 0, ray=config.ray):
            bar.update()
    card = _card(config)
    runs.write_json(config.out / "card.json", card)
    return card


def _shard(folder: Path, table: str, index: int) -> Path:
    return folder / f"{table}-{index:05d}.parquet"


def _write_shard(job: tuple[ViewsConfig, int, int]) -> None:
    config, index, start = job
    frames: list[dict[str, Any]] = []
    samples: list[dict[str, Any]] = []
    for number in range(start, min(start + config.per_shard, config.scenes)):
        for frame, rows in scene_views(config, config.first_scene + number):
            frame["frame_id"] = start * config.views + len(frames)
            frames.append(frame)
            samples.extend({"frame_id": frame["frame_id"], **row} for row in rows)
    for table, rows in (("frames", frames), ("samples", samples)):
        with runs.atomic(_shard(config.out, table, index)) as partial:
            pq.write_table(pa.Table.from_pylist(rows), partial, compression="zstd", compression_level=1)


def scene_seed(split: str, number: int) -> int:
    """Episode seed of views scene `number`: the upper 400 000 of the split's range, which no episode uses."""
    low, high = seeds.SPLIT_RANGES[split]
    if not 0 <= number < seeds.VIEW_SEEDS:
        raise ValueError(f"views scene {number}: expected 0 <= number < {seeds.VIEW_SEEDS}")
    return high - seeds.VIEW_SEEDS + number


def open_scene(split: str, number: int) -> tuple[World, list[dict[str, Any]], np.random.Generator]:
    """The world of a views scene, all that can be looked at in it, and the generator that goes on; close the world."""
    seed = scene_seed(split, number)
    g = seeds.rng(seed, "views")
    task = str(g.choice(["pick", "pick_and_place"]))
    condition = str(g.choice(conditions.CONDITIONS, p=[0.3, 0.3, 0.4]))
    world = World(EpisodeSpec(task=task, condition=condition, seed=seed, attempt=0))
    _pose_arms(world, g)
    return world, _things(world), g


def scene_views(config: ViewsConfig, number: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """All (frame, samples) of one scene."""
    world, things, g = open_scene(config.split, number)
    try:
        for _ in range(config.views if things else 0):
            head = start_head(world, things, g)
            with head_at(world.model, world.data, head):
                yield frame_of(world, things, head, config, g)
    finally:
        world.close()


def _pose_arms(world: World, g: np.random.Generator) -> None:
    """Half of the scenes show arms away from rest, as they are while the robot works."""
    if g.uniform() < 0.5:
        return
    pose = world.robot.rest_other.copy()
    pose[:14] += g.normal(0.0, 0.35, 14)
    pose[14:] = g.uniform(*world.robot.other_limits[14:].T)
    world.pose_arms(np.clip(pose, *world.robot.other_limits.T))


def _things(world: World) -> list[dict[str, Any]]:
    """Everything that the head can bring well into view, with the head pose that was verified by rendering."""
    found = []
    for i, standing in enumerate(world.layout.standings):
        thing = standing.thing
        found.append(
            {
                "id": i + 1,
                "name": thing.name,
                "family": thing.family.name,
                "colour": thing.colour,
                "place": standing.place.name,
                "place_words": standing.place.words,
            }
        )
    if world.goal is not None:
        front = {"place": "front", "place_words": "in front of you"}
        found.append({"id": 100, "name": "tray", "family": "tray", "colour": "", **front})
    for entry in found:
        view = conditions.best_view(world, entry["name"])
        entry["gaze"] = None if view is None else [round(float(v), 5) for v in view[0]]
        entry["fraction_there"] = 0.0 if view is None else round(view[1], 4)
        entry["position"] = [round(float(v), 4) for v in world.position(entry["name"])]
    return [entry for entry in found if entry["gaze"] is not None]


def start_head(world: World, things: list[dict[str, Any]], g: np.random.Generator) -> np.ndarray:
    """A head pose [2] rad to look from: near the default, near something, or anywhere."""
    kind = g.uniform()
    if kind < 0.3:
        head = world.robot.rest_head + g.normal(0.0, 0.08, 2)
    elif kind < 0.7:
        head = np.array(things[int(g.integers(len(things)))]["gaze"]) + g.normal(0.0, 0.3, 2)
    else:
        head = g.uniform((-1.3, -1.05), (1.3, 0.2))
    return np.clip(head, *world.robot.head_limits.T)


def frame_of(
    world: World, things: list[dict[str, Any]], head: np.ndarray, config: ViewsConfig, g: np.random.Generator
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the head camera, standing at head [2] rad, sees: one row of the frames table and its samples."""
    seen = world.observe()
    segment = world.segment()
    counts = np.bincount(segment.ravel(), minlength=101)
    objects = [entry | {"pixels": int(counts[entry["id"]])} for entry in things]
    known = seen.geometry["head"]
    assert known.depth is not None and known.intrinsics is not None and known.base_from_camera is not None
    depth_mm = np.clip(known.depth * 1000.0, 0, 65535).astype(np.uint16)
    frame = dict(
        scene=world.spec.scene,
        seed=world.spec.seed,
        rgb=seen.rgb["head"].tobytes(),
        depth_mm=depth_mm.tobytes(),
        seg=segment.tobytes(),
        height=segment.shape[0],
        width=segment.shape[1],
        intrinsics=known.intrinsics.ravel().tolist(),
        base_from_camera=known.base_from_camera.ravel().tolist(),
        head=head.tolist(),
        other=world.controller.other.tolist(),
        objects=json.dumps(objects),
    )
    return frame, [_sample(world, objects, head, segment, config, g) for _ in range(config.samples)]


def _sample(
    world: World,
    objects: list[dict[str, Any]],
    head: np.ndarray,
    segment: np.ndarray,
    config: ViewsConfig,
    g: np.random.Generator,
) -> dict[str, Any]:
    thing = objects[int(g.integers(len(objects)))]
    motion = np.array(thing["gaze"]) - head
    goal = 0
    if thing["family"] != "tray" and g.uniform() < 0.5:
        text, kind = _task_words(world, thing, config.split, g), "task"
        goal = 100 if world.goal is not None and "tray" in text else 0
    else:
        text, kind = looking(thing, [o for o in objects if o is not thing], motion, config.split, g)
    visible = conditions.visible_fraction(world, thing["name"], segment) if thing["pixels"] else 0.0
    return dict(
        instruction=text,
        kind=kind,
        target=thing["id"],
        goal=goal,
        motion=motion.tolist(),
        visible_before=visible,
        visible_after=thing["fraction_there"],
    )


def _task_words(world: World, thing: dict[str, Any], split: str, g: np.random.Generator) -> str:
    templates = world.task.templates[split]
    return templates[int(g.integers(len(templates)))].format(object=noun_of(thing, split, g), goal="tray")


def _card(config: ViewsConfig) -> dict[str, Any]:
    counts: dict[str, int] = {}
    total = 0
    for path in sorted(config.out.glob("samples-*.parquet")):
        for kind in pq.read_table(path, columns=["kind"])["kind"].to_pylist():
            counts[kind] = counts.get(kind, 0) + 1
            total += 1
    return {"format": FORMAT, "config": config, "samples": total, "kinds": counts, "versions": runs.versions()}
