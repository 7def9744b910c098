"""A desk with a modesty panel and drawn drawer fronts; anchor: middle of the top's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.28, 0, -0.016), (0.28, 0.62, 0.016), material=palette.worktop)
    box(body, (0.40, 0, -0.36), (0.012, 0.56, 0.32), material=palette.wood)
    for side in (-1, 1):
        box(body, (0.29, side * 0.45, -0.42), (0.25, 0.15, 0.40), material=palette.front)
        for z in (-0.12, -0.30, -0.55):
            box(body, (0.036, side * 0.45, z), (0.004, 0.13, 0.006), rgb=palette.accent, solid=False)


FURNITURE = Furniture(name="desk", add=_add)
