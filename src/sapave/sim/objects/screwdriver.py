"""Screwdrivers, standing on the butt of their handle."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, felt, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import slab

_STEEL = (0.70, 0.71, 0.74)


def _build(rgb: RGB, g: np.random.Generator, *, thick: float, grip: float, blade: float, tip: str) -> Shape:
    r, h = thick * g.uniform(0.97, 1.03), grip * g.uniform(0.97, 1.03) / 2
    outline = [(0.86 * r, -h), (r, -h + 0.008), (0.92 * r, 0.0), (r, 0.6 * h), (0.62 * r, 0.86 * h), (0.55 * r, h)]
    top = h + blade
    end = {"flat": slab(0.006, 0.0015, 0.009, 0.001), "cross": slab(0.0035, 0.0035, 0.008, 0.001)}.get(tip)
    parts = [
        turned(outline, rgb),
        turned([(r * 0.99, -h), (r * 0.8, -h - 0.0005)][::-1], darker(rgb, 0.4)),
        turned([(0.0045, h - 0.004), (0.0045, top)], _STEEL, density=3.0),
        post(0.94 * r, -h, 0.85 * h),
        felt(BOX, (0.004, 0.004, blade / 2), (0.0, 0.0, h + blade / 2), grip=False),
    ]
    if end is not None:
        parts.append(skin(end.at((0.0, 0.0, top)), _STEEL, density=3.0))
    else:
        parts.append(turned([(0.0085, top - 0.02), (0.0085, top)], _STEEL, density=3.0))
    return Shape(parts=tuple(parts), radius=r, half_height=h + 0.0005, mass=0.12)


FAMILY = Family(
    name="screwdriver",
    nouns=("screwdriver", "screw driver", "turnscrew"),
    use="drive a screw with",
    colours=("red", "yellow", "blue", "green", "orange"),
    models=(
        Model(
            name="slotted screwdriver",
            synonyms=("flat screwdriver",),
            material="plastic and steel",
            build=partial(_build, thick=0.0180, grip=0.095, blade=0.060, tip="flat"),
        ),
        Model(
            name="cross-head screwdriver",
            synonyms=("phillips screwdriver",),
            material="plastic and steel",
            build=partial(_build, thick=0.0190, grip=0.090, blade=0.050, tip="cross"),
        ),
        Model(
            name="nut driver",
            synonyms=("socket driver",),
            material="plastic and steel",
            use="tighten a nut with",
            build=partial(_build, thick=0.0185, grip=0.098, blade=0.045, tip="socket"),
        ),
    ),
    grasp="around the handle",
)
