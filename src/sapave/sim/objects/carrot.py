"""Carrots: tapered, lying, with a tuft of leaves; too thin for the hand on a counter."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import skin
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._fruit import LEAF, lying
from sapave.sim.objects._mesh import join, tube


def _build(rgb: RGB, g: np.random.Generator, *, thick: float, long: float, blunt: float, tuft: float) -> Shape:
    r, length = thick * g.uniform(0.97, 1.03), long * g.uniform(0.95, 1.05)
    radii = [r * s for s in (0.85, 1.0, 0.97, (2 + blunt) / 3, (1 + 2 * blunt) / 3, blunt, 0.35 * blunt)]
    y = np.array([-0.40, -0.37, -0.15, 0.1, 0.33, 0.55, 0.60]) * length
    path = np.stack([0 * y, y, np.array(radii) - r], 1)  # it lies on its underside
    body, parts = lying(path, radii)
    leaves = []
    for side in (-0.5, 0.0, 0.5):
        end = path[0] + tuft * np.array([0.6 * side, -1.0, 0.12])
        leaves.append(tube(np.stack([path[0], (path[0] + end) / 2, end]), [0.002, 0.006, 0.003], sides=5))
    parts = [skin(body, rgb), skin(join(*leaves), LEAF, density=0.1), *parts]
    return Shape(parts=tuple(parts), radius=r, half_height=r, mass=0.10)


FAMILY = Family(
    name="carrot",
    nouns=("carrot", "raw carrot", "crunchy carrot"),
    use="grate for a salad",
    colours=("orange", "purple", "yellow"),
    models=(
        Model(
            name="long carrot",
            material="vegetable",
            build=partial(_build, thick=0.0190, long=0.150, blunt=0.4, tuft=0.04),
        ),
        Model(
            name="stubby carrot",
            synonyms=("short carrot",),
            material="vegetable",
            build=partial(_build, thick=0.0215, long=0.105, blunt=0.65, tuft=0.03),
        ),
        Model(
            name="heirloom carrot",
            synonyms=("purple carrot",),
            material="vegetable",
            colours=("purple", "yellow"),
            build=partial(_build, thick=0.0200, long=0.130, blunt=0.4, tuft=0.05),
        ),
    ),
    graspable=False,
)
