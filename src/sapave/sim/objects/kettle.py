"""Kettles and teapots: round, with spout, lid and handle; too wide and heavy for one hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, felt, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import ball, tube

_BLACK = (0.13, 0.12, 0.12)


def _build(
    rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, waist: float, arch: bool, knob: RGB = _BLACK
) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.96, 1.04)
    z = h / 2
    outline = [(0.86 * r, -z), (r, -z + 0.22 * h), (waist * r + (1 - waist) * 0.5 * r, z - 0.3 * h), (waist * r, z)]
    lid = [(waist * r, z), (waist * 0.8 * r, z + 0.008), (0.0, z + 0.012)]
    spout = np.array([[0.85 * r, 0, -0.25 * h], [1.25 * r, 0, 0.05 * h], [1.5 * r, 0, z - 0.02]])
    t = np.linspace(-1.0, 1.0, 7)
    if arch:
        path = np.stack([0.75 * r * np.sin(1.5 * t), 0 * t, z * 0.7 + 0.042 * np.cos(1.5 * t)], 1)
    else:
        path = np.stack([-0.8 * r - 0.035 * np.cos(1.5 * t), 0 * t, 0.38 * h * t], 1)
    parts = (
        turned(outline, rgb),
        turned(lid, darker(rgb, 0.8)),
        skin(ball((0.010, 0.010, 0.009), rows=5, sides=8).at((0, 0, z + 0.018)), knob),
        skin(tube(spout, [0.014, 0.010, 0.007], sides=8), rgb),
        skin(tube(path, [0.0055] * 7, sides=6), knob),
        post(r * 0.97, -z, z - 0.35 * h),
        post((waist + 1) / 2 * r, -z + 0.01, z),
        felt(BOX, (0.3 * r, 0.010, 0.2 * h), (1.15 * r, 0.0, 0.02 * h), grip=False),
    )
    return Shape(parts=parts, radius=r, half_height=z, mass=0.9)


FAMILY = Family(
    name="kettle",
    nouns=("kettle", "water kettle", "tea kettle"),
    use="boil water in",
    colours=("silver", "red", "white", "green", "blue", "black", "brown"),
    models=(
        Model(
            name="whistling kettle",
            synonyms=("stovetop kettle",),
            material="steel",
            build=partial(_build, wide=0.070, tall=0.082, waist=0.5, arch=True),
        ),
        Model(
            name="electric kettle",
            synonyms=("water boiler",),
            material="plastic",
            colours=("white", "black", "silver"),
            build=partial(_build, wide=0.060, tall=0.130, waist=0.72, arch=False),
        ),
        Model(
            name="teapot",
            synonyms=("tea pot",),
            material="ceramic",
            use="make tea in",
            colours=("white", "blue", "green", "brown"),
            build=partial(_build, wide=0.062, tall=0.078, waist=0.45, arch=False, knob=(0.75, 0.70, 0.62)),
        ),
    ),
    graspable=False,
    yaws=(-1.2, 1.2),
)
