"""Drinking glasses: straight or slightly wider at the top, tinted, hollow."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import lighter, vessel
from sapave.sim.objects._family import RGB, Family, Model, Shape


def _build(rgb: RGB, g: np.random.Generator, *, tall: float, foot: float, belly: float = 0.0) -> Shape:
    r, h = g.uniform(0.0325, 0.0345), tall * g.uniform(0.96, 1.04)
    outline = [(foot * r, 0.0), (r * (foot + 1) / 2 + belly, 0.5 * h), (r, h)]
    return vessel(
        outline, 0.0035, lighter(rgb, 0.55), mass=0.16, alpha=0.75, floor=0.006, inside=lighter(rgb, 0.35), steps=(0, 2)
    )


FAMILY = Family(
    name="glass",
    nouns=("glass", "drinking glass", "water glass"),
    use="serve cold lemonade in",
    colours=("blue", "green", "pink", "yellow", "purple"),
    models=(
        Model(name="water glass", material="glass", build=partial(_build, tall=0.095, foot=0.86)),
        Model(
            name="juice glass",
            synonyms=("small glass", "breakfast glass"),
            material="glass",
            use="drink orange juice from",
            build=partial(_build, tall=0.080, foot=0.78),
        ),
        Model(
            name="highball glass",
            synonyms=("tall glass", "long drink glass"),
            material="glass",
            use="mix a long drink in",
            build=partial(_build, tall=0.118, foot=0.92),
        ),
        Model(
            name="tulip glass",
            synonyms=("beer glass",),
            material="glass",
            use="pour beer into",
            build=partial(_build, tall=0.108, foot=0.72, belly=0.004),
        ),
    ),
    hollow=True,
)
