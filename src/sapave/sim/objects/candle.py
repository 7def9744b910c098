"""Candles with a wick."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, lighter, post, skin, turned
from sapave.sim.objects._family import RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe, tube


def _build(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, glass: bool = False, rings: int = 0) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    wick = tube(np.array([[0, 0, h - 0.006], [0.001, 0, h + 0.006], [0.003, 0, h + 0.012]]), [0.0018] * 3, sides=5)
    parts: list[Part] = [skin(wick, (0.12, 0.10, 0.09), density=0.1), post(r * 0.98, -h, h)]
    if glass:
        parts += [
            turned([(0.94 * r, -h), (r, -h + 0.005), (r, 0.25 * h)], rgb),
            turned([(0.9 * r, 0.2 * h), (0.9 * r, h - 0.012)], lighter(rgb, 0.3)),
            skin(
                lathe([(0.94 * r, 0.2 * h), (r, 0.2 * h), (r, h), (0.94 * r, h)], ring=True),
                (0.80, 0.88, 0.90),
                alpha=0.5,
            ),
        ]
    else:
        top = [(0.85 * r, h - 0.001), (0.3 * r, h - 0.004), (0.0, h - 0.005)]
        parts.append(turned([(r, -h), (r, h - 0.003), (0.95 * r, h), *top], rgb))
    for i in range(rings):
        z = h * (-0.6 + 1.2 * i / max(rings - 1, 1))
        band = [(r - 0.002, z - 0.004), (r * 1.015, z - 0.004), (r * 1.015, z + 0.004), (r - 0.002, z + 0.004)]
        parts.append(skin(lathe(band, ring=True), darker(rgb, 0.55), density=0.0))
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.2)


FAMILY = Family(
    name="candle",
    nouns=("candle", "wax candle", "table candle"),
    use="light for a cosy evening",
    colours=("white", "red", "yellow", "purple", "pink", "green"),
    models=(
        Model(name="pillar candle", material="wax", build=partial(_build, wide=0.031, tall=0.092)),
        Model(
            name="advent candle",
            synonyms=("ringed candle",),
            material="wax",
            colours=("red", "green", "purple"),
            use="light in december",
            build=partial(_build, wide=0.029, tall=0.104, rings=3),
        ),
        Model(
            name="scented candle",
            synonyms=("candle in a glass",),
            material="wax in glass",
            use="make the room smell of vanilla",
            build=partial(_build, wide=0.034, tall=0.078, glass=True),
        ),
    ),
)
