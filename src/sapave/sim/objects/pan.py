"""Pans and pots with a long handle: they stand on the stove and receive things."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, felt, skin, vessel
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import tube


def _build(
    rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, foot: float, grip: RGB = (0.12, 0.11, 0.11)
) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.95, 1.05)
    length, z = 1.25 * r + 0.03, h * 0.28
    path = np.array([[0.93 * r, 0, z - 0.004], [r + 0.02, 0, z], [r + 0.6 * length, 0, z + 0.012]])
    path = np.append(path, [[r + length, 0, z + 0.014]], 0)
    stick = skin(tube(path, [(0.006, 0.004), (0.007, 0.005), (0.011, 0.006), (0.008, 0.005)], sides=8), grip)
    bar = felt(BOX, (length / 2, 0.009, 0.005), (r + length / 2, 0.0, z + 0.007), grip=False)
    # it stands on a square: a round foot under a long handle creeps
    square = felt(BOX, (0.68 * foot * r, 0.68 * foot * r, 0.001), (0.0, 0.0, -h / 2 + 0.0007))
    outline = [(foot * r, 0.0), ((foot + 1) / 2 * r, 0.3 * h), (r, h)]
    return vessel(
        outline,
        0.0035,
        rgb,
        mass=0.6,
        inside=darker(rgb, 0.75),
        steps=(0, 1, 2),
        extra=(stick, bar, square),
        floor=0.005,
    )


FAMILY = Family(
    name="pan",
    nouns=("pan", "cooking pan", "skillet"),
    use="fry an egg in",
    colours=("black", "silver", "red", "blue", "grey", "white"),
    models=(
        Model(
            name="frying pan",
            synonyms=("fry pan",),
            material="iron",
            colours=("black", "grey"),
            build=partial(_build, wide=0.090, tall=0.032, foot=0.82),
        ),
        Model(
            name="saucepan",
            synonyms=("sauce pot",),
            material="steel",
            use="cook a sauce in",
            build=partial(_build, wide=0.070, tall=0.062, foot=0.98),
        ),
        Model(
            name="milk pan",
            synonyms=("small saucepan",),
            material="enamel",
            use="warm milk in",
            colours=("red", "blue", "white"),
            build=partial(_build, wide=0.056, tall=0.052, foot=0.9),
        ),
        Model(
            name="wok",
            material="steel",
            use="stir-fry vegetables in",
            colours=("black", "grey"),
            build=partial(_build, wide=0.100, tall=0.046, foot=0.45, grip=(0.45, 0.30, 0.17)),
        ),
    ),
    graspable=False,
    hollow=True,
    yaws=(-0.8, 0.8),
)
