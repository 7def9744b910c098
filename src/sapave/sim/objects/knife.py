"""Knives and turners, lying; too flat for the hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._cutlery import cutlery
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import stack

_STEEL = (0.76, 0.77, 0.80)


def _build(rgb: RGB, g: np.random.Generator, *, size: float, broad: float, tip: float, long: float = 0.085) -> Shape:
    """`tip`: how far the edge runs together towards the point, 0 (round) to 1 (pointed)."""
    b = broad / 2
    outline = np.array(
        [
            [-b, 0],
            [b, 0],
            [b, 0.6 * size],
            [b * (1 - 0.5 * tip), 0.85 * size],
            [b * (0.6 - tip), size],
            [-b, 0.96 * size],
        ]
    )
    middle = outline.mean(0)
    blade = stack(outline - middle, [(1.0, -0.0012), (1.0, 0.0012)]).at((*middle, 0.0))
    return cutlery(g, rgb, _STEEL, blade, long=long, wide=0.0080, grip=0.0065, mass=0.08)


FAMILY = Family(
    name="knife",
    nouns=("knife", "kitchen knife", "steel knife"),
    use="cut bread with",
    colours=("black", "red", "blue", "brown", "green"),
    models=(
        Model(
            name="table knife",
            material="steel, plastic handle",
            use="cut a steak with",
            build=partial(_build, size=0.075, broad=0.017, tip=0.3),
        ),
        Model(
            name="chef's knife",
            synonyms=("cook's knife",),
            material="steel, plastic handle",
            use="chop vegetables with",
            build=partial(_build, size=0.105, broad=0.036, tip=0.9),
        ),
        Model(
            name="butter knife",
            synonyms=("spreader",),
            material="steel, plastic handle",
            use="butter the toast with",
            build=partial(_build, size=0.060, broad=0.021, tip=0.0, long=0.070),
        ),
    ),
    graspable=False,
)
