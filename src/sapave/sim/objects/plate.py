"""Plates: flat and wide, to put things on; they lie and are not picked up."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, lighter, post, skin, wall
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe


def _build(
    rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, well: float = 0.66, ring: bool = True
) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.95, 1.05)
    z, s, t = h / 2, well * r, 0.004
    under = [(0.55 * r, -z), (s, -z + 0.002), (r, z - 0.002)]
    above = [(r, z), (s, -z + 0.002 + t), (0.5 * r, -z + t)]
    band = [(0.985 * r, z - 0.0007), (0.90 * r, z - 0.1 * h), (0.90 * r, z - 0.1 * h + 0.002), (0.985 * r, z + 0.001)]
    parts = [skin(lathe([*under, *above], sides=24), rgb)]
    if ring:
        trim = darker(rgb, 0.55) if min(rgb) > 0.6 else lighter(rgb, 0.3)
        parts.append(skin(lathe(band[::-1], sides=24, ring=True), trim, density=0.0))
    parts += [post(0.58 * r, -z, -z + t), *wall((0.6 * r, -z + 0.002), (r, z - 0.002), t)]
    return Shape(parts=tuple(parts), radius=r, half_height=z, mass=0.4)


FAMILY = Family(
    name="plate",
    nouns=("plate", "china plate", "flat plate"),
    use="eat dinner from",
    colours=("white", "blue", "green", "pink", "yellow"),
    models=(
        Model(name="dinner plate", material="ceramic", build=partial(_build, wide=0.105, tall=0.020)),
        Model(
            name="side plate",
            synonyms=("bread plate",),
            material="ceramic",
            use="put bread on",
            build=partial(_build, wide=0.078, tall=0.016),
        ),
        Model(
            name="camping plate",
            synonyms=("plastic plate",),
            material="plastic",
            use="eat from at a picnic",
            build=partial(_build, wide=0.092, tall=0.026, well=0.80, ring=False),
        ),
        Model(
            name="saucer",
            material="ceramic",
            use="put under a teacup",
            build=partial(_build, wide=0.070, tall=0.020, well=0.5),
        ),
    ),
    graspable=False,
)
