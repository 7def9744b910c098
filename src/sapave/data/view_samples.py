"""One frame of views and its samples: what the head sees, what it is asked for, and the motion that answers it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from sapave.data.instructions.asking import Request, request
from sapave.data.instructions.looking import looking, noun_of
from sapave.data.view_scenes import wordings_of
from sapave.sim import conditions
from sapave.sim.world import World

Row = dict[str, Any]
Fraction = Callable[[Row], float]
"""Visible fraction of a thing as the head sees it now."""
TELLS = {"test1": True, "test2": False}
"""Splits whose requests all say the direction, or never."""
REACHES = ("any", "near")
"""How far from where the head starts lies what is asked for: anywhere, or within NEAR."""
NEAR = 0.785
"""45 degrees of yaw and of pitch [rad]: a little more than the longest motions that the paper prints (32 and 39)."""


def frame_of(
    world: World,
    things: list[Row],
    head: np.ndarray,
    g: np.random.Generator,
    *,
    suite: str = "kitchens",
    split: str = "train",
    samples: int = 4,
    reach: str = "any",
    about: Collection[str] = (),
    again: Sequence[Row] = (),
    looked_from: np.ndarray | None = None,
) -> tuple[Row, list[Row]]:
    """What the head camera, standing at head [2] rad, sees: one row of the frames table and its samples.

    `reach` `near`: what is asked for lies within NEAR of `head`; where nothing does there are no samples.
    `about`: slots that requests must have, see `request`.
    `again`: samples of an earlier look from pose `looked_from` [2] rad, whose requests are asked again (else new ones).
    """
    seen = world.observe()
    segment = world.segment()
    counts = np.bincount(segment.ravel(), minlength=256)
    objects = [entry | {"pixels": int(counts[entry["id"]])} for entry in things]
    known = seen.geometry["head"]
    assert known.depth is not None and known.intrinsics is not None and known.base_from_camera is not None
    frame = dict(
        scene=world.spec.scene,
        seed=world.spec.seed,
        rgb=seen.rgb["head"],
        depth_mm=np.clip(known.depth * 1000.0, 0, 65535).astype(np.uint16),
        seg=segment,
        intrinsics=known.intrinsics.ravel().tolist(),
        base_from_camera=known.base_from_camera.ravel().tolist(),
        head=head.tolist(),
        other=world.controller.other.tolist(),
        objects=json.dumps(objects),
    )
    fractions: dict[str, float] = {}

    def fraction(entry: Row) -> float:
        """Visible fraction of a thing, measured once per frame."""
        if entry["name"] not in fractions:
            seen = conditions.visible_fraction(world, entry["name"], segment) if entry["pixels"] else 0.0
            fractions[entry["name"]] = seen
        return fractions[entry["name"]]

    if looked_from is not None:
        came = {"looked_from": looked_from.tolist()}
        return frame, [_answered(world, objects, head, fraction, _request_of(row)) | came for row in again]
    if suite == "kitchens":
        return frame, [_plain_sample(world, objects, head, fraction, split, g) for _ in range(samples)]
    among = [o for o in objects if reach == "any" or np.abs(np.array(o["gaze"]) - head).max() <= NEAR]
    wordings, tell = wordings_of(suite, split), TELLS.get(split)
    asked = [
        request(objects, head, wordings, g, tell=tell, among=among, about=about) for _ in range(samples if among else 0)
    ]
    return frame, [_answered(world, objects, head, fraction, a) for a in asked]


def _request_of(row: Row) -> Request:
    return Request(
        text=row["instruction"], template=row["template"], category=row["kind"], kind=row["form"],
        steps=tuple(tuple(ids) for ids in row["steps"]), said=tuple(row["said"]),
    )  # fmt: skip


def _answered(world: World, objects: list[Row], head: np.ndarray, fraction: Fraction, asked: Request) -> Row:
    """What answers a request for a head at [2] rad."""
    by_id = {entry["id"]: entry for entry in objects}

    def well_seen(entry: Row) -> bool:
        central = conditions.off_axis(world, entry["name"]) <= conditions.CENTRAL
        return bool(entry["pixels"]) and central and fraction(entry) >= conditions.SEEN

    step = 0
    if len(asked.steps) > 1 and any(well_seen(by_id[i]) for i in asked.steps[0]):
        step = 1  # what comes first is in view already
    if not asked.steps:
        return _row(asked, None, head, 0.0, commit=False, step=0)
    answers = [by_id[i] for i in asked.steps[step]]
    target = min(answers, key=lambda e: float(np.abs(np.array(e["gaze"]) - head).max()))
    before = fraction(target)
    commit = any(well_seen(entry) for entry in answers) and step == len(asked.steps) - 1
    return _row(asked, target, head, before, commit=commit, step=step) | {
        "region": [v for entry in answers for node in entry["region"] for v in node]
    }


def _row(asked: Request, target: Row | None, head: np.ndarray, before: float, *, commit: bool, step: int) -> Row:
    motion = np.zeros(2) if target is None else np.array(target["gaze"]) - head
    return dict(
        instruction=asked.text,
        kind=asked.category,
        template=asked.template,
        said=list(asked.said),
        form=asked.kind,
        steps=[list(ids) for ids in asked.steps],
        step=step,
        target=0 if target is None else target["id"],
        goal=0,
        motion=motion.tolist(),
        region=[],
        commit=commit,
        visible_before=before,
        visible_after=0.0 if target is None else target["fraction_there"],
        difficulty=difficulty(target, before, motion),
    )


def difficulty(target: Row | None, before: float, motion: np.ndarray) -> str:
    """`easy`: well seen already; `medium`: partly seen; `hard`: to be found; `none`: nothing to look at."""
    if target is None:
        return "none"
    if before >= conditions.SEEN and np.abs(motion).max() < 0.6:
        return "easy"
    return "medium" if before > 0 else "hard"


def _plain_sample(
    world: World, objects: list[Row], head: np.ndarray, fraction: Fraction, split: str, g: np.random.Generator
) -> Row:
    """A task's own instruction, or a plain wording of looking (the first road)."""
    thing = objects[int(g.integers(len(objects)))]
    motion = np.array(thing["gaze"]) - head
    goal = 0
    if thing["family"] != "tray" and g.uniform() < 0.5:
        text, kind = _task_words(world, thing, split, g), "task"
        goal = 100 if world.goal is not None and "tray" in text else 0
    else:
        text, kind = looking(thing, [o for o in objects if o is not thing], motion, split, g)
    asked = Request(text=text, template="", category=kind, kind="one", steps=((thing["id"],),))
    return _row(asked, thing, head, fraction(thing), commit=False, step=0) | {"goal": goal}


def _task_words(world: World, thing: Row, split: str, g: np.random.Generator) -> str:
    templates = world.task.templates[split]
    return templates[int(g.integers(len(templates)))].format(object=noun_of(thing, split, g), goal="tray")
