"""The report's part on what the camera did: visibility over time, travel against success, the active metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from sapave.bench.charts import colour, svg_of, text_at, words

EVERY = 0.32
"""Time between two points of a curve of visibility [s] (bench/summary.py)."""
MARKS = ("circle", "square", "triangle", "diamond")
DEFINITIONS = (
    ("first sight", "Median time until 10 % of the target is visible, over the episodes that saw it."),
    ("off axis", "Centring: mean angle between the optical axis and the target, from the first motion of an arm to the "
     "first touch."),
    ("at the touch", "Mean visible share of the target when a hand is first seen to touch it."),
    ("head travel", "Sum of all motion of the two head joints."),
    ("looks", "Separate head motions faster than 29°/s that end at least 9° from where they began."),
    ("needless", "Looks before the touch that leave a target well in view (60 %) and see less of it, or that return to "
     "where nothing was seen and again see nothing."),
    ("lead", "Median time from the target first well in view to the first motion of an arm; negative: the arm was "
     "first."),
    ("gain", "Visible share of the target minus what the default head pose would show at the same moment, mean of the "
     "episode."),
)  # fmt: skip
"""Metric -> how it is measured (sim/attention.py)."""


def camera_work(results: dict[str, Any], task: str) -> str:
    """The whole part, tasks pooled."""
    cells = [c for c in results["cells"] if c["task"] == task]
    arms, conditions = results["arms"], results["conditions"]
    panels = "".join(
        f"<div class=card><h3>{words(k).capitalize()}</h3>"
        f"{curves([c for c in cells if c['condition'] == k], arms)}</div>"
        for k in conditions
    )
    legend = "".join(f'<span><i style="background:{colour(arm, arms)}"></i>{escape(words(arm))}</span>' for arm in arms)
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in DEFINITIONS)
    return (
        "<h2>What the camera did</h2><p class=note>Mean visible share of the target over time; an episode that is over "
        f"keeps its last value.</p><div class=legend>{legend}</div><div class=thirds>{panels}</div>"
        f"<div class=beside><div class=card><h3>Head travel and success</h3>{scatter(cells, arms, conditions)}</div>"
        f"<div class=card>{metrics(cells, results)}</div></div>"
        f"<details><summary>How these figures are measured</summary><dl>{terms}</dl></details>"
    )


def curves(cells: Sequence[dict[str, Any]], arms: Sequence[str]) -> str:
    """One line per arm: visible fraction over time."""
    width, height, left, top, bottom = 330.0, 190.0, 44.0, 8.0, 24.0
    longest = max((len(c["visibility"]) for c in cells), default=1)
    end = max(2.0, EVERY * (longest - 1))
    plot_w, plot_h = width - left - 8, height - top - bottom

    def at(step: int, share: float) -> str:
        return f"{left + plot_w * step * EVERY / end:.1f},{top + plot_h * (1 - share):.1f}"

    parts = []
    for share in (0.0, 0.5, 1.0):
        y = top + plot_h * (1 - share)
        parts.append(f'<line x1="{left}" x2="{width - 8}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(text_at(left - 6, y + 4, f"{100 * share:.0f}" + ("%" if share == 1 else ""), "axis", "end"))
    every = 2 if end <= 10 else 4
    for second in range(0, int(end) + 1, every):
        text = f"{second} s" if second == 0 else str(second)
        parts.append(text_at(left + plot_w * second / end, height - 6, text, "axis", "middle"))
    for c in sorted(cells, key=lambda c: -arms.index(c["arm"])):
        points = " ".join(at(i, f) for i, f in enumerate(c["visibility"]))
        main = 2.8 if c["arm"] == arms[0] else 1.8
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour(c["arm"], arms)}" stroke-width="{main}" '
            f'stroke-linejoin="round"><title>{escape(words(c["arm"]))}</title></polyline>'
        )
    return svg_of(width, height, "visible fraction of the target over time", parts)


def scatter(cells: Sequence[dict[str, Any]], arms: Sequence[str], conditions: Sequence[str]) -> str:
    """Mean head travel against success: a mark per condition, a colour per arm."""
    width, height, left, top, bottom = 380.0, 330.0, 40.0, 30.0, 40.0
    reach = max([c["head_travel_rad"] for c in cells] + [1.0]) * 1.08
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 50, 100) if reach / s <= 6)
    plot_w, plot_h = width - left - 12, height - top - bottom
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + plot_h * (1 - share)
        parts.append(f'<line x1="{left}" x2="{width - 12}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(text_at(left - 6, y + 4, f"{100 * share:.0f}" + ("%" if share == 1 else ""), "axis", "end"))
    for i in range(int(reach / step) + 1):
        parts.append(text_at(left + plot_w * i * step / reach, top + plot_h + 18, f"{i * step:g}", "axis", "middle"))
    parts.append(text_at(left + plot_w / 2, height - 4, "head travel per episode [rad]", "axis", "middle"))
    for arm in arms:
        fill = colour(arm, arms)
        mine = [c for k in conditions for c in cells if c["arm"] == arm and c["condition"] == k]
        spots = [(left + plot_w * c["head_travel_rad"] / reach, top + plot_h * (1 - c["held"]["rate"])) for c in mine]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{fill}" stroke-width="1.2" opacity=".45"/>')
        for c, (x, y) in zip(mine, spots, strict=True):
            title = f"{words(arm)}, {words(c['condition'])}: {c['held']['successes']} of {c['n']}"
            parts.append(mark(MARKS[conditions.index(c["condition"]) % len(MARKS)], x, y, fill, title))
    x = left
    for i, condition in enumerate(conditions):
        parts.append(mark(MARKS[i % len(MARKS)], x + 5, 11, "#8a8780", ""))
        parts.append(text_at(x + 15, 15, words(condition), "axis"))
        x += 30 + 6.4 * len(words(condition))
    return svg_of(width, height, "head travel and success", parts)


def mark(kind: str, x: float, y: float, fill: str, title: str, r: float = 5.5) -> str:
    """A small mark at (x, y)."""
    corners = {
        "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
        "triangle": [(0, -1.1), (1.0, 0.75), (-1.0, 0.75)],
        "diamond": [(0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)],
    }
    told = f"<title>{escape(title)}</title>" if title else ""
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" fill="{fill}" class="dot">{told}</circle>'
    points = " ".join(f"{x + r * a:.1f},{y + r * b:.1f}" for a, b in corners[kind])
    return f'<polygon points="{points}" fill="{fill}" class="dot">{told}</polygon>'


def metrics(cells: Sequence[dict[str, Any]], results: dict[str, Any]) -> str:
    """The active metrics as numbers with small bars, by condition and arm."""
    columns: tuple[tuple[str, str, Callable[[dict[str, Any]], float | None], int], ...] = (
        ("first sight", "s", lambda c: c["time_to_first_sight_s"], 1),
        ("off axis", "°", lambda c: None if c["centring_rad"] is None else math.degrees(c["centring_rad"]), 0),
        ("at the touch", "%", lambda c: None if c["visible_at_grasp"] is None else 100 * c["visible_at_grasp"], 0),
        ("head travel", "rad", lambda c: c["head_travel_rad"], 1),
        ("looks", "", lambda c: c["looks"], 1),
        ("needless", "", lambda c: c["needless_looks"], 1),
        ("lead", "s", lambda c: c["look_to_act_s"], 1),
        ("gain", "%", lambda c: None if c["camera_gain"] is None else 100 * c["camera_gain"], 0),
    )
    tops = [max([abs(v) for c in cells if (v := read(c)) is not None] + [1e-9]) for _, _, read, _ in columns]
    rows = []
    for condition in results["conditions"]:
        rows.append(f"<tr class=band><td class=left colspan={len(columns) + 1}>{words(condition)}</td></tr>")
        for c in (c for c in cells if c["condition"] == condition):
            fill = colour(c["arm"], results["arms"])
            values = "".join(
                _bar(read(c), unit, digits, top, fill)
                for (_, unit, read, digits), top in zip(columns, tops, strict=True)
            )
            name = f'<i class=arm style="background:{fill}"></i>{escape(words(c["arm"]))}'
            rows.append(f"<tr><td class=left>{name}</td>{values}</tr>")
    heads = "".join(f"<th>{name}</th>" for name, *_ in columns)
    return f"<table class=bars><tr><th>arm</th>{heads}</tr>{''.join(rows)}</table>"


def _bar(value: float | None, unit: str, digits: int, top: float, fill: str) -> str:
    if value is None:
        return "<td>–</td>"
    sign = f"{value:.{digits}f}".replace("-", "−")
    style = f"width:{100 * abs(value) / top:.0f}%;background:{fill}"
    return f'<td><span>{sign}<small> {unit}</small></span><i style="{style}"></i></td>'
