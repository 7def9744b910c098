"""Eggplants: a thick and a thin end, a green cap; they lie, and roll out of the hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, rod, skin
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._fruit import FLAT, LEAF
from sapave.sim.objects._mesh import tube


def _build(rgb: RGB, g: np.random.Generator, *, thick: float, long: float, slim: float) -> Shape:
    r, length = thick * g.uniform(0.97, 1.03), long * g.uniform(0.95, 1.05)
    dark = (rgb[0] * 0.62, rgb[1] * 0.5, rgb[2] * 0.62)
    radii = [r * s for s in (0.45, 0.85, 1.0, 0.97, (1 + slim) / 2, slim, 0.8 * slim)]
    y = np.array([-0.42, -0.36, -0.18, 0.0, 0.2, 0.42, 0.5]) * length
    path = np.stack([0 * y, y, np.array([0, 0, 0, radii[3] - r, radii[4] - r, radii[5] - r, radii[5] - r])], 1)
    body = tube(path, radii, sides=12)
    tail = (path[4] + path[5]) / 2
    parts = (
        rod(path[2], path[3], 0.97 * r),
        rod(path[3], tail, radii[4]),
        felt(BOX, (FLAT * r, 0.12 * length, 0.1 * r), (0.0, -0.08 * length, -0.9 * r)),
    )
    end = path[-1]
    cap = tube(np.stack([end - [0, 0.022, 0], end + [0, 0.003, 0]]), [slim * r * 1.12, slim * r * 0.7], sides=8)
    stalk = tube(np.stack([end, end + [0.0, 0.022, 0.006]]), [0.005, 0.004], sides=6)
    skins = [skin(body, dark), skin(cap, LEAF, density=0.3), skin(stalk, LEAF, density=0.3)]
    return Shape(parts=(*skins, *parts), radius=r, half_height=r, mass=0.22)


FAMILY = Family(
    name="eggplant",
    nouns=("eggplant", "aubergine", "brinjal"),
    use="bake for a moussaka",
    colours=("purple", "pink", "white"),
    models=(
        Model(name="globe eggplant", material="vegetable", build=partial(_build, thick=0.032, long=0.125, slim=0.62)),
        Model(
            name="graffiti eggplant",
            synonyms=("pink eggplant",),
            material="vegetable",
            colours=("pink", "white"),
            build=partial(_build, thick=0.030, long=0.110, slim=0.66),
        ),
        Model(
            name="baby eggplant",
            synonyms=("small aubergine",),
            material="vegetable",
            colours=("purple",),
            build=partial(_build, thick=0.027, long=0.095, slim=0.60),
        ),
    ),
    graspable=False,
)
