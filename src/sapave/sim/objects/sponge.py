"""Kitchen sponges with a scouring side."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, skin
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import ball, join, slab, stack


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    a, b, h = g.uniform(0.038, 0.044), g.uniform(0.026, 0.031), g.uniform(0.020, 0.024)
    return Shape(
        parts=(
            Part(shape=BOX, size=(a, b, h), rgb=rgb),
            Part(
                shape=BOX, size=(a * 1.01, b * 1.01, h * 0.25), pos=(0, 0, -h * 0.7), rgb=(0.2, 0.25, 0.2), solid=False
            ),
        ),
        radius=b,
        half_height=h,
        mass=0.04,
    )


def _soft(rgb: RGB, g: np.random.Generator, *, kind: str) -> Shape:
    a, b, h = g.uniform(0.038, 0.042), g.uniform(0.027, 0.030), g.uniform(0.021, 0.024)
    if kind == "waisted":
        t = 2 * np.pi * np.arange(20) / 20
        outline = np.stack([a * np.cos(t), b * np.sin(t) * (0.86 + 0.14 * np.cos(2 * t + np.pi) * -1)], 1)
        # an oval is felt as a cross
        felts = (felt(BOX, (0.92 * a, 0.45 * b, h)), felt(BOX, (0.58 * a, 0.92 * b, h)))
        parts = [skin(stack(outline, [(0.93, -h), (1, -0.7 * h), (1, 0.7 * h), (0.93, h)]), rgb)]
    else:
        felts = (felt(BOX, (0.96 * a, 0.96 * b, h)),)
        pores = [
            ball((0.003, 0.003, 0.001), rows=3, sides=6).at((x, y, h))
            for x, y in g.uniform((-0.8 * a, -0.8 * b), (0.8 * a, 0.8 * b), (9, 2))
        ]
        parts = [skin(slab(a, b, h, 0.008, 0.004), rgb), skin(join(*pores), lighter(rgb, 0.4), density=0.0)]
    return Shape(parts=(*parts, *felts), radius=b, half_height=h, mass=0.04)


FAMILY = Family(
    name="sponge",
    nouns=("sponge", "dish sponge", "scrubbing sponge"),
    use="wipe the counter with",
    build=_build,
    models=(
        Model(name="scouring sponge", material="foam", build=_build, synonyms=("kitchen sponge",)),
        Model(
            name="waisted sponge",
            material="foam",
            build=partial(_soft, kind="waisted"),
            synonyms=("car sponge",),
            use="wash the car with",
        ),
        Model(
            name="bath sponge",
            material="foam",
            build=partial(_soft, kind="porous"),
            synonyms=("soft sponge",),
            use="wash your back with",
        ),
    ),
)
