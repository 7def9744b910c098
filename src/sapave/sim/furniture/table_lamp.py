"""A table lamp with a shade; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
    shade = jitter((0.94, 0.88, 0.70), g)
    parts = ((0.045, 0.008, 0.008, palette.accent), (0.008, 0.10, 0.11, palette.accent), (0.065, 0.05, 0.24, shade))
    for radius, half, z, rgb in parts:
        body.add_geom(type=cylinder, pos=(0, 0, z), size=(radius, half, 0), rgba=(*rgb, 1.0), contype=1, conaffinity=3)


FURNITURE = Furniture(name="table_lamp", add=_add)
