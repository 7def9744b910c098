"""Soap bottles with a pump or a cap."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe, slab, tube

_WHITE = (0.93, 0.93, 0.91)


def _build(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, top: str, label: bool = True) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    body = [(0.94 * r, -h), (r, -h + 0.006), (r, 0.68 * h), (0.8 * r, 0.88 * h), (0.38 * r, h)]
    parts: list[Part] = [turned(body, rgb), post(r * 0.98, -h, 0.75 * h)]
    if label:
        band = [(r - 0.003, -0.5 * h), (r * 1.012, -0.5 * h), (r * 1.012, 0.25 * h), (r - 0.003, 0.25 * h)]
        parts.append(skin(lathe(band, ring=True), lighter(rgb, 0.25), density=0.0))
    if top == "pump":
        parts += [
            turned([(0.011, h - 0.002), (0.011, h + 0.010), (0.004, h + 0.011), (0.004, h + 0.026)], _WHITE),
            skin(slab(0.011, 0.008, 0.004, 0.003).at((0, 0, h + 0.028)), _WHITE),
            skin(
                tube(
                    np.array([[0.006, 0, h + 0.029], [0.022, 0, h + 0.029], [0.027, 0, h + 0.024]]),
                    [0.0035] * 3,
                    sides=6,
                ),
                _WHITE,
            ),
        ]
        parts.append(felt(BOX, (0.010, 0.008, 0.016), (0.0, 0.0, h + 0.016), grip=False))
    else:
        parts += [
            turned([(0.010, h - 0.002), (0.0095, h + 0.016), (0.005, h + 0.019)], _WHITE),
            felt(BOX, (0.007, 0.007, 0.010), (0.0, 0.0, h + 0.008), grip=False),
        ]
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.28)


FAMILY = Family(
    name="soap_bottle",
    nouns=("soap bottle", "soap dispenser", "liquid soap"),
    use="wash your hands with",
    colours=("green", "blue", "pink", "yellow", "orange", "white"),
    models=(
        Model(
            name="hand soap",
            synonyms=("pump soap",),
            material="plastic",
            build=partial(_build, wide=0.0310, tall=0.100, top="pump"),
        ),
        Model(
            name="dish soap",
            synonyms=("washing-up liquid",),
            material="plastic",
            use="do the dishes with",
            build=partial(_build, wide=0.0290, tall=0.118, top="cap"),
        ),
        Model(
            name="body lotion",
            synonyms=("lotion dispenser",),
            material="plastic",
            use="care for dry skin",
            build=partial(_build, wide=0.0280, tall=0.112, top="pump", label=False),
        ),
        Model(
            name="shampoo",
            synonyms=("shampoo bottle",),
            material="plastic",
            use="wash your hair with",
            build=partial(_build, wide=0.0315, tall=0.108, top="cap"),
        ),
    ),
    grasp="around the body below the pump",
)
