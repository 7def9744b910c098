"""Shakers and mills for salt, pepper and spices."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, post, skin, turned
from sapave.sim.objects._family import RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import ball, join, lathe

_STEEL = (0.72, 0.73, 0.76)
_HOLE = (0.10, 0.10, 0.11)


def _shaker(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float, holes: int, waist: float) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    body = [(0.96 * r, -h), (r, -h + 0.005), (waist * r, 0.0), (0.92 * r, 0.55 * h)]
    lid = [(0.95 * r, 0.52 * h), (0.95 * r, 0.70 * h), (0.75 * r, 0.95 * h), (0.3 * r, h)]
    dot = ball((0.0022, 0.0022, 0.0012), rows=3, sides=6)
    angles = 2 * np.pi * np.arange(holes) / holes
    dots = join(*[dot.at((0.34 * r * np.cos(a), 0.34 * r * np.sin(a), h * 0.992)) for a in angles])
    parts = (turned(body, rgb), turned(lid, _STEEL), skin(dots, _HOLE, density=0.0), post(0.97 * r, -h, 0.8 * h))
    return Shape(parts=parts, radius=r, half_height=h, mass=0.15)


def _mill(rgb: RGB, g: np.random.Generator, *, wide: float, tall: float) -> Shape:
    r, h = wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    body = [(r, -h), (r, -0.72 * h), (0.80 * r, -0.5 * h), (0.74 * r, -0.1 * h), (0.95 * r, 0.38 * h)]
    head = [(0.95 * r, 0.42 * h), (0.98 * r, 0.6 * h), (0.6 * r, 0.88 * h), (0.2 * r, 0.92 * h)]
    band = [(0.8 * r, 0.37 * h), (0.8 * r, 0.43 * h)]
    parts: list[Part] = [turned(body, rgb), turned(head, rgb), turned(band, _STEEL)]
    groove = [(0.9 * r, -0.80 * h), (1.01 * r, -0.80 * h), (1.01 * r, -0.74 * h), (0.9 * r, -0.74 * h)]
    parts.append(skin(lathe(groove, ring=True), darker(rgb, 0.5), density=0.0))
    parts.append(skin(ball([0.22 * r] * 3, rows=5, sides=8).at((0, 0, 0.98 * h)), _STEEL))
    parts += [post(0.97 * r, -h, -0.6 * h), post(0.86 * r, -0.6 * h, 0.3 * h), post(0.93 * r, 0.3 * h, 0.8 * h)]
    return Shape(parts=tuple(parts), radius=r, half_height=h, mass=0.2)


FAMILY = Family(
    name="shaker",
    nouns=("shaker", "seasoning shaker", "cruet"),
    use="season the soup with",
    colours=("white", "blue", "red", "green", "yellow", "brown", "black", "beige"),
    models=(
        Model(
            name="salt shaker",
            material="ceramic",
            use="salt the soup with",
            build=partial(_shaker, wide=0.0255, tall=0.082, holes=5, waist=0.9),
        ),
        Model(
            name="spice shaker",
            synonyms=("spice jar",),
            material="glass and steel",
            build=partial(_shaker, wide=0.0265, tall=0.098, holes=7, waist=1.0),
        ),
        Model(
            name="pepper mill",
            synonyms=("pepper grinder",),
            material="wood",
            colours=("brown", "black", "beige"),
            use="grind pepper with",
            build=partial(_mill, wide=0.0285, tall=0.130),
        ),
    ),
    grasp="around the waist",
)
