"""Drink cartons: a tall box with a gable."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import BOX, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    w, h = g.uniform(0.025, 0.029), g.uniform(0.054, 0.064)
    white = (0.93, 0.93, 0.90)
    return Shape(
        parts=(
            Part(shape=BOX, size=(w, w, h), rgb=rgb),
            Part(shape=BOX, size=(w * 1.01, w * 1.01, h * 0.22), pos=(0, 0, h * 0.45), rgb=white, solid=False),
            Part(shape=BOX, size=(w, 0.004, 0.010), pos=(0, 0, h + 0.009), rgb=rgb, solid=False),
        ),
        radius=w * 1.2,
        half_height=h,
        mass=0.3,
    )


FAMILY = Family(name="carton", nouns=("carton", "juice carton", "milk carton"), use="pour into cereal", build=_build)
