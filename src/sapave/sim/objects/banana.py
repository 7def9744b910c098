"""Bananas: bent, lying on their side; too thin for the hand on a counter."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import skin
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._fruit import lying
from sapave.sim.objects._mesh import tube

_TIP = (0.25, 0.20, 0.10)


def _build(rgb: RGB, g: np.random.Generator, *, thick: float, arc: float, bend: float = 1.1) -> Shape:
    r, length = thick * g.uniform(0.97, 1.03), arc * g.uniform(0.95, 1.05)
    t = np.linspace(-bend / 2, bend / 2, 9)
    radius = length / bend
    path = np.stack([radius * np.cos(t), radius * np.sin(t), 0 * t], 1)
    path[:, 0] -= radius * np.cos(0.3 * bend)  # the grasp is at the middle of the bow
    body, parts = lying(path, [r * s for s in (0.45, 0.75, 0.92, 1.0, 1.0, 1.0, 0.92, 0.75, 0.45)])
    ahead = path[-1] - path[-2]
    stalk = tube(np.stack([path[-1], path[-1] + 1.1 * ahead]), [0.42 * r, 0.3 * r], sides=6)
    end = tube(np.stack([path[0], path[0] + 0.4 * (path[0] - path[1])]), [0.42 * r, 0.2 * r], sides=6)
    skins = [skin(body, rgb), skin(stalk, rgb), skin(end, _TIP)]
    return Shape(parts=(*skins, *parts), radius=1.2 * r, half_height=r, mass=0.14)


FAMILY = Family(
    name="banana",
    nouns=("banana", "sweet banana", "bent banana"),
    use="peel for breakfast",
    colours=("yellow", "green"),
    models=(
        Model(
            name="ripe banana", material="fruit", colours=("yellow",), build=partial(_build, thick=0.0185, arc=0.135)
        ),
        Model(
            name="unripe banana",
            synonyms=("green banana",),
            material="fruit",
            colours=("green",),
            build=partial(_build, thick=0.0185, arc=0.145, bend=0.9),
        ),
        Model(
            name="baby banana",
            synonyms=("small banana",),
            material="fruit",
            colours=("yellow",),
            build=partial(_build, thick=0.0175, arc=0.100),
        ),
    ),
    graspable=False,
)
