"""One self-contained HTML page of a comparison: rates, films, differences, looking, failures, protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from sapave.base.runs import atomic
from sapave.bench import charts
from sapave.bench.camera_work import camera_work
from sapave.bench.charts import colour, words
from sapave.bench.comparison import axes_table, conditions_table
from sapave.bench.film import Clip, kept
from sapave.bench.tables import failures, looking, perception, protocol, widest


def write_report(
    path: Path,
    results: dict[str, Any],
    films: Sequence[Clip] = (),
    shipped: dict[str, Any] | None = None,
    title: str = "A robot that looks, then acts",
    beside: Sequence[dict[str, Any]] = (),
) -> Path:
    """Write the page of a comparison; `shipped`: results of the full evaluation, shown beside a small one."""
    parts = (
        _head(results, title),
        "" if shipped else conditions_table(results),
        "" if shipped else _rates(results),
        axes_table(results, beside),
        camera_work(results, widest(results)),
        _films(films, results["arms"]),
        _shipped(shipped),
        _differences(shipped or results),
        failures(results),
        looking(results),
        perception((shipped or results).get("perception")),
        protocol(results),
    )
    return write_page(path, title, "".join(parts))


def report_runs(path: Path, files_: Sequence[Path]) -> Path:
    """Write the page of the first finished run (its results.json), with the results of the others beside it."""
    found = [json.loads(file.read_text()) for file in files_]
    return write_report(path, found[0], kept(files_[0].parent / "films"), beside=found[1:])


def write_film(path: Path, clip: Clip, lead: str) -> Path:
    """Write the page of one film."""
    title = f"“{clip.instruction}”"
    body = f"<h1>{escape(title)}</h1><p class=soft>{escape(lead)}</p><div class=one>{_card(clip, [clip.arm])}</div>"
    return write_page(path, title, body)


def write_page(path: Path, title: str, body: str) -> Path:
    """Write one HTML file with everything inside, nothing fetched from the network. Returns `path`."""
    template = Template(files("sapave.bench").joinpath("report.html").read_text())
    with atomic(path) as partial:
        partial.write_text(template.safe_substitute(title=escape(title), body=body))
    return path


def _head(results: dict[str, Any], title: str) -> str:
    main = results["arms"][0]
    tiles = []
    for condition in results["conditions"]:
        rest = ", ".join(
            f"{escape(words(c['arm']))} {100 * c['held']['rate']:.0f} %"
            for c in results["cells"]
            if c["task"] == widest(results) and c["condition"] == condition and c["arm"] != main
        )
        held = _cell(results, main, widest(results), condition)["held"]
        tiles.append(
            f"<div class=tile><div class=what>{words(condition).capitalize()}</div><b>{100 * held['rate']:.0f} %</b>"
            f"<span>{held['successes']} of {held['n']} episodes held, 95 %: {100 * held['low']:.0f}–"
            f"{100 * held['high']:.0f}</span><span>{rest}</span></div>"
        )
    where = f"list “{escape(results['list']['name'])}”, MuJoCo {escape(results['versions'].get('mujoco', '?'))}"
    tasks = ", ".join(f"“{words(t)}”" for t in results["tasks"])
    lead = (
        f"Arm “{escape(main)}” ({escape(results['arm_docs'].get(main, ''))}) on episodes it never trained on: {tasks}, "
        "by how well the target can be seen when the episode begins."
    )
    return (
        f"<h1>{escape(title)}</h1><p class=soft>{lead}</p>{_warning(results)}{_axes(results)}"
        f"<div class=tiles>{''.join(tiles)}</div>"
        f"<p class=note>{where}, protocol {escape(results['protocol']['version'])}, {escape(results['created'])}.</p>"
    )


def _warning(results: dict[str, Any]) -> str:
    """Says when the figures may not be compared, and why."""
    reasons = results.get("comparable", {}).get("reasons", [])
    if not reasons:
        return ""
    items = "".join(f"<li>{escape(reason)}</li>" for reason in reasons)
    return f"<div class=warning><b>Not comparable with other results</b><ul>{items}</ul></div>"


def _axes(results: dict[str, Any]) -> str:
    """The axes that every episode was played under."""
    chips = "".join(
        f'<span class=chip title="{escape(a["doc"], quote=True)}">{escape(words(a["name"]))} {a["strength"]:g}</span>'
        + (f"<span class=soft>{escape(a['note'])}</span>" if a["note"] else "")
        for a in results.get("axes", [])
    )
    return f"<p class=chips>Played under {chips}</p>" if chips else ""


def _rates(results: dict[str, Any]) -> str:
    arms = results["arms"]
    panels = []
    for task in results["tasks"]:
        cells = [c for c in results["cells"] if c["task"] == task]
        chart = charts.rates(cells, arms, results["conditions"], words(task))
        panels.append(f"<div class=card><h3>{words(task).capitalize()}</h3>{chart}</div>")
    return (
        "<h2>Success held</h2><p class=note>The goal state lasted 2 s. Bars: share of episodes; whiskers and the "
        f"figures on the right: Wilson 95 % intervals.</p>{_legend(results)}<div class=panels>{''.join(panels)}</div>"
    )


def _shipped(results: dict[str, Any] | None) -> str:
    if not results:
        return ""
    return (
        f"<h2>The full evaluation of these weights</h2><p class=note>Measured once, {escape(results['created'])}, list "
        f"“{escape(results['list']['name'])}”; the figures on top are this machine’s own, on fewer episodes.</p>"
        + _rates(results)
    )


def _legend(results: dict[str, Any]) -> str:
    items = (
        f'<span><i style="background:{colour(a, results["arms"])}"></i><b>{escape(words(a))}</b> '
        f"<span class=soft>{escape(results['arm_docs'].get(a, ''))}</span></span>"
        for a in results["arms"]
    )
    return f"<div class=legend>{''.join(items)}</div>"


def _films(films: Sequence[Clip], arms: Sequence[str]) -> str:
    if not films:
        return ""
    parts = [
        "<h2>Films</h2><p class=note>Left: what the head camera sees. Right: from outside. Below: how much of the "
        "target is visible, over time. Click to play.</p>"
    ]
    for condition in dict.fromkeys(f.condition for f in films):
        cards = "".join(_card(f, arms) for f in films if f.condition == condition)
        parts.append(f"<h3 style='margin-top:22px'>{words(condition).capitalize()}</h3><div class=films>{cards}</div>")
    return "".join(parts)


def _card(clip: Clip, arms: Sequence[str]) -> str:
    data = base64.b64encode(Path(clip.path).read_bytes()).decode()
    badge = (
        "<span class='badge good'>success</span>"
        if clip.success
        else (f"<span class=badge>{escape(words(clip.failure) or 'failure')}</span>")
    )
    curve = charts.visibility(clip.visibility, clip.seconds, colour(clip.arm, arms))
    return (
        f'<div class="card film"><video src="data:video/mp4;base64,{data}" muted playsinline loop preload="auto">'
        f"</video><div class=about><p class=says>“{escape(clip.instruction)}”</p><div class=meta>{badge}<span>"
        f'<i class=arm style="background:{colour(clip.arm, arms)}"></i>{escape(clip.arm)}</span>'
        f"<span>{words(clip.task)}</span><span>{clip.seconds:.1f} s</span><span>seed {clip.seed}</span></div>{curve}"
        f"<div class=scale><span>0 s</span><span>visible part of the target, 0–100 %</span>"
        f"<span>{clip.seconds:.1f} s</span></div></div></div>"
    )


def _differences(results: dict[str, Any]) -> str:
    if not results["paired"]:
        return ""
    task = widest(results)
    main = charts.forest([p for p in results["paired"] if p["task"] == task], results["arms"])
    rest = [p for p in results["paired"] if p["task"] != task]
    each = charts.forest(rest, results["arms"]) if rest else ""
    more = f"<details><summary>Task by task</summary><div class=card>{each}</div></details>" if each else ""
    return (
        "<h2>Differences on the same episodes</h2><p class=note>Success held, first arm minus the other, in points, "
        f"with Tango’s 95 % score interval.</p><div class=card>{main}</div>{more}"
    )


def _cell(results: dict[str, Any], arm: str, task: str, condition: str) -> dict[str, Any]:
    return next(c for c in results["cells"] if (c["arm"], c["task"], c["condition"]) == (arm, task, condition))
