"""The report's tables: looking and acting, how episodes ended, the perception test, the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from sapave.bench import charts
from sapave.bench.charts import colour, words

OUTCOMES = {
    "success": "#0d8274",
    "never_saw": "#6b4f8f",
    "wrong_object": "#b4473a",
    "missed_grasp": "#d98b3a",
    "dropped": "#c9b04a",
    "not_at_goal": "#7c93ad",
    "timeout": "#b5aea2",
}
"""Every way an episode can end, with its colour."""


def percent(rate: dict[str, Any]) -> str:
    """`87 % (80–92)`; a dash where nothing was counted."""
    if not rate["n"]:
        return "–"
    return f"{100 * rate['rate']:.0f} % <span class=soft>({100 * rate['low']:.0f}–{100 * rate['high']:.0f})</span>"


def widest(results: dict[str, Any]) -> str:
    """`all` (tasks pooled) when there are several tasks, else the task."""
    return "all" if len(results["tasks"]) > 1 else results["tasks"][0]


def looking(results: dict[str, Any]) -> str:
    """When the target was seen, how far the head turned, how long it took."""

    def value(x: float | None, unit: str, digits: int = 1) -> str:
        return "–" if x is None else f"{x:.{digits}f} {unit}"

    rows = []
    for c, first in _grouped(results):
        stages = None if c.get("progress") is None else 100 * c["progress"]
        share = None if c["visible_at_grasp"] is None else 100 * c["visible_at_grasp"]
        rows.append(
            f"<tr{first}><td class=left>{_arm(c, results)}</td><td class=left>{words(c['task'])}</td>"
            f"<td class=left>{words(c['condition'])}</td><td>{percent(c['held'])}</td><td>{percent(c['ever'])}</td>"
            f"<td>{value(stages, '%', 0)}</td>"
            f"<td>{percent(c['saw_target'])}</td><td>{value(c['time_to_first_sight_s'], 's')}</td>"
            f"<td>{value(share, '%', 0)}</td><td>{value(c['head_travel_rad'], 'rad', 2)}</td>"
            f"<td>{value(c['seconds'], 's')}</td><td>{value(c['times_real_time'], '×')}</td></tr>"
        )
    return (
        "<details><summary>Every task and condition in figures</summary><p class=note>Stages: mean share of a task's "
        "steps that were reached. Speed: simulated time over playing time on one core, model and rendering included."
        "</p><div class=card><table><tr><th>arm<th class=left>task<th class=left>condition<th>held<th>ever<th>stages"
        "<th>saw the target<th>first sight<th>at the touch<th>head travel<th>length<th>speed</tr>"
        f"{''.join(rows)}</table></div></details>"
    )


def failures(results: dict[str, Any]) -> str:
    """Shares of every ending, tasks pooled."""
    cells = [c for c in results["cells"] if c["task"] == widest(results)]
    used = {"success", *(name for c in cells for name in c["failures"])}
    palette = {**{k: v for k, v in OUTCOMES.items() if k in used}, **dict.fromkeys(used - set(OUTCOMES), "#888")}
    legend = "".join(f'<span><i style="background:{v}"></i>{words(k)}</span>' for k, v in palette.items())
    rows = []
    for c, first in _grouped(results, cells):
        counts = {"success": c["held"]["successes"], **c["failures"]}
        rows.append(
            f"<tr{first}><td class=left>{_arm(c, results)}</td><td class=left>{words(c['condition'])}</td>"
            f"<td class=left>{charts.stacked(counts, c['n'], palette)}</td><td>n {c['n']}</td></tr>"
        )
    table = f"<table class=tight>{''.join(rows)}</table>"
    return f"<h2>How episodes ended</h2><div class=legend>{legend}</div><div class=card>{table}</div>"


def perception(found: dict[str, Any] | None) -> str:
    """The test of looking alone (bench/perception.py); '' without one."""
    if not found:
        return ""
    rows = "".join(
        f"<tr><td class=left>{escape(row['what'])}</td><td>{percent(row['rate'])}</td><td>{row['rate']['n']}</td></tr>"
        for row in found["rows"]
    )
    return (
        f"<h2>Looking alone: where to turn the head</h2><p class=note>{escape(found['note'])}</p><div class=card>"
        f"<table><tr><th>measure<th>share (95 %)<th>n</tr>{rows}</table></div>"
    )


def protocol(results: dict[str, Any]) -> str:
    """Rules, the expert's raw rates, versions: what is needed to compare or repeat."""
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in results["protocol"]["words"])
    expert = "".join(
        f"<tr><td class=left>{words(name.split('/')[0])}</td><td class=left>{words(name.split('/')[1])}</td>"
        f"<td>{c['layouts']}</td><td>{c['solved']}</td><td>{100 * c['solved'] / max(c['layouts'], 1):.1f} %</td></tr>"
        for name, c in results["expert"].items()
    )
    expert = expert and (
        "<p class=note style='margin-top:16px'>The expert on everything drawn, before the unsolved were dropped:</p>"
        "<div class=card><table><tr><th>task<th class=left>condition<th>episodes drawn<th>solved<th>rate</tr>"
        f"{expert}</table></div>"
    )
    versions = ", ".join(f"{escape(k)} {escape(str(v))}" for k, v in results["versions"].items() if v)
    weights = ", ".join(f"{escape(k)} {escape(v)}" for k, v in results["weights"].items() if v)
    return (
        f"<h2>Protocol {escape(results['protocol']['version'])}</h2><ul>{rules}</ul>{expert}"
        f"<p class=note style='margin-top:16px'>Made with {versions}.</p>"
        f"<p class=note>List {escape(results['list']['name'])}, digest <code>{escape(results['list']['digest'])}</code>"
        + (f"; weights (sha256): {weights}" if weights else "")
        + f"; {results['protocol']['execute']} rows of each chunk executed.</p>"
    )


def _grouped(
    results: dict[str, Any], cells: Sequence[dict[str, Any]] | None = None
) -> Iterable[tuple[dict[str, Any], str]]:
    """Cells of single tasks (or those given) with the class that draws a line above each new group."""
    before = None
    for c in cells if cells is not None else [c for c in results["cells"] if c["task"] != "all"]:
        group = (c["task"], c["condition"])
        yield c, " class=first" if before not in (None, group) else ""
        before = group


def _arm(c: dict[str, Any], results: dict[str, Any]) -> str:
    return f'<i class=arm style="background:{colour(c["arm"], results["arms"])}"></i>{escape(words(c["arm"]))}'
