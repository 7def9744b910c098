"""Jars: wide and low, with a metal lid."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import CYLINDER, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.032, 0.036), g.uniform(0.036, 0.044)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.92, 0.007), pos=(0, 0, h + 0.006), rgb=(0.80, 0.76, 0.62), solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.3,
    )


FAMILY = Family(name="jar", nouns=("jar", "jam jar", "preserve jar"), use="spread on bread", build=_build)
