"""The rooms of views: which world a scene number stands for, what can be looked at in it, and from where."""

from __future__ import annotations

from typing import Any

import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick
from sapave.base.types import EpisodeSpec
from sapave.data.viewpoints import viewpoints
from sapave.sim import conditions
from sapave.sim.layout import tasks_of
from sapave.sim.units import Unit
from sapave.sim.world import World

SUITES = ("kitchens", "activeviewpose")
"""`kitchens`: the three of the first road, as stage 1 of the shipped weights saw them; `activeviewpose`: all rooms,
with drawers and cabinets, and the requests of the grammar."""
SPLITS = {"train": ("train", 0, 1), "val": ("val", 0, 1), "test": ("test", 0, 1)}
PARTED = {"train": ("train", 0, 1), "val": ("val", 0, 1), "test1": ("test", 0, 2), "test2": ("test", 1, 2)}
"""Split -> (range of seeds, first scene, step): test1 says the direction, test2 leaves it to be inferred; no scene is
in both."""
KITCHENS = 0.3
"""Share of the scenes of `activeviewpose` that are kitchens of the first road."""


def splits_of(suite: str) -> dict[str, tuple[str, int, int]]:
    """The splits of a suite of views; ValueError for an unknown one."""
    if suite not in SUITES:
        raise ValueError(f"views: unknown suite '{suite}'; expected one of {', '.join(SUITES)}")
    return SPLITS if suite == "kitchens" else PARTED


def check_split(suite: str, split: str) -> None:
    """ValueError for a split that the suite has not."""
    known = splits_of(suite)
    if split not in known:
        raise ValueError(f"views: unknown split '{split}' of suite '{suite}'; expected one of {', '.join(known)}")


def wordings_of(suite: str, split: str) -> str:
    """Whose wordings and looks of objects a split has: train | val | test."""
    return splits_of(suite)[split][0]


def scene_seed(split: str, number: int, suite: str = "kitchens") -> int:
    """Episode seed of views scene `number`: the upper 400 000 of the split's range, which no episode uses."""
    check_split(suite, split)
    owner, first, step = splits_of(suite)[split]
    low, high = seeds.SPLIT_RANGES[owner]
    at = first + step * number
    if not 0 <= number or at >= seeds.VIEW_SEEDS:
        raise ValueError(f"views scene {number}: expected 0 <= number < {(seeds.VIEW_SEEDS - first) // step}")
    return high - seeds.VIEW_SEEDS + at


def open_scene(
    split: str, number: int, suite: str = "kitchens"
) -> tuple[World, list[dict[str, Any]], np.random.Generator]:
    """The world of a views scene, all that can be looked at in it, and the generator that goes on; close the world."""
    seed = scene_seed(split, number, suite)
    if suite == "kitchens":
        g = seeds.rng(seed, "views")
        task = str(g.choice(["pick", "pick_and_place"]))
        condition = str(g.choice(conditions.CONDITIONS, p=[0.3, 0.3, 0.4]))
        rooms = "kitchens"
    else:
        g = seeds.rng(seed, suite)
        rooms = "kitchens" if g.uniform() < KITCHENS else "activemanip"
        task = str(g.choice([name for name in tasks_of(rooms) if not pick("sapave.sim.tasks", "TASK", name).pours]))
        condition = str(g.choice(conditions.CONDITIONS))
    world = World(EpisodeSpec(task=task, condition=condition, seed=seed, attempt=0, suite=rooms))
    _pose_arms(world, g)
    return world, things_of(world, regions=suite != "kitchens"), g


def _pose_arms(world: World, g: np.random.Generator) -> None:
    """Half of the scenes show arms away from rest, as they are while the robot works."""
    if g.uniform() < 0.5:
        return
    pose = world.robot.rest_other.copy()
    pose[:14] += g.normal(0.0, 0.35, 14)
    pose[14:] = g.uniform(*world.robot.other_limits[14:].T)
    world.pose_arms(np.clip(pose, *world.robot.other_limits.T))


def things_of(world: World, *, regions: bool = False) -> list[dict[str, Any]]:
    """Everything that the head can bring well into view, with the head pose that was verified by rendering; with
    `regions` also all acceptable poses, and the handles of drawers and cabinets."""
    found = [_thing(world, i) for i in range(len(world.things))]
    if world.goal is not None and world.goal.name == "tray":
        found.append({"id": 100, "name": "tray", "family": "tray", "kind": "tray"} | _PLAIN)
    if not regions:
        return _with_best_views(world, found)
    found += [_unit(world, unit) for unit in world.units]
    seen = viewpoints(world, [entry["name"] for entry in found])
    for entry in found:
        view = seen.get(entry["name"])
        entry["position"] = [round(float(v), 4) for v in world.position(entry["name"])]
        if view is not None:
            entry["gaze"] = [round(float(v), 5) for v in view.gaze]
            entry["fraction_there"] = round(view.fraction, 4)
            entry["region"] = [list(node) for node in view.region]
    return [entry for entry in found if entry["name"] in seen]


_PLAIN: dict[str, Any] = {
    "colour": "", "model": "", "place": "front", "place_words": "in front of you", "hollow": False, "use": "",
    "material": "", "synonyms": [], "look": 0, "radius": 0.0, "half_height": 0.0, "words": "",
}  # fmt: skip


def _thing(world: World, i: int) -> dict[str, Any]:
    standing = world.layout.standings[i]
    thing = standing.thing
    model = next((m for m in thing.family.models if m.name == thing.model), None)
    return {
        "id": i + 1,
        "name": thing.name,
        "family": thing.family.name,
        "kind": "thing",
        "colour": thing.colour,
        "look": thing.look,
        "model": thing.model,
        "synonyms": list(model.synonyms) if model else [],
        "material": model.material if model else "",
        "use": (model.use if model else "") or thing.family.use,
        "hollow": thing.shape.cavity is not None,
        "radius": round(thing.radius, 4),
        "half_height": round(thing.half_height, 4),
        "place": standing.place.name,
        "place_words": standing.place.words,
        "words": thing.words,
    }


def _unit(world: World, unit: Unit) -> dict[str, Any]:
    """A drawer or cabinet, looked at where its handle is."""
    noun = unit.articulation.nouns[0]
    several = sum(u.articulation.kind == unit.articulation.kind for u in world.units) > 1
    side = "left" if unit.side > 0 else "right"
    return {"id": world.instances[unit.name], "name": unit.name, "family": unit.articulation.kind, "kind": "unit"} | (
        _PLAIN | {"colour": unit.colour, "words": f"{side} {noun}" if several else noun, "place": "", "place_words": ""}
    )


def _with_best_views(world: World, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
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


def second_head(world: World, head: np.ndarray, rows: list[dict[str, Any]], g: np.random.Generator) -> np.ndarray:
    """Where a look [2] rad that began at `head` [2] rad may have ended: near what one of `rows` asks for, on the way
    there, or somewhere else."""
    motion = np.array(rows[int(g.integers(len(rows)))]["motion"])
    kind = g.uniform()
    if kind < 0.5:
        end = head + motion + g.normal(0.0, 0.08, 2)
    elif kind < 0.8:
        end = head + motion * g.uniform(0.3, 1.3) + g.normal(0.0, 0.15, 2)
    else:
        end = g.uniform((-1.5, -1.05), (1.5, 0.3))
    return np.clip(end, *world.robot.head_limits.T)
