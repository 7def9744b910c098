"""Spoons, lying; too flat for the hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._cutlery import cutlery
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import Mesh, ball

_STEEL = (0.74, 0.75, 0.78)
_WOOD = (0.74, 0.54, 0.32)


def _bowl(wide: float, long: float, deep: float) -> Mesh:
    """A shallow bowl, open above: the lower half of an egg and the same again a little higher."""
    mesh = ball((wide, long, deep), rows=8, sides=14)
    points = mesh.vertices.copy()
    above = points[:, 2] > 0
    points[above, 2] = 0.25 * deep - 0.8 * points[above, 2]
    points[~above, 2] *= 1.0
    points[:, 2] += 0.4 * deep
    return Mesh(points, mesh.faces).at((0.0, long + 0.002, 0.0))


def _build(
    rgb: RGB, g: np.random.Generator, *, size: float, metal: RGB, long: float = 0.085, deep: float = 0.008
) -> Shape:
    head = _bowl(0.62 * size, size, deep)
    return cutlery(g, rgb, metal, head, long=long, wide=0.0070, grip=0.0055, mass=0.05)


FAMILY = Family(
    name="spoon",
    nouns=("spoon", "tablespoon", "steel spoon"),
    use="stir the tea with",
    colours=("red", "blue", "green", "yellow", "white", "beige", "brown"),
    models=(
        Model(name="teaspoon", material="steel, plastic handle", build=partial(_build, size=0.019, metal=_STEEL)),
        Model(
            name="soup spoon",
            material="steel, plastic handle",
            use="eat soup with",
            build=partial(_build, size=0.026, metal=_STEEL, long=0.095),
        ),
        Model(
            name="wooden spoon",
            synonyms=("cooking spoon",),
            material="wood",
            colours=("beige", "brown"),
            use="stir the sauce with",
            build=partial(_build, size=0.028, metal=_WOOD, long=0.120, deep=0.007),
        ),
    ),
    graspable=False,
)
