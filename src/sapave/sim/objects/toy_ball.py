"""Balls to play with."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, skin
from sapave.sim.objects._family import RGB, SPHERE, Family, Model, Part, Shape
from sapave.sim.objects._mesh import ball, lathe, tube


def _build(rgb: RGB, g: np.random.Generator, *, size: float, kind: str) -> Shape:
    r = size * g.uniform(0.97, 1.03)
    parts: list[Part] = [skin(ball([r] * 3, rows=10), rgb), felt(SPHERE, (r,))]
    if kind == "seam":
        t = np.linspace(0, 2 * np.pi, 33)[:-1]
        z = 0.45 * np.sin(2 * t)
        path = r * np.stack([np.cos(t) * np.sqrt(1 - z**2), np.sin(t) * np.sqrt(1 - z**2), z], 1)
        parts.append(skin(tube(path, [0.0016] * 32, sides=5, closed=True), (0.95, 0.95, 0.92), density=0.0))
    if kind == "striped":
        for low, high in ((-0.25, 0.25), (0.62, 0.85)):
            z = np.linspace(low, high, 4)
            out = [(float(r * np.sqrt(1 - v * v)) + 0.0006, float(r * v)) for v in z]
            back = [(a - 0.003, b) for a, b in out[::-1]]
            parts.append(skin(lathe([*out, *back], ring=True), lighter(rgb, 0.15), density=0.0))
    return Shape(parts=tuple(parts), radius=r, half_height=r, mass=0.06)


FAMILY = Family(
    name="toy_ball",
    nouns=("ball", "bouncy ball", "play ball"),
    use="throw and catch",
    colours=("red", "blue", "green", "orange", "pink", "yellow"),
    models=(
        Model(
            name="tennis ball",
            material="felt",
            colours=("yellow", "green"),
            use="play tennis with",
            build=partial(_build, size=0.033, kind="seam"),
        ),
        Model(name="striped ball", material="rubber", build=partial(_build, size=0.034, kind="striped")),
        Model(
            name="foam ball", synonyms=("soft ball",), material="foam", build=partial(_build, size=0.0315, kind="plain")
        ),
    ),
)
