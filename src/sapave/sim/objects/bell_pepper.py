"""Bell peppers: blocky, with lobes and a green stalk."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import post, skin
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._fruit import stem
from sapave.sim.objects._mesh import stack


def _build(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, taper: float) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.96, 1.04) / 2
    angles = 2 * np.pi * np.arange(20) / 20
    lobes = r * (0.93 + 0.07 * np.cos(4 * angles))
    outline = np.stack([lobes * np.cos(angles), lobes * np.sin(angles)], 1)
    levels = [(0.55 * taper, -h), (0.9 * taper, -0.8 * h), ((1 + taper) / 2, -0.2 * h), (1.0, 0.45 * h)]
    levels += [(0.92, 0.8 * h), (0.6, h), (0.2, 0.86 * h)]
    parts = (
        skin(stack(outline, levels), rgb),
        stem(0.88 * h, 0.022, thick=0.005, rgb=(0.30, 0.50, 0.18)),
        post(0.92 * taper * r, -h, 0.0),
        post(0.96 * r, -0.35 * h, 0.85 * h),
    )
    return Shape(parts=parts, radius=r, half_height=h, mass=0.16)


FAMILY = Family(
    name="bell_pepper",
    nouns=("bell pepper", "sweet pepper", "paprika"),
    use="stuff with rice",
    colours=("red", "yellow", "green", "orange"),
    models=(
        Model(name="blocky pepper", material="vegetable", build=partial(_build, wide=0.036, tall=0.076, taper=0.9)),
        Model(
            name="long pepper",
            synonyms=("pointed pepper",),
            material="vegetable",
            build=partial(_build, wide=0.031, tall=0.098, taper=0.66),
        ),
        Model(
            name="snack pepper",
            synonyms=("mini pepper",),
            material="vegetable",
            use="eat raw as a snack",
            build=partial(_build, wide=0.027, tall=0.058, taper=0.8),
        ),
    ),
)
