"""Apples with a stem."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import BOX, SPHERE, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r = g.uniform(0.032, 0.036)
    return Shape(
        parts=(
            Part(shape=SPHERE, size=(r,), rgb=rgb),
            Part(shape=BOX, size=(0.002, 0.002, 0.008), pos=(0, 0, r + 0.005), rgb=(0.3, 0.2, 0.1), solid=False),
        ),
        radius=r,
        half_height=r,
        mass=0.15,
    )


FAMILY = Family(
    name="apple",
    nouns=("apple", "ripe apple", "eating apple"),
    use="eat as fruit",
    colours=("red", "yellow", "green", "pink"),
    build=_build,
)
