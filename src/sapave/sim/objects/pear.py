"""Pears: a large and a small ball."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import SPHERE, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r = g.uniform(0.031, 0.035)
    return Shape(
        parts=(
            Part(shape=SPHERE, size=(r,), rgb=rgb),
            Part(shape=SPHERE, size=(r * 0.6,), pos=(0, 0, r * 0.95), rgb=rgb),
        ),
        radius=r,
        half_height=r,
        mass=0.16,
    )


FAMILY = Family(
    name="pear",
    nouns=("pear", "ripe pear", "conference pear"),
    use="slice for a fruit salad",
    colours=("red", "yellow", "green", "orange"),
    build=_build,
)
