"""Toothbrush cups: a hollow cup with brushes that lean in it and belong to it."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, skin, vessel
from sapave.sim.objects._family import RGB, Family, Model, Shape, shade
from sapave.sim.objects._mesh import slab, tube
from sapave.sim.turns import turn_y, turn_z

_WHITE = (0.94, 0.94, 0.93)


def _build(rgb: RGB, g: np.random.Generator, *, brushes: int, tall: float, foot: float) -> Shape:
    r, h = g.uniform(0.031, 0.034), tall * g.uniform(0.97, 1.03)
    extra = []
    for i in range(brushes):
        colour = shade(("red", "blue", "green")[i % 3], g)
        turn = turn_z(2.4 * i + 0.6) @ turn_y(0.26 + 0.05 * i)
        stick = tube(np.array([[0, 0, -0.035], [0, 0, 0.02], [0, 0, 0.085]]), [0.0038, 0.0042, 0.0032], sides=6)
        bristles = slab(0.0035, 0.0035, 0.010, 0.001).at((0.006, 0, 0.076))
        extra += [
            skin(stick.at(rotation=turn), colour, density=0.6),
            skin(bristles.at(rotation=turn), _WHITE, density=0.2),
        ]
    outline = [(foot * r, 0.0), (r * (1 + foot) / 2, 0.5 * h), (r, h)]
    return vessel(outline, 0.0035, rgb, mass=0.18, inside=darker(rgb, 0.55), steps=(0, 2), extra=extra)


FAMILY = Family(
    name="toothbrush_cup",
    nouns=("toothbrush cup", "toothbrush holder", "tooth mug"),
    use="keep toothbrushes in",
    colours=("white", "blue", "green", "pink"),
    models=(
        Model(
            name="family toothbrush cup",
            synonyms=("cup with three toothbrushes",),
            material="ceramic",
            build=partial(_build, brushes=3, tall=0.088, foot=0.92),
        ),
        Model(
            name="couple's toothbrush cup",
            synonyms=("cup with two toothbrushes",),
            material="ceramic",
            build=partial(_build, brushes=2, tall=0.094, foot=0.84),
        ),
        Model(
            name="travel toothbrush cup",
            synonyms=("cup with one toothbrush",),
            material="plastic",
            build=partial(_build, brushes=1, tall=0.082, foot=0.98),
        ),
    ),
    hollow=True,
    grasp="around the cup",
)
