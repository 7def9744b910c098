"""Figures of the suite activeviewpose: rates of every arm and split, the gap to what leaks, and the table as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.runs import versions
from sapave.bench.statistics import wilson
from sapave.sim import conditions

if TYPE_CHECKING:
    from sapave.bench.looking import Look

LOOKS = 3
COMMITTED = 0.5
"""A policy surer than this that it sees enough stops looking."""
SAID = {
    "in_view": "in view",
    "out_of_view": "not in view",
    "seen_3": "seen in 3 looks",
    "seen_ever": "seen ever",
    "commits_when_seen": "commits when it sees",
    "goes_on_when_not": "goes on when not",
}
"""Further rates of a cell, and their names in the printed table."""


def summarise(
    looks: Sequence[Look], docs: Mapping[str, str], identity: dict[str, Any], absent: dict[str, str]
) -> dict[str, Any]:
    """Rates with Wilson intervals per arm and split, per category, and the gap to the best leak baseline; `docs`: what
    each arm that is no baseline is."""
    tested = [look for look in looks if look.split != "train"]
    names = list(dict.fromkeys(name for look in tested for name in look.arms))
    rows = []
    for name in names:
        row: dict[str, Any] = {"arm": name, "doc": docs.get(name, "leak baseline"), "leak": name not in docs}
        for split in dict.fromkeys(look.split for look in tested):
            mine = [look.arms[name] for look in tested if look.split == split]
            cell: dict[str, Any] = {"one_look": asdict(wilson(sum(m["right"] for m in mine), len(mine)))}
            for key, wanted in (("in_view", True), ("out_of_view", False)):
                part = [a.arms[name]["right"] for a in tested if a.split == split and a.in_view == wanted]
                cell[key] = asdict(wilson(sum(part), len(part)))
            told = [(sure > COMMITTED, was >= conditions.SEEN) for m in mine for sure, was in m.get("commits", ())]
            for key, wanted in (("commits_when_seen", True), ("goes_on_when_not", False)):
                part = [said == wanted for said, was in told if was == wanted]
                if part:
                    cell[key] = asdict(wilson(sum(part), len(part)))
            if mine and mine[0]["seen"]:
                travel = [
                    np.abs(np.diff([a.head, *a.arms[name]["heads"]], axis=0)).sum() for a in tested if a.split == split
                ]
                cell["travel"] = round(float(np.mean(travel)), 3)
                cell["looks"] = round(float(np.mean([len(m["heads"]) for m in mine])), 2)
                cell["seen_ever"] = asdict(wilson(sum(max(m["seen"]) >= conditions.SEEN for m in mine), len(mine)))
                for k in range(LOOKS):
                    good = sum(max(m["seen"][: k + 1]) >= conditions.SEEN for m in mine)
                    cell[f"seen_{k + 1}"] = asdict(wilson(good, len(mine)))
            row[split] = cell
        row["no_answer"] = sum(look.arms[name].get("no_answer", 0) for look in tested)
        row["categories"] = {
            category: asdict(wilson(sum(a.arms[name]["right"] for a in part), len(part)))
            for category in sorted({look.category for look in tested})
            for part in [[look for look in tested if look.category == category]]
        }
        rows.append(row)
    _add_gaps(rows)
    return {
        "schema": 1, "suite": "activeviewpose", "identity": identity, "versions": versions(), "rows": rows,
        "not_run": absent, "samples": {s: sum(look.split == s for look in looks) for s in {a.split for a in looks}},
    }  # fmt: skip


def _add_gaps(rows: Sequence[dict[str, Any]]) -> None:
    """To each cell of an arm: by how many points one look is above the best leak baseline, and which one that is."""
    leaks = [row for row in rows if row["leak"]]
    for row in rows if leaks else ():
        for name, cell in row.items():
            if row["leak"] or not isinstance(cell, dict) or "one_look" not in cell:
                continue
            best = max(leaks, key=lambda leak: leak[name]["one_look"]["rate"])
            points = 100 * (cell["one_look"]["rate"] - best[name]["one_look"]["rate"])
            cell["gap"] = {"points": round(points, 1), "to": best["arm"]}


def lines(results: dict[str, Any]) -> list[str]:
    """The table as text."""
    out = []
    for row in results["rows"]:
        cells = []
        for split, cell in row.items():
            if not isinstance(cell, dict) or "one_look" not in cell:
                continue
            rate = row[split]["one_look"]
            cells.append(f"{split} {100 * rate['rate']:5.1f} % ({100 * rate['low']:.0f}-{100 * rate['high']:.0f})")
            for name, words in SAID.items():
                if name in row[split] and (name != "seen_ever" or row[split][name] != row[split]["seen_3"]):
                    cells.append(f"{words} {100 * row[split][name]['rate']:.1f} %")
            if "gap" in cell:
                cells.append(f"{cell['gap']['points']:+.1f} points above {cell['gap']['to']}")
        out.append(f"{row['arm']:>12}  " + "  ".join(cells))
    return [*out, *(f"{name:>12}  not run: {why}" for name, why in results["not_run"].items())]
