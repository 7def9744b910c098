"""Torches: a slim body and a wider head, standing."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, felt, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import slab

_GLASS = (0.92, 0.93, 0.85)


def _build(rgb: RGB, g: np.random.Generator, *, slim: float, head: float, tall: float) -> Shape:
    """It stands on its tail, the lamp up."""
    r, h = slim * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03) / 2
    wide = head * r
    body = [(0.95 * r, -h), (r, -h + 0.004), (r, 0.35 * h), (wide, 0.62 * h), (wide, h - 0.003)]
    rim = [(wide * 1.02, h - 0.006), (wide * 1.02, h), (wide * 0.9, h)]
    parts = (
        turned(body, rgb),
        turned(rim, darker(rgb, 0.35)),
        turned([(wide * 0.86, h - 0.002), (wide * 0.86, h + 0.0012), (0.0, h + 0.003)], _GLASS),
        skin(slab(0.004, 0.0055, 0.009, 0.002).at((-r, 0.0, 0.1 * h)), (0.85, 0.15, 0.12)),
        turned([(r * 1.015, -0.75 * h), (r * 1.015, -0.35 * h)], darker(rgb, 0.45), density=0.0),
        post(r * 0.98, -h, 0.5 * h),
        felt(BOX, (wide * 0.8, wide * 0.8, 0.22 * h), (0, 0, 0.78 * h), grip=False),
    )
    return Shape(parts=parts, radius=r, half_height=h, mass=0.2)


FAMILY = Family(
    name="torch",
    nouns=("torch", "flashlight", "hand lamp"),
    use="find the way in the dark",
    colours=("yellow", "black", "red", "blue", "silver"),
    models=(
        Model(
            name="camping torch",
            synonyms=("camping flashlight",),
            material="plastic",
            build=partial(_build, slim=0.0225, head=1.42, tall=0.118),
        ),
        Model(
            name="metal torch",
            synonyms=("police flashlight",),
            material="aluminium",
            colours=("black", "silver", "blue"),
            build=partial(_build, slim=0.0200, head=1.25, tall=0.125),
        ),
        Model(
            name="lantern torch",
            synonyms=("stubby flashlight",),
            material="plastic",
            use="light a tent",
            build=partial(_build, slim=0.0270, head=1.28, tall=0.095),
        ),
    ),
    grasp="around the body below the lamp",
)
