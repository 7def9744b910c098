"""Vases: slim, turned, hollow; some with a waist."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, lighter, skin, vessel
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe

_BELLY = ((0.70, 0.0), (1.0, 0.28), (0.95, 0.48), (0.52, 0.76), (0.68, 1.0))
_STRAIGHT = ((0.90, 0.0), (0.94, 0.25), (0.96, 0.5), (0.98, 0.75), (1.0, 1.0))
_FLARED = ((0.86, 0.0), (0.80, 0.25), (0.78, 0.5), (0.86, 0.76), (1.0, 1.0))


def _build(rgb: RGB, g: np.random.Generator, *, form: tuple[tuple[float, float], ...], band: bool = False) -> Shape:
    r, h = g.uniform(0.0325, 0.0345), g.uniform(0.112, 0.122)
    outline = [(a * r, b * h) for a, b in form]
    extra = []
    if band:
        a = form[1][0] * r + 0.0006
        ring = [(a - 0.004, -0.26 * h), (a, -0.26 * h), (a, -0.14 * h), (a - 0.004, -0.14 * h)]
        extra.append(skin(lathe(ring, ring=True), lighter(rgb, 0.25), density=0.0))
    return vessel(outline, 0.004, rgb, mass=0.3, inside=darker(rgb, 0.45), steps=(0, 1, 2, 3, 4), extra=extra)


FAMILY = Family(
    name="vase",
    nouns=("vase", "flower vase", "bud vase"),
    use="put flowers in",
    colours=("blue", "white", "green", "purple", "red"),
    models=(
        Model(name="belly vase", synonyms=("round vase",), material="ceramic", build=partial(_build, form=_BELLY)),
        Model(
            name="cylinder vase",
            synonyms=("straight vase",),
            material="ceramic",
            build=partial(_build, form=_STRAIGHT, band=True),
        ),
        Model(name="trumpet vase", synonyms=("flared vase",), material="ceramic", build=partial(_build, form=_FLARED)),
    ),
    hollow=True,
    grasp="around the belly",
)
