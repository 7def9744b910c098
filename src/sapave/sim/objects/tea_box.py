"""Small tea boxes with a label band."""

from __future__ import annotations

import numpy as np

from sapave.sim.objects._family import BOX, Family, Part, Shape


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    a, b, h = g.uniform(0.025, 0.029), g.uniform(0.026, 0.032), g.uniform(0.032, 0.042)
    return Shape(
        parts=(
            Part(shape=BOX, size=(a, b, h), rgb=rgb),
            Part(shape=BOX, size=(a * 0.6, b * 0.6, 0.001), pos=(0, 0, h), rgb=(0.95, 0.93, 0.85), solid=False),
        ),
        radius=max(a, b),
        half_height=h,
        mass=0.12,
    )


FAMILY = Family(name="tea_box", nouns=("tea box", "box of tea", "tea packet"), use="brew tea with", build=_build)
