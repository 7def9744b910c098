"""The report's tables of success: arms by conditions (the paper's Table 2), and arms by axes (its generalisation)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from sapave.bench.arms import UNTRAINED
from sapave.bench.charts import colour, words
from sapave.bench.protocol import group_of
from sapave.bench.statistics import Rate, wilson


def pooled(results: dict[str, Any], arm: str, tasks: Sequence[str], conditions: Sequence[str]) -> Rate | None:
    """Success held of an arm over several tasks and conditions; None without an episode."""
    held = [
        c["held"]
        for c in results["cells"]
        if c["arm"] == arm and c["task"] in tasks and c["condition"] in conditions and c["task"] != "all"
    ]
    return wilson(sum(h["successes"] for h in held), sum(h["n"] for h in held)) if held else None


def conditions_table(results: dict[str, Any]) -> str:
    """Arms x (condition, family of tasks), and the mean of the columns; arms that were never trained say so."""
    groups: dict[str, list[str]] = {}
    for task in results["tasks"]:
        groups.setdefault(group_of(task), []).append(task)
    columns = [(group, condition) for group in groups for condition in results["conditions"]]
    found = {
        arm: [pooled(results, arm, groups[group], (condition,)) for group, condition in columns]
        for arm in results["arms"]
    }
    best = [
        max((r.rate for row in found.values() if (r := row[i]) is not None), default=0.0) for i in range(len(columns))
    ]
    means = {arm: [r.rate for r in row if r is not None] for arm, row in found.items()}
    top = max((sum(m) / len(m) for m in means.values() if m), default=0.0)
    body = []
    for arm, row in found.items():
        cells = "".join(_cell(rate, best[i]) for i, rate in enumerate(row))
        mean = sum(means[arm]) / len(means[arm]) if means[arm] else None
        strong = " class=best" if mean is not None and mean > top - 1e-9 and top > 0 else ""
        shown = "–" if mean is None else f"{100 * mean:.1f}"
        body.append(f"<tr><td class=left>{_name(arm, results)}</td>{cells}<td{strong}>{shown}</td></tr>")
    for arm in (a for a in UNTRAINED if a not in found):
        text = f"not trained: {UNTRAINED[arm]}"
        body.append(
            f"<tr class=absent><td class=left>{words(arm)}</td>"
            f"<td class=left colspan={len(columns) + 1}>{text}</td></tr>"
        )
    over = "".join(f"<th colspan={len(results['conditions'])} class=mid>{escape(g)}</th>" for g in groups)
    heads = "".join(f"<th>{words(condition)}</th>" for _, condition in columns)
    return (
        "<h2>Arms and conditions</h2><p class=note>Success held, % of episodes, with the Wilson 95 % interval below; "
        "the best of a column is marked. Mean: of the columns.</p><div class=card><table class=paper><thead>"
        f"<tr><th></th>{over}<th></th></tr><tr><th>arm</th>{heads}<th>mean</th></tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def axes_table(results: dict[str, Any], beside: Sequence[dict[str, Any]]) -> str:
    """Arms x runs under different axes: success over all cells, and the change in points; '' without a common arm."""
    runs = [results, *beside]
    arms = [arm for arm in results["arms"] if any(arm in other["arms"] for other in beside)]
    if not arms:
        return ""
    rows = []
    for arm in arms:
        base, cells = _overall(results, arm), []
        for run in runs:
            rate = _overall(run, arm)
            if rate is None or base is None:
                cells.append("<td>–</td>")
                continue
            change = round(100 * (rate.rate - base.rate))
            sign = f"<span class={'down' if change < 0 else 'up'}>{change:+d}</span> ".replace("-", "−")
            less = "" if run is results else sign
            cells.append(
                f"<td>{less}<b>{100 * rate.rate:.0f}</b><small>{100 * rate.low:.0f}–{100 * rate.high:.0f}, "
                f"n {rate.n}</small></td>"
            )
        rows.append(f"<tr><td class=left>{_name(arm, results)}</td>{''.join(cells)}</tr>")
    heads = "".join(f"<th>{escape(run_name(run))}{_other(results, run)}</th>" for run in runs)
    return (
        "<h2>Generalisation</h2><p class=note>Success held over all tasks and conditions, %, and the change against "
        "the first column in points. * other episodes than in the first column.</p><div class=card><table class=paper>"
        f"<thead><tr><th>arm</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def run_name(results: dict[str, Any]) -> str:
    """What a run was played under: its axes with strengths, or that there were none."""
    names = [words(a["name"]) + ("" if a["strength"] == 1 else f" {a['strength']:g}") for a in results["axes"]]
    return ", ".join(names) or "as listed"


def _other(results: dict[str, Any], run: dict[str, Any]) -> str:
    same = results["seeds"] == run["seeds"] and results["list"]["digest"] == run["list"]["digest"]
    return "" if same else " *"


def _overall(results: dict[str, Any], arm: str) -> Rate | None:
    return pooled(results, arm, results["tasks"], results["conditions"])


def _cell(rate: Rate | None, best: float) -> str:
    if rate is None:
        return "<td>–</td>"
    strong = " class=best" if rate.rate >= best and best > 0 else ""
    return f"<td{strong}>{100 * rate.rate:.0f}<small>{100 * rate.low:.0f}–{100 * rate.high:.0f}</small></td>"


def _name(arm: str, results: dict[str, Any]) -> str:
    fill = colour(arm, results["arms"])
    title = escape(results["arm_docs"].get(arm, ""), quote=True)
    return f'<i class=arm style="background:{fill}"></i><span title="{title}">{escape(words(arm))}</span>'
