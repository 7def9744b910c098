"""The page of the suite activeviewpose: the table of the paper's kind, and what each arm looked at."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sapave.bench.charts import colour
from sapave.bench.report import write_page
from sapave.sim.conditions import SEEN
from sapave.sim.gaze import shown_at

SIZE = (352, 256)
"""Width and height of a picture in the page [px]."""
TITLES = {"val": "val", "test1": "test1: direction said", "test2": "test2: to be inferred"}

LISTS = {
    "near": "all within 45° of yaw and pitch of where the head starts",
    "any": "wherever what they ask for is, so that half must be searched for",
}
"""What the lists of requests ask for."""


def write_look_report(path: Path, results: dict[str, Any], looks: Sequence[dict[str, Any]]) -> Path:
    """Write the page; `looks` are the samples whose pictures were kept."""
    title = "Where to look"
    counts = ", ".join(f"{n} {split}" for split, n in sorted(results["samples"].items()))
    body = (
        f"<h1>{title}</h1><p class=soft>Requests to look, {LISTS[results['identity']['reach']]}, on scenes, "
        f"things and wordings never trained on ({counts} samples). Right: after one look yaw and pitch both "
        "lie within 5° of a view that was verified by rendering. "
        "Seen: at least 60 % of it visible within 20° of the axis after at most three looks. 95 % Wilson intervals.</p>"
        f"<div class=card>{_table(results)}</div><h2>In view at the start or not, and stopping in time</h2>"
        "<p class=soft>One look again, for what shows at the start and what does not (there only words and room can "
        "tell). A policy with a commit output says whether it sees enough: right when it commits at a picture that "
        "shows it well, and goes on at one that does not. Gap: points that one look is above the best leak baseline. "
        "Seen ever: in all its looks; a scripted scan has more than three.</p>"
        f"<div class=card>{_more(results)}</div>"
        f"<h2>By category, one look</h2><div class=card>{_kinds(results)}</div>"
        "<h2>What they looked at</h2><p class=soft>The large picture is the one before; circles: where one look of "
        "each arm ends; cross: a verified view. Below it, what each arm saw when it stopped looking, and how often it "
        f"had looked; green where that was well in view.</p>{_legend(results)}<div class=thirds>"
        f"{''.join(_card(look, results) for look in looks)}</div>"
    )
    return write_page(path, title, body)


def _rate(rate: dict[str, Any] | None) -> str:
    if rate is None:
        return "<td>-</td>"
    return f"<td>{100 * rate['rate']:.1f}<small>{100 * rate['low']:.0f} to {100 * rate['high']:.0f}</small></td>"


def _gap(cell: dict[str, Any]) -> str:
    gap = cell.get("gap")
    return f"<td>{gap['points']:+.1f}<small>{escape(gap['to'].replace('_', ' '))}</small></td>" if gap else "<td>-</td>"


def _splits(results: dict[str, Any]) -> list[str]:
    return [s for s in TITLES if any(s in row for row in results["rows"])]


def _table(results: dict[str, Any]) -> str:
    splits = _splits(results)
    head = "".join(f"<th class=mid colspan=2>{TITLES[s]}</th>" for s in splits)
    under = "<th>one look</th><th>seen in 3</th>" * len(splits)
    rows = ""
    for row in results["rows"]:
        cells = "".join(_rate(row[s]["one_look"]) + _rate(row[s].get("seen_3")) for s in splits)
        name = escape(row["arm"].replace("_", " "))
        note = f"; {row['no_answer']} looks without an answer" if row["no_answer"] else ""
        about = f"{name}<small>{escape(row['doc'] + note)}</small>"
        rows += f"<tr><td class=left style='white-space:normal'>{about}</td>{cells}</tr>"
    for name, why in results["not_run"].items():
        cell = f"<td colspan={2 * len(splits)}>not run: {escape(why)}</td>"
        rows += f"<tr class=absent><td class=left>{escape(name)}</td>{cell}</tr>"
    return f"<table class=paper><tr><th></th>{head}</tr><tr><th></th>{under}</tr>{rows}</table>"


MORE = {
    "in_view": "in view",
    "out_of_view": "not in view",
    "seen_ever": "seen ever",
    "commits_when_seen": "commits when it sees",
    "goes_on_when_not": "goes on when not",
}


def _more(results: dict[str, Any]) -> str:
    head = "".join(f"<th>{title}</th>" for title in ("gap to leaks", *MORE.values(), "head travel [rad]"))
    rows = ""
    for row in results["rows"]:
        for split in _splits(results) if not row["leak"] else ():
            travel = row[split].get("travel")
            cells = _gap(row[split]) + "".join(_rate(row[split].get(name)) for name in MORE)
            name = f"{escape(row['arm'].replace('_', ' '))}<small>{TITLES[split]}</small>"
            rows += f"<tr><td class=left>{name}</td>{cells}<td>{'-' if travel is None else f'{travel:.2f}'}</td></tr>"
    return f"<table class=paper><tr><th></th>{head}</tr>{rows}</table>"


def _kinds(results: dict[str, Any]) -> str:
    kinds = list(results["rows"][0]["categories"]) if results["rows"] else []
    head = "".join(f"<th>{escape(kind)}</th>" for kind in kinds)
    rows = "".join(
        f"<tr><td class=left>{escape(row['arm'].replace('_', ' '))}</td>"
        + "".join(_rate(row["categories"][kind]) for kind in kinds)
        + "</tr>"
        for row in results["rows"]
    )
    return f"<table class=paper><tr><th></th>{head}</tr>{rows}</table>"


def _names(results: dict[str, Any]) -> list[str]:
    """Arms that are drawn: all but the leak baselines."""
    return [row["arm"] for row in results["rows"] if not row["leak"]]


def _legend(results: dict[str, Any]) -> str:
    parts = (
        f"<span><i style='background:{colour(name, _names(results))}'></i>{escape(name.replace('_', ' '))}</span>"
        for name in _names(results)
    )
    return f"<div class=legend>{''.join(parts)}</div>"


def _card(look: dict[str, Any], results: dict[str, Any]) -> str:
    """A picture with the ends of one look; what lies outside it is drawn at its border."""
    width, height = SIZE
    picture = base64.b64encode(bytes.fromhex(look["picture"])).decode()

    def place(head: Sequence[float]) -> tuple[float, float]:
        x, y = (1 + shown_at(np.array(head), np.array(look["head"]))) * (width / 2, height / 2)
        return float(np.clip(x, 8, width - 8)), float(np.clip(y, 8, height - 8))

    marks = ""
    for name in _names(results):
        if name in look["arms"]:
            (x, y), paint = place(look["arms"][name]["heads"][0]), colour(name, _names(results))
            marks += f"<circle cx='{x:.0f}' cy='{y:.0f}' r='6' fill='{paint}' stroke='#fff' stroke-width='1.5'/>"
    for gaze in look["gazes"]:
        x, y = place(gaze)
        marks += f"<path d='M{x - 9:.0f} {y:.0f}h18M{x:.0f} {y - 9:.0f}v18' stroke='#fff' stroke-width='3'/>"
        marks += f"<path d='M{x - 9:.0f} {y:.0f}h18M{x:.0f} {y - 9:.0f}v18' stroke='#111' stroke-width='1.4'/>"
    ends = "".join(_end(name, look["arms"][name]) for name in _names(results) if name in look["arms"])
    return (
        f"<div class=card><h3>“{escape(look['text'])}”</h3><p class=note>{look['split']}, {look['category']}, "
        f"{look['difficulty']}</p><svg viewBox='0 0 {width} {height}' width='{width}'>"
        f"<image href='data:image/png;base64,{picture}' width='{width}' height='{height}' "
        f"preserveAspectRatio='none'/>{marks}</svg><div class=ends>{ends}</div></div>"
    )


def _end(name: str, did: dict[str, Any]) -> str:
    """The small picture of where an arm stopped looking."""
    if "picture" not in did:
        return ""
    data, looks = base64.b64encode(bytes.fromhex(did["picture"])).decode(), len(did["heads"])
    good = " class=good" if did["seen"] and did["seen"][-1] >= SEEN else ""
    said = "no answer" if did.get("no_answer") else f"{looks} look{'s' if looks > 1 else ''}"
    return (
        f"<figure{good}><img src='data:image/png;base64,{data}' alt=''><figcaption>{escape(name.replace('_', ' '))}"
        f"<small>{said}</small></figcaption></figure>"
    )
