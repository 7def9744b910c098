"""Jars: wide and low, with a metal lid."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import lighter, post, skin, turned
from sapave.sim.objects._family import CYLINDER, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.032, 0.036), g.uniform(0.036, 0.044)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.92, 0.007), pos=(0, 0, h + 0.006), rgb=(0.80, 0.76, 0.62), solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.3,
    )


def _filled(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, lid: RGB, belly: float = 1.0) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    body = [(0.9 * belly * r, -h), (belly * r, -h + 0.006), (r, 0.1 * h), (0.97 * r, 0.6 * h), (0.84 * r, 0.78 * h)]
    cap = [(0.88 * r, 0.76 * h), (0.90 * r, 0.80 * h), (0.90 * r, h - 0.002), (0.84 * r, h)]
    z = [-0.45 * h, 0.25 * h]
    label = [(0.9 * r, z[0]), (1.012 * r, z[0]), (1.012 * r, z[1]), (0.9 * r, z[1])]
    parts = (turned(body, rgb), turned(cap, lid), skin(lathe(label, ring=True), lighter(rgb, 0.2), density=0.0))
    return Shape(
        parts=(*parts, post(0.97 * min(belly, 1.0) * r, -h, 0.75 * h), post(0.88 * r, 0.7 * h, h)),
        radius=r,
        half_height=h,
        mass=0.3,
    )


FAMILY = Family(
    name="jar",
    nouns=("jar", "jam jar", "preserve jar"),
    use="spread on bread",
    build=_build,
    models=(
        Model(name="jam jar", material="glass", build=_build, synonyms=("marmalade jar",)),
        Model(
            name="honey jar",
            material="glass",
            build=partial(_filled, wide=0.0345, tall=0.076, lid=(0.85, 0.70, 0.20), belly=0.96),
            synonyms=("honey pot",),
            use="sweeten tea with",
            colours=(
                "orange",
                "yellow",
                "red",
            ),
        ),
        Model(
            name="pickle jar",
            material="glass",
            build=partial(_filled, wide=0.0350, tall=0.104, lid=(0.25, 0.42, 0.25)),
            synonyms=("gherkin jar",),
            use="eat with cheese",
            colours=(
                "green",
                "yellow",
                "red",
            ),
        ),
        Model(
            name="mustard pot",
            material="glass",
            build=partial(_filled, wide=0.0300, tall=0.070, lid=(0.80, 0.15, 0.12), belly=0.9),
            synonyms=("mustard jar",),
            use="put on a sausage",
            colours=(
                "yellow",
                "orange",
                "green",
            ),
        ),
    ),
)
