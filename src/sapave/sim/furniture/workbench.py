"""A heavy workbench on steel legs; anchor: middle of the top's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.28, 0, -0.025), (0.28, 0.62, 0.025), material=palette.worktop)
    box(body, (0.012, 0, -0.075), (0.008, 0.60, 0.025), material=palette.wood)
    for x in (0.04, 0.50):
        for y in (-0.56, 0.56):
            box(body, (x, y, -0.43), (0.025, 0.025, 0.38), rgb=(0.22, 0.24, 0.27))
    box(body, (0.28, 0, -0.60), (0.24, 0.56, 0.012), material=palette.front)
    for y, rgb in ((-0.3, (0.70, 0.16, 0.12)), (0.1, (0.15, 0.30, 0.55)), (0.35, (0.75, 0.62, 0.15))):
        box(body, (0.24, y, -0.53), (0.10, 0.09, 0.06), rgb=rgb, solid=False)


FURNITURE = Furniture(name="workbench", add=_add)
