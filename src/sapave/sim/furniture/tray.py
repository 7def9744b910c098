"""The round tray on which things are put; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette

RADIUS = 0.085
TOP = 0.006
"""Height of the surface above the worktop [m]."""
_SIDES = 16


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    contact = dict(
        contype=1,
        conaffinity=3,
        condim=4,
        friction=[1.0, 0.01, 0.002],
        solref=[0.01, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
    )
    steel, dark = (0.62, 0.64, 0.68, 1.0), (0.30, 0.31, 0.35, 1.0)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER, pos=(0, 0, TOP / 2), size=(RADIUS, TOP / 2, 0), rgba=steel, **contact
    )
    half = RADIUS * np.tan(np.pi / _SIDES)
    for i in range(_SIDES):
        angle = 2 * np.pi * i / _SIDES
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=(RADIUS * np.cos(angle), RADIUS * np.sin(angle), 0.008),
            quat=(np.cos(angle / 2), 0, 0, np.sin(angle / 2)),
            size=(0.003, half, 0.008),
            rgba=dark,
            **contact,
        )


FURNITURE = Furniture(name="tray", add=_add)
