"""Pears: a large and a small ball."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import RGB, SPHERE, Family, Model, Part, Shape
from sapave.sim.objects._fruit import stem
from sapave.sim.objects._mesh import lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r = g.uniform(0.031, 0.035)
    return Shape(
        parts=(
            Part(shape=SPHERE, size=(r,), rgb=rgb),
            Part(shape=SPHERE, size=(r * 0.6,), pos=(0, 0, r * 0.95), rgb=rgb),
        ),
        radius=r,
        half_height=r,
        mass=0.16,
    )


def _grown(rgb: RGB, g: np.random.Generator, *, size: float, slim: float, long: float) -> Shape:
    r = size * g.uniform(0.97, 1.03)
    top, upper = r * long, slim * r
    t = np.linspace(-0.95, 0.5, 7)
    belly = [(float(r * np.sqrt(1 - x * x)), float(r * x)) for x in t]
    neck = [(upper * 1.02, 0.75 * top), (0.86 * upper, 0.92 * top), (0.4 * upper, top)]
    parts = (
        skin(lathe([(0.0, -r), *belly, *neck]), rgb),
        stem(top - 0.002, 0.018),
        felt(SPHERE, (r,)),
        felt(SPHERE, (upper,), (0, 0, top - upper)),
    )
    return Shape(parts=parts, radius=r, half_height=r, mass=0.17)


FAMILY = Family(
    name="pear",
    nouns=("pear", "ripe pear", "conference pear"),
    use="slice for a fruit salad",
    colours=("red", "yellow", "green", "orange"),
    build=_build,
    models=(
        Model(name="round pear", material="fruit", build=_build, synonyms=("dessert pear",)),
        Model(
            name="slim pear",
            material="fruit",
            build=partial(_grown, size=0.0315, slim=0.52, long=1.85),
            synonyms=("bosc pear",),
            use="poach in wine",
            colours=(
                "green",
                "orange",
                "yellow",
            ),
        ),
        Model(
            name="williams pear",
            material="fruit",
            build=partial(_grown, size=0.034, slim=0.60, long=1.6),
            synonyms=("bartlett pear",),
            colours=(
                "yellow",
                "green",
                "red",
            ),
        ),
    ),
)
