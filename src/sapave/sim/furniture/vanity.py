"""A bathroom vanity with a basin let into its top; anchor: middle of the top's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.28, 0, -0.02), (0.28, 0.62, 0.02), material=palette.worktop)
    box(body, (0.30, 0, -0.33), (0.26, 0.61, 0.29), material=palette.front)
    white = jitter((0.93, 0.94, 0.95), g, 0.02)
    ellipsoid = mujoco.mjtGeom.mjGEOM_ELLIPSOID
    for rgb, half, z in ((white, (0.085, 0.15, 0.004), 0.0), ((0.72, 0.76, 0.78), (0.068, 0.125, 0.004), 0.0006)):
        body.add_geom(type=ellipsoid, pos=(0.45, 0, z), size=half, rgba=(*rgb, 1.0), contype=0, conaffinity=0, mass=0.0)
    box(body, (0.535, 0, 0.05), (0.008, 0.012, 0.05), rgb=(0.75, 0.76, 0.78))
    box(body, (0.505, 0, 0.098), (0.038, 0.008, 0.006), rgb=(0.75, 0.76, 0.78))


FURNITURE = Furniture(name="vanity", add=_add)
