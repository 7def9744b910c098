"""Tin cans with metal rims."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import lighter, post, skin, turned
from sapave.sim.objects._family import CYLINDER, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe, slab

_METAL = (0.72, 0.72, 0.74)


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.029, 0.034), g.uniform(0.048, 0.058)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 1.02, 0.003), pos=(0, 0, h - 0.002), rgb=_METAL, solid=False),
            Part(shape=CYLINDER, size=(r * 1.02, 0.003), pos=(0, 0, -h + 0.003), rgb=_METAL, solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.3,
    )


def _tin(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, kind: str) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    if kind == "drink":
        body = [(0.78 * r, -h), (r, -h + 0.007), (r, h - 0.010), (0.84 * r, h - 0.002)]
        lid = [(0.86 * r, h - 0.003), (0.86 * r, h), (0.80 * r, h), (0.78 * r, h - 0.002)]
    else:
        body = [(r * 0.98, -h), (r * 0.98, h - 0.002)]
        lid = [(r, h - 0.004), (r, h), (0.94 * r, h), (0.93 * r, h - 0.002)]
    stripe = [(0.97 * r, -0.45 * h), (1.004 * r, -0.45 * h), (1.004 * r, 0.2 * h), (0.97 * r, 0.2 * h)]
    parts = [turned(body, rgb), turned(lid, _METAL), skin(slab(0.010, 0.005, 0.001, 0.004).at((0.006, 0, h)), _METAL)]
    parts += [skin(lathe(stripe, ring=True), lighter(rgb, 0.25), density=0.0), post(0.97 * r, -h, h)]
    if kind == "food":
        foot = [(0.94 * r, -h), (r, -h), (r, -h + 0.004), (0.94 * r, -h + 0.004)]
        parts.append(skin(lathe(foot, ring=True), _METAL))
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.3)


FAMILY = Family(
    name="can",
    nouns=("can", "tin", "tin can"),
    use="open for beans",
    build=_build,
    models=(
        Model(name="bean can", material="steel", build=_build, synonyms=("can of beans",)),
        Model(
            name="soda can",
            material="aluminium",
            build=partial(_tin, wide=0.0315, tall=0.116, kind="drink"),
            synonyms=("soft drink can",),
            use="drink cola from",
        ),
        Model(
            name="tuna can",
            material="steel",
            build=partial(_tin, wide=0.0370, tall=0.044, kind="food"),
            synonyms=("flat tin",),
            use="make a tuna sandwich with",
        ),
        Model(
            name="soup can",
            material="steel",
            build=partial(_tin, wide=0.0330, tall=0.100, kind="food"),
            synonyms=("can of soup",),
            use="heat soup from",
        ),
    ),
)
