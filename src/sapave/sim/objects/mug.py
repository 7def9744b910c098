"""Mugs: a cup with a handle on its +x side."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, handle, lighter, skin, vessel
from sapave.sim.objects._family import BOX, CYLINDER, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.031, 0.035), g.uniform(0.042, 0.048)
    dark = (rgb[0] * 0.45, rgb[1] * 0.45, rgb[2] * 0.45)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=BOX, size=(0.010, 0.005, 0.005), pos=(r + 0.009, 0, 0.6 * h), rgb=rgb),
            Part(shape=BOX, size=(0.010, 0.005, 0.005), pos=(r + 0.009, 0, -0.45 * h), rgb=rgb),
            Part(shape=BOX, size=(0.004, 0.005, 0.55 * h), pos=(r + 0.021, 0, 0.07 * h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.85, 0.0015), pos=(0, 0, h), rgb=dark, solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.2,
    )


def _hollow(
    rgb: RGB, g: np.random.Generator, *, tall: float, foot: float, rim: bool = False, band: bool = False
) -> Shape:
    r, h = g.uniform(0.0325, 0.0345), tall * g.uniform(0.97, 1.03)
    extra = [*handle(0.97 * r, -0.26 * h, 0.26 * h, 0.020, rgb)]
    if rim:
        edge = [
            (r - 0.004, h / 2 - 0.001),
            (r + 0.001, h / 2 - 0.003),
            (r + 0.001, h / 2 + 0.0012),
            (r - 0.004, h / 2 + 0.0012),
        ]
        extra.append(skin(lathe(edge, ring=True), (0.12, 0.13, 0.16), density=0.1))
    if band:
        q = r * (1 + foot) / 2 + 0.0008
        ring = [(q - 0.003, -0.12 * h), (q, -0.12 * h), (q, 0.12 * h), (q - 0.003, 0.12 * h)]
        extra.append(skin(lathe(ring, ring=True), lighter(rgb, 0.2), density=0.0))
    outline = [(foot * r, 0.0), (r * (1 + foot) / 2 + 0.001, 0.5 * h), (r, h)]
    return vessel(outline, 0.0035, rgb, mass=0.2, inside=darker(rgb, 0.5), steps=(0, 2), extra=extra)


FAMILY = Family(
    yaws=(-0.9, 0.9),
    name="mug",
    nouns=("mug", "coffee mug", "tea mug"),
    use="drink coffee from",
    build=_build,
    models=(
        Model(name="coffee mug", material="ceramic", build=_build, synonyms=("plain mug",)),
        Model(
            name="camping mug",
            material="enamelled steel",
            build=partial(_hollow, tall=0.080, foot=0.98, rim=True),
            synonyms=(
                "enamel mug",
                "tin mug",
            ),
            use="drink from at the campfire",
            colours=(
                "white",
                "blue",
                "red",
                "green",
            ),
        ),
        Model(
            name="latte mug",
            material="ceramic",
            build=partial(_hollow, tall=0.102, foot=0.78),
            synonyms=("tall mug",),
            use="drink milky coffee from",
        ),
        Model(
            name="striped mug",
            material="ceramic",
            build=partial(_hollow, tall=0.088, foot=0.94, band=True),
            synonyms=("banded mug",),
            use="drink cocoa from",
        ),
    ),
)
