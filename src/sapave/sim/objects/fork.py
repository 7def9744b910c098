"""Forks, lying; too flat for the hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._cutlery import cutlery
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import join, slab, tube

_STEEL = (0.74, 0.75, 0.78)


def _build(rgb: RGB, g: np.random.Generator, *, tines: int, size: float, long: float = 0.090) -> Shape:
    wide = 0.36 * size
    palm = slab(wide, 0.22 * size, 0.0016, 0.003).at((0, 0.22 * size, 0))
    xs = np.linspace(-wide + 0.002, wide - 0.002, tines)
    teeth = [
        tube(
            np.array([[x, 0.4 * size, 0], [x, 0.8 * size, 0.002], [x, 1.2 * size, 0.004]]),
            [0.0019, 0.0017, 0.0010],
            sides=6,
        )
        for x in xs
    ]
    return cutlery(g, rgb, _STEEL, join(palm, *teeth), long=long, wide=0.0070, grip=0.0055, mass=0.05)


FAMILY = Family(
    name="fork",
    nouns=("fork", "table fork", "steel fork"),
    use="eat pasta with",
    colours=("red", "blue", "green", "yellow", "white", "black", "brown"),
    models=(
        Model(name="dinner fork", material="steel, plastic handle", build=partial(_build, tines=4, size=0.040)),
        Model(
            name="cake fork",
            material="steel, plastic handle",
            use="eat cake with",
            build=partial(_build, tines=3, size=0.032, long=0.075),
        ),
        Model(
            name="carving fork",
            synonyms=("meat fork",),
            material="steel, plastic handle",
            colours=("black", "brown"),
            use="hold the roast with",
            build=partial(_build, tines=2, size=0.050, long=0.105),
        ),
    ),
    graspable=False,
)
