"""From the rows of finished episodes to the figures of results.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, median
from typing import Any

from sapave.base.types import CONTROL_DT
from sapave.bench.statistics import paired, wilson

Row = dict[str, Any]


def key(row: Row) -> tuple[str, str, int, int]:
    """What makes an episode the same for two arms."""
    return row["task"], row["condition"], row["seed"], row["attempt"]


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """`cells` (arm x task x condition, with task 'all' pooled) and `paired` (first arm minus each other)."""
    names = _unique(row["arm"] for row in rows)
    tasks = _unique(row["task"] for row in rows)
    conditions = _unique(row["condition"] for row in rows)
    groups = [*((t,) for t in tasks), tuple(tasks)] if len(tasks) > 1 else [(t,) for t in tasks]
    cells, differences = [], []
    for group in groups:
        task = group[0] if len(group) == 1 else "all"
        for condition in conditions:
            chosen = [r for r in rows if r["task"] in group and r["condition"] == condition]
            for name in names:
                mine = [r for r in chosen if r["arm"] == name]
                if mine:
                    cells.append({"arm": name, "task": task, "condition": condition, **cell(mine)})
            for name in names[1:]:
                pair = difference([r for r in chosen if r["arm"] == names[0]], [r for r in chosen if r["arm"] == name])
                if pair["n"]:
                    differences.append({"a": names[0], "b": name, "task": task, "condition": condition, **pair})
    return {"arms": names, "tasks": tasks, "conditions": conditions, "cells": cells, "paired": differences}


def cell(rows: Sequence[Row]) -> dict[str, Any]:
    """Figures of one cell: rates with Wilson intervals, looking, failures, speed."""
    outcomes = [r["outcome"] for r in rows]
    sights = [o["time_to_first_sight"] for o in outcomes if o["time_to_first_sight"] is not None]
    grasps = [o["visible_at_grasp"] for o in outcomes if o["visible_at_grasp"] is not None]
    played = sum(o["steps"] for o in outcomes) * CONTROL_DT
    wall = sum(r["wall_s"] for r in rows)
    return {
        "n": len(rows),
        "held": asdict(wilson(sum(o["success_held"] for o in outcomes), len(rows))),
        "ever": asdict(wilson(sum(o["success_ever"] for o in outcomes), len(rows))),
        "saw_target": asdict(wilson(len(sights), len(rows))),
        "time_to_first_sight_s": round(median(sights), 3) if sights else None,
        "visible_at_grasp": round(mean(grasps), 3) if grasps else None,
        "grasps": len(grasps),
        "head_travel_rad": round(mean(o["head_travel"] for o in outcomes), 3),
        "progress": _mean(outcomes, "progress"),
        "looks": _mean(outcomes, "looks", 2),
        "needless_looks": _mean(outcomes, "needless_looks", 2),
        "centring_rad": _mean(outcomes, "centring"),
        "look_to_act_s": _median(outcomes, "look_to_act"),
        "camera_gain": _mean(outcomes, "camera_gain"),
        "visibility": visibility(outcomes),
        "seconds": round(played / len(rows), 2),
        "times_real_time": round(played / wall, 2) if wall else None,
        "failures": dict(Counter(o["failure"] for o in outcomes if not o["success_held"]).most_common()),
    }


def visibility(outcomes: Sequence[dict[str, Any]], every: float = 0.32) -> list[float]:
    """Mean visible fraction of the target at 0, `every`, 2 `every` ... s; an episode that is over keeps its last."""
    curves = [o["visibility"] for o in outcomes if o["visibility"]]
    if not curves:
        return []
    means = []
    for step in range(int(max(c[-1][0] for c in curves) / every) + 1):
        now = [next((f for t, f in reversed(c) if t <= step * every + 1e-6), 0.0) for c in curves]
        means.append(round(mean(now), 3))
    return means


def _known(outcomes: Sequence[dict[str, Any]], name: str) -> list[float]:
    return [o[name] for o in outcomes if o.get(name) is not None]


def _mean(outcomes: Sequence[dict[str, Any]], name: str, digits: int = 3) -> float | None:
    """Mean over the episodes that have it; None when none has."""
    values = _known(outcomes, name)
    return round(mean(values), digits) if values else None


def _median(outcomes: Sequence[dict[str, Any]], name: str) -> float | None:
    values = _known(outcomes, name)
    return round(median(values), 3) if values else None


def difference(a: Iterable[Row], b: Iterable[Row]) -> dict[str, Any]:
    """Paired difference of success held over the episodes that both arms played."""
    left, right = ({key(r): bool(r["outcome"]["success_held"]) for r in rows} for rows in (a, b))
    shared = [k for k in left if k in right]
    return asdict(paired([left[k] for k in shared], [right[k] for k in shared]))


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def read_rows(path: Path) -> list[Row]:
    """Finished rows; a half line that a kill left at the end is cut off the file."""
    if not path.is_file():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        with open(path, "r+b") as handle:
            handle.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines()]
