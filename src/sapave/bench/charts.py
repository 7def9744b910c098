"""Small SVG charts for the report: bars with intervals, a forest of differences, a curve of visibility."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

ARM_COLOURS = {
    "active": "#0d8274",
    "fixed": "#8794a8",
    "held": "#c99a3f",
    "expert": "#4a5f9e",
    "zero": "#b9b4ab",
    "scan": "#b4623a",
    "oracle_camera": "#7a5ba6",
    "best_fixed_pose": "#a8577e",
}
OTHER_COLOURS = ("#5b8c3e", "#3f8fb5", "#96713a", "#c0506a", "#7a5fb0", "#d99a2b", "#3f4650", "#9ab84a")
WORDS = {"all": "all tasks", "out_of_view": "out of view", "pick_and_place": "pick and place"}


def words(name: str) -> str:
    """A name as people write it."""
    return WORDS.get(name, name.replace("_", " "))


def colour(arm: str, arms: Sequence[str]) -> str:
    """The arm's colour; arms that are not known take turns."""
    rest = [a for a in arms if a not in ARM_COLOURS]
    return ARM_COLOURS.get(arm) or OTHER_COLOURS[rest.index(arm) % len(OTHER_COLOURS)]


def _points(share: float) -> str:
    """A difference in whole points, with its sign."""
    return f"{round(100 * share):+d}".replace("-", "−").replace("+0", "0")


def text_at(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """Words at (x, y)."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def svg_of(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    """A drawing of `parts`, named for those who cannot see it."""
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def rates(cells: Sequence[dict[str, Any]], arms: Sequence[str], conditions: Sequence[str], title: str) -> str:
    """Bars of success held with Wilson whiskers: a group per condition, a bar per arm."""
    left, plot, right, row, gap = 100, 270, 120, 19, 16
    parts, y = [], 26
    bottom = 26 + sum(row * len([c for c in cells if c["condition"] == k]) + gap for k in conditions) - gap + 4
    for tick in (0, 25, 50, 75, 100):
        x = left + plot * tick / 100
        parts.append(f'<line x1="{x}" x2="{x}" y1="20" y2="{bottom}" class="grid"/>')
        parts.append(text_at(x, 13, f"{tick} %" if tick == 100 else f"{tick}", "axis", "middle"))
    for condition in conditions:
        group = [c for c in cells if c["condition"] == condition]
        parts.append(text_at(left - 12, y + row * len(group) / 2 + 4, words(condition), "group", "end"))
        for c in sorted(group, key=lambda c: arms.index(c["arm"])):
            held, middle = c["held"], y + row / 2
            x, low, high = (left + plot * held[k] for k in ("rate", "low", "high"))
            fill = colour(c["arm"], arms)
            parts.append(
                f'<rect x="{left}" y="{y + 2.5}" width="{max(x - left, 1.5):.1f}" height="{row - 5}" fill="{fill}">'
                f"<title>{escape(c['arm'])}: {held['successes']} of {held['n']} held</title></rect>"
                f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 3.5}v7M{high:.1f} {middle - 3.5}v7" '
                'class="whisker"/>'
            )
            parts.append(text_at(max(high, left + 4) + 7, middle + 4, f"{100 * held['rate']:.0f} %", "value"))
            parts.append(
                text_at(
                    left + plot + right, middle + 4, f"{100 * held['low']:.0f}–{100 * held['high']:.0f}", "axis", "end"
                )
            )
            y += row
        y += gap
    return svg_of(left + plot + right, bottom + 6, f"{title}: success held", parts)


def forest(pairs: Sequence[dict[str, Any]], arms: Sequence[str]) -> str:
    """Paired differences of success in points with 95 % intervals around a zero line."""
    left, plot, right, row = 390, 400, 210, 24
    height = 26 + row * len(pairs) + 6
    parts = []
    for tick in (-100, -50, 0, 50, 100):
        x = left + plot * (tick + 100) / 200
        parts.append(f'<line x1="{x}" x2="{x}" y1="20" y2="{height}" class="{"zero" if tick == 0 else "grid"}"/>')
        parts.append(text_at(x, 13, f"{tick:+d}" if tick else "0", "axis", "middle"))
    for i, p in enumerate(pairs):
        y = 26 + row * (i + 0.5)
        x, low, high = (left + plot * (p[k] + 1) / 2 for k in ("difference", "low", "high"))
        what = [words(p["condition"])] if p["task"] == "all" else [words(p["task"]), words(p["condition"])]
        name = ", ".join([f"{words(p['a'])} − {words(p['b'])}", *what])
        label = f"{_points(p['difference'])} ({_points(p['low'])} to {_points(p['high'])})"
        kind = "strong" if p["task"] == "all" else ""
        parts.append(text_at(left - 14, y + 4, name, kind, "end"))
        parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}M{low:.1f} {y - 4}v8M{high:.1f} {y - 4}v8" class="whisker"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y}" r="4.5" fill="{colour(p["b"], arms)}" class="dot"/>')
        parts.append(text_at(left + plot + 14, y + 4, label, "value"))
        parts.append(text_at(left + plot + right, y + 4, f"n {p['n']}", "axis", "end"))
    return svg_of(left + plot + right, height, "paired differences", parts)


def stacked(counts: dict[str, int], total: int, palette: dict[str, str]) -> str:
    """One bar of shares, in palette order; what is not counted stays empty."""
    width, height, x, parts = 520, 15, 0.0, ['<rect width="520" height="15" rx="3" class="track"/>']
    for name in palette:
        if count := counts.get(name, 0):
            share = width * count / max(total, 1)
            parts.append(
                f'<rect x="{x:.1f}" width="{share:.1f}" height="{height}" fill="{palette[name]}">'
                f"<title>{escape(words(name))}: {count}</title></rect>"
            )
            if share > 16:
                parts.append(text_at(x + share / 2, 11, str(count), "inside", "middle"))
            x += share
    return svg_of(width, height, "outcomes", parts)


def visibility(samples: Sequence[Sequence[float]], seconds: float, fill: str) -> str:
    """The target's visible fraction over time, with a line that the film's player moves."""
    width, height, top = 400.0, 64.0, 6.0
    end = max(seconds, samples[-1][0] if samples else 0, 1e-6)

    def at(t: float, f: float) -> tuple[float, float]:
        return width * t / end, top + (height - top) * (1 - min(1.0, f))

    points = [at(*sample) for sample in samples] or [(0.0, height)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{points[0][0]:.1f},{height} {line} {points[-1][0]:.1f},{height}"
    return (
        f'<svg viewBox="0 0 {width:.0f} {height + 2:.0f}" preserveAspectRatio="none" class="sight" role="img" '
        f'aria-label="visible fraction of the target over time"><line x1="0" x2="{width}" y1="{top}" y2="{top}" '
        f'class="grid"/><line x1="0" x2="{width}" y1="{height}" y2="{height}" class="grid"/>'
        f'<polygon points="{area}" fill="{fill}" opacity=".22"/>'
        f'<polyline points="{line}" fill="none" stroke="{fill}" stroke-width="2" vector-effect="non-scaling-stroke"/>'
        f'<line class="now" x1="0" x2="0" y1="0" y2="{height}"/></svg>'
    )
