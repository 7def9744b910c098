"""Looking alone, on unseen scenes: does one look, do three looks, bring the named thing into the middle of the view?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import write_json
from sapave.base.types import Policy, cameras_of
from sapave.bench.arms import Arm, load, weights_digest
from sapave.bench.statistics import wilson
from sapave.data.view_samples import frame_of
from sapave.data.view_scenes import open_scene, start_head
from sapave.sim import conditions
from sapave.sim.gaze import head_at
from sapave.sim.world import World

TOLERANCE = np.deg2rad(5.0)
"""One look is right when yaw and pitch both end this close to the label [rad]."""
IN_VIEW = 0.10
"""Visible fraction from which a target counts as in view, before a look and after it."""
LOOKS = 3


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One job: a views scene and the policy that looks around in it."""

    arm: Arm
    split: str
    number: int
    views: int = 4
    samples: int = 2


def measure_looking(arm: Arm, scenes: int, path: Path, workers: int = 0, split: str = "test") -> dict[str, Any]:
    """The test on `scenes` scenes of a split; kept at `path`, and read from there when it is of these weights."""
    identity = {"weights": weights_digest(arm), "scenes": scenes, "split": split}
    if path.is_file() and (before := json.loads(path.read_text()))["identity"] == identity:
        return before
    jobs = [Scene(arm=arm, split=split, number=i) for i in range(scenes)]
    found: dict[Scene, list[dict[str, Any]]] = {}
    with tqdm(total=len(jobs), desc="looking", disable=None) as bar:
        for job, rows in each(look_around, jobs, workers):
            found[job] = rows
            bar.update()
    result = {"identity": identity, **summarise([row for job in jobs for row in found[job]])}
    write_json(path, result)
    return result


def look_around(job: Scene) -> list[dict[str, Any]]:
    """One row per (head pose, instruction) of a scene."""
    world, things, g = open_scene(job.split, job.number)
    rows = []
    try:
        for _ in range(job.views if things else 0):
            head = start_head(world, things, g)
            with head_at(world.model, world.data, head):
                samples = frame_of(world, things, head, g, split=job.split, samples=job.samples)[1]
            rows += [look(world, load(job.arm), things, head, sample) for sample in samples]
    finally:
        world.close()
    return rows


def look(
    world: World, policy: Policy, things: Sequence[dict[str, Any]], head: np.ndarray, sample: dict[str, Any]
) -> dict[str, Any]:
    """Let the policy look LOOKS times from `head` [2] rad; what each look ended with."""
    name = next(thing["name"] for thing in things if thing["id"] == sample["target"])
    policy.reset(world.spec.seed)
    start, label = head, head + np.asarray(sample["motion"])
    seen, central = [], []
    first = head
    for number in range(LOOKS):
        with head_at(world.model, world.data, head):
            observation = world.observe(cameras_of(policy))
        pose = head.astype(np.float32)
        chunk = policy.act(
            replace(observation, head=pose, head_target=pose, instruction=sample["instruction"], time=0.0)
        )
        head = np.clip(head + chunk.head.sum(0), *world.robot.head_limits.T)
        first = head if number == 0 else first
        with head_at(world.model, world.data, head):
            seen.append(round(conditions.visible_fraction(world, name), 4))
            central.append(bool(conditions.off_axis(world, name) <= conditions.CENTRAL))
    return {
        "kind": sample["kind"],
        "before": sample["visible_before"],
        "right": bool(np.all(np.abs(first - label) <= TOLERANCE)),
        "error": [round(float(e), 4) for e in first - label],
        "asked": [round(float(m), 4) for m in label - start],
        "seen": seen,
        "central": central,
    }


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares with Wilson intervals, as the report shows them."""
    in_view = [r for r in rows if r["before"] >= IN_VIEW]
    hidden = [r for r in rows if r["before"] < IN_VIEW]

    def share(what: str, flags: list[bool]) -> dict[str, Any]:
        return {"what": what, "rate": asdict(wilson(sum(flags), len(flags)))}

    def good(row: dict[str, Any], look: int, least: float) -> bool:
        return row["central"][look] and row["seen"][look] >= least

    table = [
        share("one look, target in view: yaw and pitch both within 5°", [r["right"] for r in in_view]),
        share("one look, target not in view: yaw and pitch both within 5°", [r["right"] for r in hidden]),
        share("one look, all targets: yaw and pitch both within 5°", [r["right"] for r in rows]),
        *(
            share(f"after {n + 1} look{'s' * (n > 0)}: target visible within 20° of the centre", looked)
            for n in range(LOOKS)
            for looked in [[good(r, n, IN_VIEW) for r in rows]]
        ),
        share(
            f"after {LOOKS} looks: at least 60 % of the target visible within 20° of the centre",
            [good(r, LOOKS - 1, conditions.SEEN) for r in rows],
        ),
    ]
    kinds = sorted({r["kind"] for r in rows})
    return {
        "note": "Unseen scenes, objects' looks and wordings; arms and head anywhere. A target counts as visible from "
        "10 % of its pixels on. The label is the nearest head pose that shows at least 60 % of the target centrally.",
        "rows": table,
        "kinds": [share(f"one look, {k}", [r["right"] for r in rows if r["kind"] == k]) for k in kinds],
        "samples": len(rows),
    }
