"""Tin cans with metal rims."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import CYLINDER, Family, Part, Shape

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


FAMILY = Family(name="can", nouns=("can", "tin", "tin can"), use="open for beans", build=_build)
