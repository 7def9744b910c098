"""Straight cups without a handle."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import CYLINDER, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.029, 0.034), g.uniform(0.042, 0.050)
    dark = (rgb[0] * 0.45, rgb[1] * 0.45, rgb[2] * 0.45)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.85, 0.0015), pos=(0, 0, h), rgb=dark, solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.12,
    )


FAMILY = Family(name="cup", nouns=("cup", "beaker", "tumbler"), use="drink water from", build=_build)
