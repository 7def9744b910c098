"""Rubber ducks; they look along x."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, skin
from sapave.sim.objects._family import CYLINDER, ELLIPSOID, RGB, SPHERE, Family, Model, Shape
from sapave.sim.objects._mesh import ball, join, lathe, tube

_BEAK = (0.95, 0.45, 0.08)
_BLACK = (0.06, 0.06, 0.07)


def _build(rgb: RGB, g: np.random.Generator, *, size: float, hat: RGB | None = None, ring: bool = False) -> Shape:
    b = size * g.uniform(0.97, 1.03)
    a, h = 1.3 * b, 0.82 * b
    top, front = h + 0.38 * b, 0.45 * a
    r = 0.66 * b
    tail = tube(
        np.array([[-0.75 * a, 0, 0.1 * h], [-1.0 * a, 0, 0.55 * h], [-1.12 * a, 0, 0.95 * h]]),
        [0.45 * b, 0.3 * b, 0.06 * b],
    )
    beak = ball((0.30 * b, 0.28 * b, 0.10 * b), rows=4, sides=8).at((front + r, 0, top - 0.1 * b))
    eyes = join(
        *[ball([0.11 * b] * 3, rows=4, sides=6).at((front + 0.72 * r, s * 0.58 * r, top + 0.25 * r)) for s in (-1, 1)]
    )
    parts = [
        skin(join(ball((a, b, h)), tail), rgb),
        skin(ball([r] * 3).at((front, 0, top)), rgb),
        skin(beak, _BEAK),
        skin(eyes, _BLACK),
        felt(ELLIPSOID, (a, b, h)),
        felt(SPHERE, (r,), (front, 0.0, top), grip=False),
        felt(CYLINDER, (0.55 * b, 0.1 * h), (0.0, 0.0, -0.9 * h)),
    ]
    if hat is not None:
        brim = [(0.62 * r, 0.0), (0.62 * r, 0.004), (0.42 * r, 0.005), (0.40 * r, 0.55 * r)]
        parts.append(skin(lathe(brim, sides=12).at((front, 0, top + 0.72 * r)), hat))
    if ring:
        hoop = [(1.0 * b - 0.003, -0.005), (1.06 * b, -0.004), (1.06 * b, 0.004), (1.0 * b - 0.003, 0.005)]
        mesh = lathe(hoop, ring=True)
        parts.append(skin(type(mesh)(mesh.vertices * [1.28, 1.0, 1.0], mesh.faces), lighter(_BEAK, 0.2), density=0.0))
    return Shape(parts=tuple(parts), radius=b, half_height=h, mass=0.07)


FAMILY = Family(
    name="duck",
    nouns=("duck", "rubber duck", "bath duck"),
    use="float in the bath",
    colours=("yellow", "pink", "blue", "green"),
    models=(
        Model(name="bathtub duck", material="rubber", colours=("yellow",), build=partial(_build, size=0.0320)),
        Model(
            name="gentleman duck",
            synonyms=("duck with a hat",),
            material="rubber",
            build=partial(_build, size=0.0300, hat=(0.12, 0.12, 0.14)),
        ),
        Model(
            name="swimming duck",
            synonyms=("duck with a swim ring",),
            material="rubber",
            build=partial(_build, size=0.0310, ring=True),
        ),
    ),
)
