"""Straight cups without a handle."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, lighter, skin, vessel
from sapave.sim.objects._family import CYLINDER, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import lathe


def _build(rgb: tuple[float, float, float], g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.029, 0.034), g.uniform(0.042, 0.050)
    dark = (rgb[0] * 0.45, rgb[1] * 0.45, rgb[2] * 0.45)
    return Shape(
        parts=(
            Part(shape=CYLINDER, size=(r, h), rgb=rgb),
            Part(shape=CYLINDER, size=(r * 0.85, 0.0015), pos=(0, 0, h), rgb=dark, solid=False),
        ),
        radius=r,
        half_height=h,
        mass=0.12,
    )


def _hollow(
    rgb: RGB, g: np.random.Generator, *, tall: float, foot: float, bands: int = 0, sleeve: bool = False
) -> Shape:
    r, h = g.uniform(0.0325, 0.0345), tall * g.uniform(0.97, 1.03)
    extra = []
    zs = (0.05,) if sleeve else tuple(0.3 * i - 0.1 for i in range(bands))
    for z in zs:
        low, high = (z - 0.22, z + 0.18) if sleeve else (z - 0.04, z + 0.04)
        radii = [r * (foot + (1 - foot) * (v + 0.5)) for v in (low, high)]
        ring = [(radii[0] - 0.003, low * h), (radii[0] + 0.0008, low * h), (radii[1] + 0.0008, high * h)]
        ring.append((radii[1] - 0.003, high * h))
        colour = (0.62, 0.46, 0.30) if sleeve else lighter(rgb, 0.2)
        extra.append(skin(lathe(ring, ring=True), colour, density=0.0))
    outline = [(foot * r, 0.0), (r * (1 + foot) / 2, 0.5 * h), (r, h)]
    return vessel(outline, 0.0035, rgb, mass=0.12, inside=darker(rgb, 0.5), steps=(0, 2), extra=extra)


FAMILY = Family(
    name="cup",
    nouns=("cup", "beaker", "tumbler"),
    use="drink water from",
    build=_build,
    models=(
        Model(name="plain cup", material="ceramic", build=_build, synonyms=("straight cup",)),
        Model(
            name="paper cup",
            material="paper",
            build=partial(_hollow, tall=0.100, foot=0.74, sleeve=True),
            synonyms=(
                "takeaway cup",
                "coffee to go",
            ),
            use="carry coffee to the train in",
            colours=(
                "white",
                "red",
                "green",
                "blue",
            ),
        ),
        Model(
            name="striped beaker",
            material="plastic",
            build=partial(_hollow, tall=0.092, foot=0.84, bands=2),
            synonyms=("children's cup",),
        ),
        Model(
            name="camping tumbler",
            material="steel",
            build=partial(_hollow, tall=0.082, foot=0.92),
            synonyms=("metal cup",),
            use="drink from at the campfire",
        ),
    ),
)
