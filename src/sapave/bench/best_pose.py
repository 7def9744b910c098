"""Find the one head pose that shows most of the targets on average, for the arm `best_fixed_pose`.

`python -m sapave.bench.best_pose --suite NAME` measures it over fresh val episodes of a suite and writes it, with where
it comes from, beside those of the other suites in policies/best_fixed_pose.json (after a change of the world).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import write_json
from sapave.base.seeds import SPLIT_RANGES
from sapave.base.shelf import pick
from sapave.base.types import EpisodeSpec
from sapave.bench.evaluate import tasks_of
from sapave.bench.lists import KITCHENS
from sapave.bench.protocol import CONDITIONS, current

YAWS = tuple(round(float(y), 3) for y in np.linspace(-1.2, 1.2, 9))
PITCHES = tuple(round(float(p), 3) for p in np.linspace(-1.1, 0.1, 9))
"""The grid of head poses [rad]."""


@dataclass(frozen=True, kw_only=True)
class BestPoseConfig:
    """Options of `python -m sapave.bench.best_pose`."""

    per_cell: int = 12
    """Val episodes per task and condition."""
    suite: str = KITCHENS
    """Whose scenes and tasks."""
    tasks: tuple[str, ...] = ()
    """All of the suite's by default, in the conditions in which they are shown."""
    conditions: tuple[str, ...] = CONDITIONS
    workers: int = 1
    """Processes of one core each; 0 runs in this one."""
    out: Path = Path(__file__).parents[1] / "policies" / "best_fixed_pose.json"


Job = tuple[str, str, str, int]
"""Suite, task, condition, seed."""


def sweep(job: Job) -> list[list[float]] | None:
    """Visible fraction [pitches][yaws] of the target at the start of an episode; None when the seed has no layout."""
    from sapave.sim.gaze import head_at
    from sapave.sim.world import World

    suite, task, condition, seed = job
    try:
        world = World(EpisodeSpec(task=task, condition=condition, seed=seed, suite=suite))
    except ValueError:  # no candidate layout of this seed measures as the condition
        return None
    rows = []
    for pitch in PITCHES:
        row = []
        for yaw in YAWS:
            with head_at(world.model, world.data, np.array([yaw, pitch])):
                row.append(round(world.visible_fraction(), 4))
        rows.append(row)
    world.close()
    return rows


def best(mean: np.ndarray) -> dict[str, Any]:
    """The pose of the largest entry of mean [pitches, yaws], the one nearest to straight ahead among equals."""
    places = [(p, y) for p in range(len(PITCHES)) for y in range(len(YAWS))]
    pitch, yaw = min(places, key=lambda at: (-round(float(mean[at]), 4), abs(YAWS[at[1]])))
    return {"yaw": YAWS[yaw], "pitch": PITCHES[pitch], "visible": round(float(mean[pitch, yaw]), 4)}


def find(config: BestPoseConfig) -> dict[str, Any]:
    """Measure every pose in every episode; the best pose over all, and per task and condition for comparison."""
    low = SPLIT_RANGES["val"][0]
    tasks = config.tasks or tasks_of(config.suite)
    shown = {t: pick("sapave.sim.tasks", "TASK", t).shown for t in tasks}
    kinds = [(t, c) for t in tasks for c in config.conditions if c in shown[t]]
    jobs = [(config.suite, t, c, low + i) for t, c in kinds for i in range(config.per_cell)]
    cells: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for job, rows in tqdm(each(sweep, jobs, config.workers, ordered=True), total=len(jobs), disable=None):
        if rows is not None:
            cells[job[1], job[2]].append(rows)
    means = {cell: np.mean(found, axis=0) for cell, found in cells.items()}
    whole = np.mean(list(means.values()), axis=0)
    rest = (int(np.argmin(np.abs(np.array(PITCHES) + 0.9))), YAWS.index(0.0))
    return {
        **best(whole),
        "unit": "rad",
        "measure": "mean visible fraction of the target at the start, every task and condition weighing the same",
        "nearest_to_default": {"yaw": 0.0, "pitch": PITCHES[rest[0]], "visible": round(float(whole[rest]), 4)},
        "cells": {"/".join(cell): best(mean) for cell, mean in means.items()},
        "episodes": {"split": "val", "first_seed": low, "per_cell": config.per_cell},
        "grid": {"yaw": list(YAWS), "pitch": list(PITCHES)},
        "stamp": asdict(current()),
        "command": f"python -m sapave.bench.best_pose --suite {config.suite} --per-cell {config.per_cell}",
    }


def main() -> None:
    """Find the pose, write it, print it."""
    import tyro

    config = tyro.cli(BestPoseConfig, description=__doc__)
    found = find(config)
    others = json.loads(config.out.read_text()) if config.out.exists() else {}
    write_json(config.out, {**others, config.suite: found})
    print(f"yaw {found['yaw']} rad, pitch {found['pitch']} rad: {found['visible']:.1%} visible on average")


if __name__ == "__main__":
    main()
