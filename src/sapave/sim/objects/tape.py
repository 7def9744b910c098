"""Rolls of tape, lying flat, with a hole."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import skin, wall
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe

_CARD = (0.72, 0.58, 0.40)


def _build(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, hole: float, core: RGB = _CARD) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.96, 1.04) / 2
    inner = hole * r
    roll = [(inner + 0.003, -h), (r, -h), (r, h), (inner + 0.003, h)]
    card = [(inner, -h), (inner + 0.0031, -h), (inner + 0.0031, h + 0.0003), (inner, h + 0.0003)]
    parts = (
        skin(lathe(roll, sides=20, ring=True), rgb),
        skin(lathe(card, sides=20, ring=True), core),
        *wall((r, -h), (r, h), r - inner),
    )
    return Shape(parts=parts, radius=r, half_height=h, mass=0.12)


FAMILY = Family(
    name="tape",
    nouns=("tape", "roll of tape", "sticky tape"),
    use="close a parcel with",
    colours=("silver", "brown", "beige", "blue", "red", "yellow", "green", "black"),
    models=(
        Model(
            name="duct tape",
            synonyms=("gaffer tape",),
            material="cloth tape",
            colours=("silver", "black"),
            use="fix a hose with",
            build=partial(_build, wide=0.036, tall=0.048, hole=0.62),
        ),
        Model(
            name="packing tape",
            synonyms=("parcel tape",),
            material="plastic film",
            colours=("brown", "beige"),
            build=partial(_build, wide=0.034, tall=0.050, hole=0.72),
        ),
        Model(
            name="masking tape",
            synonyms=("painter's tape",),
            material="paper",
            colours=("blue", "yellow", "beige"),
            use="mask an edge before painting",
            build=partial(_build, wide=0.035, tall=0.040, hole=0.66),
        ),
    ),
    grasp="around the outside",
)
