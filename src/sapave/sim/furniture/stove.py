"""A hob let into the worktop; anchor: middle of the worktop where it lies."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.0012), (0.09, 0.13, 0.001), rgb=(0.07, 0.07, 0.08), solid=False)
    for x, y in ((-0.045, -0.065), (-0.045, 0.065), (0.045, -0.065), (0.045, 0.065)):
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            pos=(x, y, 0.003),
            size=(0.033, 0.001, 0),
            rgba=(0.35, 0.12, 0.10, 1.0),
            contype=0,
            conaffinity=0,
        )


FURNITURE = Furniture(name="stove", add=_add)
