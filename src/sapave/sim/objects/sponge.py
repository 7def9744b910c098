"""Kitchen sponges with a scouring side."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import BOX, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    a, b, h = g.uniform(0.038, 0.044), g.uniform(0.026, 0.031), g.uniform(0.020, 0.024)
    return Shape(
        parts=(
            Part(shape=BOX, size=(a, b, h), rgb=rgb),
            Part(
                shape=BOX, size=(a * 1.01, b * 1.01, h * 0.25), pos=(0, 0, -h * 0.7), rgb=(0.2, 0.25, 0.2), solid=False
            ),
        ),
        radius=b,
        half_height=h,
        mass=0.04,
    )


FAMILY = Family(
    name="sponge", nouns=("sponge", "dish sponge", "scrubbing sponge"), use="wipe the counter with", build=_build
)
