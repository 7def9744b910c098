"""Mugs: a cup with a handle on its +x side."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import BOX, CYLINDER, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.031, 0.035), g.uniform(0.042, 0.048)
    dark = (rgb[0] * 0.45, rgb[1] * 0.45, rgb[2] * 0.45)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=BOX, size=(0.010, 0.005, 0.005), pos=(r + 0.009, 0, 0.6 * h), rgb=rgb),
            Part(shape=BOX, size=(0.010, 0.005, 0.005), pos=(r + 0.009, 0, -0.45 * h), rgb=rgb),
            Part(shape=BOX, size=(0.004, 0.005, 0.55 * h), pos=(r + 0.021, 0, 0.07 * h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.85, 0.0015), pos=(0, 0, h), rgb=dark, solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.2,
    )


FAMILY = Family(name="mug", nouns=("mug", "coffee mug", "tea mug"), use="drink coffee from", build=_build)
