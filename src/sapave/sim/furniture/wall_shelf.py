"""An open wall cabinet (no doors); anchor: middle of the board's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box

HALF_WIDTH = 0.30
DEPTH = 0.16
CLEAR = 0.30
"""Free height above the board [m]."""


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (DEPTH / 2, 0, -0.009), (DEPTH / 2, HALF_WIDTH, 0.009), material=palette.wood)
    box(body, (DEPTH / 2, 0, CLEAR), (DEPTH / 2, HALF_WIDTH + 0.02, 0.01), material=palette.wood)
    for side in (-1, 1):
        pos = (DEPTH / 2, side * (HALF_WIDTH + 0.01), CLEAR / 2 - 0.01)
        box(body, pos, (DEPTH / 2, 0.01, CLEAR / 2 + 0.01), material=palette.wood)
    box(body, (DEPTH + 0.006, 0, CLEAR / 2), (0.006, HALF_WIDTH + 0.02, CLEAR / 2 + 0.01), rgb=palette.accent)


FURNITURE = Furniture(name="wall_shelf", add=_add)
