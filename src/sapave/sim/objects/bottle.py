"""Bottles: a body, a thin neck, a cap."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, post, skin, turned
from sapave.sim.objects._family import BOX, CYLINDER, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.027, 0.031), g.uniform(0.050, 0.060)
    neck = 0.016
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(0.011, neck), pos=(0, 0, h + neck), rgb=rgb),
            Part(shape=CYLINDER, size=(0.013, 0.006), pos=(0, 0, h + 2 * neck), rgb=(0.25, 0.25, 0.27), solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.3,
    )


def _turned(
    rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, shoulder: float, neck: float, cap: RGB, label: float
) -> Shape:
    """`shoulder`: where it begins, relative to the half height; `neck`: its length [m]."""
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    top = h + neck
    outline = [
        (0.9 * r, -h),
        (r, -h + 0.005),
        (r, shoulder * h),
        (0.62 * r, h),
        (0.0115, h + 0.3 * neck),
        (0.0115, top),
    ]
    band = [(r - 0.002, -label * h), (r + 0.0006, -label * h), (r + 0.0006, 0.4 * h), (r - 0.002, 0.4 * h)]
    parts = (
        turned(outline, rgb),
        skin(lathe(band, ring=True), lighter(rgb, 0.2), density=0.0),
        turned([(0.0135, top - 0.004), (0.0135, top + 0.009), (0.011, top + 0.010)], cap),
        post(0.98 * r, -h, shoulder * h + 0.004),
        felt(BOX, (0.45 * r, 0.45 * r, (h - shoulder * h) / 2), (0, 0, (h + shoulder * h) / 2), grip=False),
        felt(CYLINDER, (0.011, neck / 2), (0, 0, h + neck / 2), grip=False),
    )
    return Shape(parts=parts, radius=r, half_height=h, mass=0.3)


FAMILY = Family(
    name="bottle",
    nouns=("bottle", "flask", "sauce bottle"),
    use="pour oil from",
    build=_build,
    models=(
        Model(name="sauce bottle", material="glass", build=_build, synonyms=("oil flask",)),
        Model(
            name="ketchup bottle",
            material="plastic",
            build=partial(
                _turned, wide=0.0305, tall=0.105, shoulder=0.62, neck=0.016, cap=(0.93, 0.93, 0.9), label=0.6
            ),
            synonyms=("squeeze bottle",),
            use="season chips from",
            colours=(
                "red",
                "yellow",
                "green",
            ),
        ),
        Model(
            name="wine bottle",
            material="glass",
            build=partial(
                _turned, wide=0.0300, tall=0.110, shoulder=0.55, neck=0.034, cap=(0.30, 0.08, 0.10), label=0.7
            ),
            synonyms=("small wine bottle",),
            use="pour wine from",
            colours=(
                "green",
                "red",
                "black",
            ),
        ),
        Model(
            name="water bottle",
            material="plastic",
            build=partial(
                _turned, wide=0.0315, tall=0.122, shoulder=0.72, neck=0.012, cap=(0.15, 0.35, 0.75), label=0.2
            ),
            synonyms=("mineral water bottle",),
            use="drink on a hike from",
            colours=(
                "blue",
                "white",
                "pink",
            ),
        ),
    ),
)
