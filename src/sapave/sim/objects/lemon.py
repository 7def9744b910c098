"""Lemons: long, with a tip at each end; they lie."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import ELLIPSOID, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe
from sapave.sim.turns import turn_x


def _build(rgb: RGB, g: np.random.Generator, *, size: float, long: float, tip: float) -> Shape:
    r = size * g.uniform(0.96, 1.04)
    a = r * long
    t = np.linspace(-0.92, 0.92, 8)
    half = [(float(r * np.sqrt(1 - x * x)), float(a * x)) for x in t]
    outline = [(0.0, -a - tip), (0.22 * r, -a - 0.6 * tip), *half, (0.22 * r, a + 0.6 * tip), (0.0, a + tip)]
    parts = (skin(lathe(outline, sides=14).at(rotation=turn_x(np.pi / 2)), rgb), felt(ELLIPSOID, (r, a + 0.5 * tip, r)))
    return Shape(parts=parts, radius=r, half_height=r, mass=0.12)


FAMILY = Family(
    name="lemon",
    nouns=("lemon", "fresh lemon", "sour lemon"),
    use="squeeze over fish",
    colours=("yellow", "green"),
    models=(
        Model(name="smooth lemon", material="fruit", build=partial(_build, size=0.029, long=1.22, tip=0.007)),
        Model(
            name="garden lemon",
            synonyms=("big lemon",),
            material="fruit",
            build=partial(_build, size=0.034, long=1.20, tip=0.009),
        ),
        Model(
            name="green lemon",
            synonyms=("lime", "unripe lemon"),
            material="fruit",
            colours=("green",),
            use="mix a cocktail with",
            build=partial(_build, size=0.027, long=1.12, tip=0.004),
        ),
    ),
)
