"""Remote controls, lying; too flat for the hand."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import join, lathe, slab


def _build(rgb: RGB, g: np.random.Generator, *, long: float, wide: float, rows: int, disc: bool) -> Shape:
    a, b, h = wide * g.uniform(0.97, 1.03), long * g.uniform(0.97, 1.03), 0.011 * g.uniform(0.97, 1.03)
    key = slab(0.0042, 0.0032, 0.0014, 0.0012)
    ys = np.linspace(-0.8 * b, 0.25 * b if disc else 0.6 * b, rows)
    keys = join(*[key.at((x, float(y), h + 0.001)) for y in ys for x in (-0.55 * a, 0.0, 0.55 * a)])
    pale = (0.85, 0.86, 0.88) if sum(rgb) < 1.8 else (0.25, 0.26, 0.28)
    power = slab(0.0045, 0.0045, 0.0016, 0.003).at((-0.5 * a, 0.86 * b, h + 0.001))
    parts = [
        skin(slab(a, b, h, 0.008, 0.003), rgb),
        skin(keys, pale, density=0.1),
        skin(power, (0.85, 0.10, 0.08), density=0.1),
        felt(BOX, (a, b, h)),
    ]
    if disc:
        ring = [(0.30 * a, h), (0.62 * a, h), (0.62 * a, h + 0.0018), (0.30 * a, h + 0.0018)]
        parts.append(skin(lathe(ring, sides=12, ring=True).at((0, 0.55 * b, 0)), pale, density=0.1))
    return Shape(parts=tuple(parts), radius=a, half_height=h, mass=0.11)


FAMILY = Family(
    name="remote",
    nouns=("remote control", "remote", "clicker"),
    use="switch channels with",
    colours=("black", "grey", "white"),
    models=(
        Model(
            name="television remote",
            synonyms=("tv remote",),
            material="plastic",
            build=partial(_build, long=0.085, wide=0.024, rows=5, disc=True),
        ),
        Model(
            name="stereo remote",
            synonyms=("radio remote",),
            material="plastic",
            use="turn up the music with",
            build=partial(_build, long=0.062, wide=0.022, rows=5, disc=False),
        ),
        Model(
            name="lamp remote",
            synonyms=("light switch remote",),
            material="plastic",
            use="dim the lights with",
            build=partial(_build, long=0.048, wide=0.020, rows=3, disc=False),
        ),
    ),
    graspable=False,
)
