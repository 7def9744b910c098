"""Find the one head pose that shows most of the targets on average, for the arm `best_fixed_pose`.

`python -m sapave.bench.best_pose` measures it over fresh val episodes and writes it, with where it comes from, to
policies/best_fixed_pose.json (after a change of the world).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import write_json
from sapave.base.seeds import SPLIT_RANGES
from sapave.base.types import EpisodeSpec
from sapave.bench.protocol import CONDITIONS, TASKS, current

YAWS = tuple(round(float(y), 3) for y in np.linspace(-1.2, 1.2, 9))
PITCHES = tuple(round(float(p), 3) for p in np.linspace(-1.1, 0.1, 9))
"""The grid of head poses [rad]."""


@dataclass(frozen=True, kw_only=True)
class BestPoseConfig:
    """Options of `python -m sapave.bench.best_pose`."""

    per_cell: int = 12
    """Val episodes per task and condition."""
    tasks: tuple[str, ...] = TASKS
    conditions: tuple[str, ...] = CONDITIONS
    workers: int = 1
    """Processes of one core each; 0 runs in this one."""
    out: Path = Path(__file__).parents[1] / "policies" / "best_fixed_pose.json"


Job = tuple[str, str, int]
"""Task, condition, seed."""


def sweep(job: Job) -> list[list[float]] | None:
    """Visible fraction [pitches][yaws] of the target at the start of an episode; None when the seed has no layout."""
    from sapave.sim.gaze import head_at
    from sapave.sim.world import World

    task, condition, seed = job
    try:
        world = World(EpisodeSpec(task=task, condition=condition, seed=seed))
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
    jobs = [(t, c, low + i) for t in config.tasks for c in config.conditions for i in range(config.per_cell)]
    cells: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for job, rows in tqdm(each(sweep, jobs, config.workers, ordered=True), total=len(jobs), disable=None):
        if rows is not None:
            cells[job[0], job[1]].append(rows)
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
        "command": f"python -m sapave.bench.best_pose --per-cell {config.per_cell}",
    }


def main() -> None:
    """Find the pose, write it, print it."""
    import tyro

    config = tyro.cli(BestPoseConfig, description=__doc__)
    found = find(config)
    write_json(config.out, found)
    print(f"yaw {found['yaw']} rad, pitch {found['pitch']} rad: {found['visible']:.1%} visible on average")


if __name__ == "__main__":
    main()
