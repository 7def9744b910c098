"""Onions: round, with a dry tip."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import ELLIPSOID, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe, tube


def _build(rgb: RGB, g: np.random.Generator, *, size: float, flat: float, green: float = 0.0) -> Shape:
    r = size * g.uniform(0.96, 1.04)
    h = r * flat
    t = np.linspace(-0.97, 0.86, 9)
    outline = [(float(r * np.sqrt(1 - x * x)), float(h * x)) for x in t]
    tip = [(0.20 * r, h * 1.08), (0.10 * r, h * 1.3), (0.13 * r, h * 1.55)]
    dry = (0.66, 0.52, 0.30)
    parts = [
        skin(lathe([(0.0, -h), *outline, tip[0]]), rgb),
        skin(lathe([(0.22 * r, h * 1.05), *tip], sides=8), dry, density=0.1),
        felt(ELLIPSOID, (r, r, h)),
    ]
    if green:
        for lean in (-0.3, 0.3):
            path = np.array([[0, 0, h], [lean * green * 0.4, 0, h + green * 0.6], [lean * green, 0, h + green]])
            parts.append(skin(tube(path, [0.004, 0.004, 0.002], sides=6), (0.30, 0.55, 0.22), density=0.05))
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.13)


FAMILY = Family(
    name="onion",
    nouns=("onion", "cooking onion", "pungent onion"),
    use="chop for a stew",
    colours=("beige", "purple", "white"),
    models=(
        Model(
            name="yellow onion",
            synonyms=("brown onion",),
            material="vegetable",
            colours=("beige",),
            build=partial(_build, size=0.034, flat=0.86),
        ),
        Model(
            name="red onion",
            material="vegetable",
            colours=("purple",),
            use="slice raw for a burger",
            build=partial(_build, size=0.032, flat=0.92),
        ),
        Model(
            name="young onion",
            synonyms=("fresh onion",),
            material="vegetable",
            colours=("white",),
            build=partial(_build, size=0.031, flat=0.90, green=0.03),
        ),
    ),
)
