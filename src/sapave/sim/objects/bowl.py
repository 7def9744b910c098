"""Bowls: wide and round, to pour and put things into; too wide for one hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, lighter, vessel
from sapave.sim.objects._family import RGB, Family, Model, Shape


def _build(
    rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, foot: float, flare: float = 0.8, mass: float = 0.35
) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.95, 1.05)
    outline = [(foot * r, 0.0), (foot * r, 0.004), (flare * r, 0.38 * h), (0.95 * r, 0.72 * h), (r, h)]
    return vessel(
        outline, 0.004, rgb, mass=mass, inside=lighter(rgb, 0.45) if mass > 0.2 else darker(rgb, 0.8), steps=(1, 2, 4)
    )


FAMILY = Family(
    name="bowl",
    nouns=("bowl", "dish", "basin"),
    use="eat soup from",
    colours=("white", "blue", "red", "green", "yellow", "pink", "silver", "brown", "beige"),
    models=(
        Model(
            name="cereal bowl",
            synonyms=("breakfast bowl", "muesli bowl"),
            material="ceramic",
            use="eat cereal from",
            build=partial(_build, wide=0.066, tall=0.055, foot=0.5),
        ),
        Model(
            name="soup bowl", material="ceramic", build=partial(_build, wide=0.070, tall=0.046, foot=0.55, flare=0.84)
        ),
        Model(
            name="mixing bowl",
            synonyms=("baking bowl",),
            material="steel",
            colours=("silver",),
            use="stir dough in",
            build=partial(_build, wide=0.080, tall=0.070, foot=0.45, flare=0.78),
        ),
        Model(
            name="salad bowl",
            synonyms=("wooden bowl",),
            material="wood",
            colours=("brown", "beige"),
            use="toss lettuce in",
            build=partial(_build, wide=0.085, tall=0.060, foot=0.5, flare=0.82, mass=0.19),
        ),
    ),
    graspable=False,
    hollow=True,
)
