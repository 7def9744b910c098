"""Bottles: a body, a thin neck, a cap."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import CYLINDER, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.027, 0.031), g.uniform(0.050, 0.060)
    neck = 0.016
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(0.011, neck), pos=(0, 0, h + neck), rgb=rgb),
            Part(shape=CYLINDER, size=(0.013, 0.006), pos=(0, 0, h + 2 * neck), rgb=(0.25, 0.25, 0.27), solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.3,
    )


FAMILY = Family(name="bottle", nouns=("bottle", "flask", "sauce bottle"), use="pour oil from", build=_build)
