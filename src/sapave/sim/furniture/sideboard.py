"""A long sideboard with doors between turned feet; anchor: middle of the top's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.28, 0, -0.014), (0.28, 0.62, 0.014), material=palette.worktop)
    box(body, (0.29, 0, -0.39), (0.26, 0.59, 0.32), material=palette.front)
    for y in (-0.30, 0.0, 0.30):
        box(body, (0.026, y, -0.36), (0.004, 0.135, 0.26), material=palette.wood, solid=False)
        box(body, (0.020, y + 0.10, -0.36), (0.006, 0.006, 0.03), rgb=palette.accent, solid=False)
    for x in (0.07, 0.50):
        for y in (-0.55, 0.55):
            box(body, (x, y, -0.76), (0.02, 0.02, 0.06), material=palette.wood)


FURNITURE = Furniture(name="sideboard", add=_add)
