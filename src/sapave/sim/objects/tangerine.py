"""Tangerines and their kin, a little flattened, some with a leaf."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import ELLIPSOID, RGB, Family, Model, Shape
from sapave.sim.objects._fruit import LEAF, star, stem
from sapave.sim.objects._mesh import ball


def _build(rgb: RGB, g: np.random.Generator, *, size: float, flat: float = 0.86, leaf: bool = False) -> Shape:
    r = size * g.uniform(0.96, 1.04)
    h = r * flat
    parts = [skin(ball((r, r, h)), rgb), felt(ELLIPSOID, (r, r, h)), star(0.007, h, rgb=(0.30, 0.38, 0.15))]
    if leaf:
        blade = ball((0.019, 0.009, 0.002), rows=4, sides=8)
        parts += [stem(h, 0.010), skin(blade.at((0.017, 0.0, h + 0.007)), LEAF, density=0.1)]
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.11)


FAMILY = Family(
    name="tangerine",
    nouns=("tangerine", "clementine", "mandarin"),
    use="peel as a snack",
    colours=("orange",),
    models=(
        Model(name="seedless tangerine", material="fruit", build=partial(_build, size=0.031)),
        Model(
            name="leafy clementine",
            synonyms=("clementine with a leaf",),
            material="fruit",
            build=partial(_build, size=0.030, leaf=True),
        ),
        Model(
            name="navel tangerine",
            synonyms=("big tangerine",),
            material="fruit",
            use="press juice from",
            build=partial(_build, size=0.036, flat=0.95),
        ),
        Model(
            name="satsuma",
            synonyms=("seedless mandarin",),
            material="fruit",
            build=partial(_build, size=0.032, flat=0.78),
        ),
    ),
)
