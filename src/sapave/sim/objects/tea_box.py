"""Small tea boxes with a label band."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import join, lathe, slab


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    a, b, h = g.uniform(0.025, 0.029), g.uniform(0.026, 0.032), g.uniform(0.032, 0.042)
    return Shape(
        parts=(
            Part(shape=BOX, size=(a, b, h), rgb=rgb),
            Part(shape=BOX, size=(a * 0.6, b * 0.6, 0.001), pos=(0, 0, h), rgb=(0.95, 0.93, 0.85), solid=False),
        ),
        radius=max(a, b),
        half_height=h,
        mass=0.12,
    )


def _caddy(rgb: RGB, g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.030, 0.033), g.uniform(0.038, 0.044)
    lid = [(1.01 * r, 0.55 * h), (1.03 * r, 0.58 * h), (1.03 * r, h - 0.004), (0.9 * r, h)]
    label = [(0.97 * r, -0.6 * h), (1.008 * r, -0.6 * h), (1.008 * r, 0.25 * h), (0.97 * r, 0.25 * h)]
    parts = (turned([(r, -h), (r, 0.6 * h)], rgb), turned(lid, (0.80, 0.70, 0.38)), post(r, -h, h))
    return Shape(
        parts=(*parts, skin(lathe(label, ring=True), lighter(rgb, 0.2), density=0.0)),
        radius=r,
        half_height=h,
        mass=0.12,
    )


def _packet(rgb: RGB, g: np.random.Generator, *, tall: float) -> Shape:
    a, b, h = g.uniform(0.029, 0.032), g.uniform(0.024, 0.027), tall * g.uniform(0.96, 1.04) / 2
    marks = join(slab(0.65 * a, b + 0.0006, 0.35 * h, 0.0005), slab(a + 0.0006, 0.2 * b, h * 0.999, 0.0005))
    parts = (skin(slab(a, b, h, 0.0015), rgb), skin(marks, lighter(rgb, 0.2), density=0.0), felt(BOX, (a, b, h)))
    return Shape(parts=parts, radius=b, half_height=h, mass=0.12)


FAMILY = Family(
    name="tea_box",
    nouns=("tea box", "box of tea", "tea packet"),
    use="brew tea with",
    build=_build,
    models=(
        Model(name="box of tea bags", material="cardboard", build=_build, synonyms=("tea bag box",)),
        Model(name="tea caddy", material="tin", build=_caddy, synonyms=("tea tin",), use="store loose tea in"),
        Model(
            name="herbal tea packet",
            material="cardboard",
            build=partial(_packet, tall=0.090),
            synonyms=("box of herbal tea",),
            use="brew camomile tea with",
        ),
    ),
)
