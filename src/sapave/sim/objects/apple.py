"""Apples with a stem."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import BOX, ELLIPSOID, RGB, SPHERE, Family, Model, Part, Shape
from sapave.sim.objects._fruit import LEAF, stem
from sapave.sim.objects._mesh import ball, lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r = g.uniform(0.032, 0.036)
    return Shape(
        parts=(
            Part(shape=SPHERE, size=(r,), rgb=rgb),
            Part(shape=BOX, size=(0.002, 0.002, 0.008), pos=(0, 0, r + 0.005), rgb=(0.3, 0.2, 0.1), solid=False),
        ),
        radius=r,
        half_height=r,
        mass=0.15,
    )


def _grown(rgb: RGB, g: np.random.Generator, *, size: float, flat: float, leaf: bool = False) -> Shape:
    r = size * g.uniform(0.97, 1.03)
    h = r * flat
    t = np.linspace(-0.9, 0.9, 9)
    side = [(float(r * np.sqrt(1 - x * x) * (1 + 0.06 * x)), float(h * x)) for x in t]
    outline = [(0.0, -0.86 * h), (0.25 * r, -0.97 * h), *side, (0.25 * r, 0.96 * h), (0.0, 0.72 * h)]
    parts = [skin(lathe(outline), rgb), stem(0.75 * h, 0.020), felt(ELLIPSOID, (r, r, h))]
    if leaf:
        blade = ball((0.014, 0.007, 0.0016), rows=4, sides=8)
        parts.append(skin(blade.at((0.015, 0.0, h + 0.004)), LEAF, density=0.1))
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.15)


FAMILY = Family(
    name="apple",
    nouns=("apple", "ripe apple", "eating apple"),
    use="eat as fruit",
    colours=("red", "yellow", "green", "pink"),
    build=_build,
    models=(
        Model(name="round apple", material="fruit", build=_build, synonyms=("eating apple",)),
        Model(
            name="orchard apple",
            material="fruit",
            build=partial(_grown, size=0.035, flat=0.92),
            synonyms=("big apple",),
            use="bake into a pie",
        ),
        Model(
            name="leafy apple",
            material="fruit",
            build=partial(_grown, size=0.032, flat=0.96, leaf=True),
            synonyms=("apple with a leaf",),
        ),
        Model(
            name="crab apple",
            material="fruit",
            build=partial(_grown, size=0.029, flat=0.98),
            synonyms=("small apple",),
            use="make jelly from",
            colours=(
                "red",
                "yellow",
                "pink",
            ),
        ),
    ),
)
