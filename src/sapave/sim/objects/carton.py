"""Drink cartons: a tall box with a gable."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import loft, slab, tube


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    w, h = g.uniform(0.025, 0.029), g.uniform(0.054, 0.064)
    white = (0.93, 0.93, 0.90)
    return Shape(
        parts=(
            Part(shape=BOX, size=(w, w, h), rgb=rgb),
            Part(shape=BOX, size=(w * 1.01, w * 1.01, h * 0.22), pos=(0, 0, h * 0.45), rgb=white, solid=False),
            Part(shape=BOX, size=(w, 0.004, 0.010), pos=(0, 0, h + 0.009), rgb=rgb, solid=False),
        ),
        radius=w * 1.2,
        half_height=h,
        mass=0.3,
    )


def _folded(rgb: RGB, g: np.random.Generator, *, kind: str, wide: float, deep: float, tall: float) -> Shape:
    a, b, h = wide * g.uniform(0.97, 1.03), deep * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    white = (0.93, 0.93, 0.90)
    parts = [skin(slab(a, b, h, 0.002), rgb), felt(BOX, (a, b, h))]
    parts.append(
        skin(slab(a + 0.0005, b + 0.0005, 0.2 * h, 0.002).at((0, 0, 0.15 * h)), lighter(rgb, 0.2), density=0.0)
    )
    if kind == "gable":
        low = np.array([[a, -b, h], [a, b, h], [-a, b, h], [-a, -b, h]])
        high = np.array(
            [[a, -0.002, h + 0.020], [a, 0.002, h + 0.020], [-a, 0.002, h + 0.020], [-a, -0.002, h + 0.020]]
        )
        parts += [
            skin(loft(np.array([low, high])), white),
            skin(slab(a, 0.0022, 0.005, 0.001).at((0, 0, h + 0.023)), white),
        ]
        parts.append(turned([(0.008, h + 0.004), (0.008, h + 0.018)], (0.8, 0.15, 0.12)))
    elif kind == "straw":
        straw = tube(
            np.array([[0.6 * a, 0, h - 0.004], [0.6 * a, 0, h + 0.022], [0.1 * a, 0, h + 0.030]]), [0.0028] * 3, sides=6
        )
        parts.append(skin(straw, white, density=0.1))
    else:
        parts.append(skin(slab(0.55 * a, 0.55 * b, 0.0008, 0.002).at((0, 0, h)), white, density=0.0))
    return Shape(parts=tuple(parts), radius=min(a, b) * 1.1, half_height=h, mass=0.28)


FAMILY = Family(
    name="carton",
    nouns=("carton", "juice carton", "milk carton"),
    use="pour into cereal",
    build=_build,
    models=(
        Model(name="juice carton", material="cardboard", build=_build, synonyms=("drink carton",)),
        Model(
            name="milk carton box",
            material="cardboard",
            build=partial(_folded, kind="gable", wide=0.0290, deep=0.0290, tall=0.105),
            synonyms=("gable carton",),
            use="pour milk from",
            colours=(
                "white",
                "blue",
                "green",
                "red",
            ),
        ),
        Model(
            name="juice box",
            material="cardboard",
            build=partial(_folded, kind="straw", wide=0.0290, deep=0.0230, tall=0.092),
            synonyms=("drink with a straw",),
            use="take to school as a drink",
        ),
        Model(
            name="oat carton",
            material="cardboard",
            build=partial(_folded, kind="flat", wide=0.0300, deep=0.0240, tall=0.112),
            synonyms=("box of oats",),
            use="cook porridge from",
        ),
    ),
)
