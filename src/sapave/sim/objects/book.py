"""Books, standing upright; the spine looks along +x."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, felt, lighter, skin
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import join, slab

_PAPER = (0.93, 0.91, 0.82)


def _build(rgb: RGB, g: np.random.Generator, *, deep: float, thick: float, tall: float, label: float) -> Shape:
    a, b, h = deep * g.uniform(0.97, 1.03), thick * g.uniform(0.96, 1.04), tall * g.uniform(0.97, 1.03)
    cover = 0.002
    covers = [slab(a, cover / 2, h, 0.0008).at((0, s * (b - cover / 2), 0)) for s in (-1, 1)]
    spine = slab(cover / 2, b, h, 0.0008).at((a - cover / 2, 0, 0))
    title = slab(0.0006, 0.62 * b, label * h, 0.0004).at((a, 0, 0.3 * h))
    front = slab(0.6 * a, 0.0006, 0.3 * h, 0.0004).at((0, -b, 0.35 * h))
    parts = (
        skin(slab(a - 0.003, b - cover, h - 0.003, 0.001).at((-0.002, 0, 0)), _PAPER),
        skin(join(*covers, spine), rgb),
        skin(join(title, front), lighter(rgb, 0.25) if sum(rgb) < 2 else darker(rgb, 0.4), density=0.0),
        felt(BOX, (a, b, h)),
    )
    return Shape(parts=parts, radius=b, half_height=h, mass=0.25)


FAMILY = Family(
    name="book",
    nouns=("book", "paperback", "volume"),
    use="read in the evening",
    colours=("blue", "red", "green", "yellow", "purple", "white"),
    models=(
        Model(
            name="pocket novel",
            synonyms=("paperback novel",),
            material="paper",
            build=partial(_build, deep=0.035, thick=0.0185, tall=0.056, label=0.35),
        ),
        Model(
            name="dictionary",
            synonyms=("pocket dictionary",),
            material="paper",
            use="look up a word in",
            build=partial(_build, deep=0.033, thick=0.0245, tall=0.052, label=0.5),
        ),
        Model(
            name="cookbook",
            synonyms=("recipe book",),
            material="paper",
            use="find a recipe in",
            build=partial(_build, deep=0.036, thick=0.0210, tall=0.060, label=0.25),
        ),
    ),
    yaws=(-2.2, -1.0),
    grasp="across the covers, from the open side",
)
