"""Tomatoes with their green star."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import ELLIPSOID, RGB, Family, Model, Shape
from sapave.sim.objects._fruit import star, stem
from sapave.sim.objects._mesh import ball


def _build(rgb: RGB, g: np.random.Generator, *, size: float, flat: float, vine: float = 0.008) -> Shape:
    r = size * g.uniform(0.96, 1.04)
    h = r * flat
    parts = (
        skin(ball((r, r, h)), rgb),
        felt(ELLIPSOID, (r, r, h)),
        star(0.55 * r, h + 0.001, points=6),
        stem(h, vine, rgb=(0.28, 0.50, 0.18)),
    )
    return Shape(parts=parts, radius=r, half_height=h, mass=0.13)


FAMILY = Family(
    name="tomato",
    nouns=("tomato", "ripe tomato", "garden tomato"),
    use="slice for a sandwich",
    colours=("red", "yellow", "green"),
    models=(
        Model(name="vine tomato", material="vegetable", colours=("red",), build=partial(_build, size=0.032, flat=0.9)),
        Model(
            name="beef tomato",
            synonyms=("big tomato",),
            material="vegetable",
            build=partial(_build, size=0.037, flat=0.74),
        ),
        Model(
            name="plum tomato",
            synonyms=("roma tomato",),
            material="vegetable",
            colours=("red", "yellow"),
            use="make tomato sauce from",
            build=partial(_build, size=0.027, flat=1.25, vine=0.005),
        ),
    ),
)
