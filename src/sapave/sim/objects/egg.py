"""Eggs: lying, one end blunter."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import ELLIPSOID, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe
from sapave.sim.turns import turn_x


def _build(rgb: RGB, g: np.random.Generator, *, size: float, band: bool = False) -> Shape:
    r = size * g.uniform(0.97, 1.03)
    a = 1.3 * r
    t = np.linspace(-0.96, 0.96, 10)

    def radius(x: float) -> float:
        return float(r * np.sqrt(1 - x * x) * (1 - 0.1 * x))

    lay = turn_x(np.pi / 2)
    body = lathe([(0.0, -a), *[(radius(x), float(a * x)) for x in t], (0.0, a)], sides=14)
    parts = [skin(body.at(rotation=lay), rgb), felt(ELLIPSOID, (r, a, r))]
    if band:
        for x in (-0.35, 0.25):
            edge = [
                (radius(x + d) + e, a * (x + d)) for d, e in ((0, -0.002), (0, 0.0006), (0.16, 0.0006), (0.16, -0.002))
            ]
            parts.append(skin(lathe(edge, sides=14, ring=True).at(rotation=lay), (0.80, 0.16, 0.22), density=0.0))
    return Shape(parts=tuple(parts), radius=r, half_height=r, mass=0.065)


FAMILY = Family(
    name="egg",
    nouns=("egg", "hen's egg", "boiled egg"),
    use="bake a cake with",
    colours=("white", "beige"),
    models=(
        Model(name="white egg", material="egg shell", build=partial(_build, size=0.0250)),
        Model(
            name="farm egg",
            synonyms=("brown egg",),
            material="egg shell",
            colours=("beige",),
            build=partial(_build, size=0.0255),
        ),
        Model(
            name="easter egg",
            synonyms=("painted egg",),
            material="painted wood",
            use="hide in the garden at easter",
            build=partial(_build, size=0.0270, band=True),
        ),
    ),
)
