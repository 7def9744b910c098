"""What results.json holds: made from finished rows; its form is `results.schema.json`, checked by bench/schema.py."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from sapave.base.runs import versions
from sapave.base.shelf import pick
from sapave.bench.arms import Arm
from sapave.bench.drawing import reasons_against as drawing_against
from sapave.bench.lists import KITCHENS, EpisodeList
from sapave.bench.protocol import PROTOCOL_VERSION, WORDS, stamp_problems
from sapave.bench.summary import Row, summarise
from sapave.sim.axes._axis import settings

SCHEMA = 1
"""Raised whenever a reader of old results could misread new ones."""


def collect(
    rows: Sequence[Row],
    chosen: Sequence[Arm],
    episodes: EpisodeList,
    identity: dict[str, Any],
    drawing: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What results.json holds; `drawing`: how this machine's pictures differ from the lists' (bench/drawing.py)."""
    seeds: dict[str, list[int]] = {}
    for row in rows:
        if row["arm"] == chosen[0].name:
            seeds.setdefault(f"{row['task']}/{row['condition']}", []).append(row["seed"])
    reasons = reasons_against(rows, episodes) + drawing_against(drawing or {})
    figures = summarise(rows)
    return {
        "schema": SCHEMA,
        "comparable": {"ok": not reasons, "reasons": reasons},
        "suite": identity.get("suite", KITCHENS),
        "axes": describe_axes(identity.get("axes", ()), figures["tasks"]),
        "protocol": {"version": PROTOCOL_VERSION, "words": list(WORDS), "execute": identity["execute"]},
        "created": time.strftime("%Y-%m-%d %H:%M", time.gmtime()) + " UTC",
        "versions": versions(),
        **({"drawing": drawing} if drawing else {}),
        "list": {
            "name": episodes.name,
            "digest": episodes.digest,
            "protocol": episodes.stamp.protocol,
            "mujoco": episodes.stamp.mujoco,
        },
        "expert": episodes.expert,
        "arm_docs": {arm.name: arm.doc for arm in chosen},
        "weights": identity["weights"],
        **figures,
        "seeds": seeds,
    }


def reasons_against(rows: Sequence[Row], episodes: EpisodeList) -> list[str]:
    """Why a result may not be compared with others: versions of its list, episodes that are not the certified ones."""
    reasons = [f"episode list '{episodes.name}': {problem}" for problem in stamp_problems(episodes.stamp)]
    other = sum(bool(row.get("differs")) for row in rows)
    if other:
        reasons.append(f"{other} of {len(rows)} episodes are not the ones that the list certified")
    return reasons


def describe_axes(axes: Sequence[str], tasks: Sequence[str]) -> list[dict[str, Any]]:
    """Name, strength, sentence and remarks of each axis."""
    known = [pick("sapave.sim.tasks", "TASK", task) for task in tasks] if axes else []
    return [
        {
            "name": s.axis.name,
            "strength": s.strength,
            "doc": f"{s.axis.doc} Strength: {s.axis.unit}.",
            "note": "; ".join(filter(None, (s.axis.note(task) for task in known))),
        }
        for s in settings(axes)
    ]


def table(results: dict[str, Any]) -> Iterable[str]:
    """The headline as text: what keeps it from being comparable, the axes, one line per cell."""
    for reason in results["comparable"]["reasons"]:
        yield f"NOT COMPARABLE: {reason}"
    for axis in results["axes"]:
        yield f"axis {axis['name']}={axis['strength']:g}" + (f" ({axis['note']})" if axis["note"] else "")
    width = max(8, *(len(name) for name in results["arms"]))
    for c in results["cells"]:
        held = c["held"]
        yield (
            f"{c['arm']:>{width}} {c['task']:<15} {c['condition']:<12} held {100 * held['rate']:5.1f} % "
            f"({100 * held['low']:.0f}-{100 * held['high']:.0f})  ever {100 * c['ever']['rate']:5.1f} %  n {c['n']}"
            + _active(c)
        )


def _active(c: dict[str, Any]) -> str:
    parts = [f"travel {c['head_travel_rad']:.1f} rad"]
    if c["looks"] is not None:
        parts.append(f"looks {c['looks']:.1f}")
    if c["needless_looks"] is not None:
        parts.append(f"needless {c['needless_looks']:.1f}")
    if c["camera_gain"] is not None:
        parts.append(f"gain {100 * c['camera_gain']:+.0f} %")
    return "  " + ", ".join(parts)
