"""A run of base cabinets with a worktop; anchor: middle of the worktop's upper front edge, depth along +x."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box

HEIGHT = 0.82
DEPTH = 0.56


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    half_width = 0.62
    box(body, (DEPTH / 2, 0, -0.02), (DEPTH / 2, half_width, 0.02), material=palette.worktop)
    box(body, (DEPTH / 2 + 0.02, 0, -0.43), (DEPTH / 2 - 0.02, half_width - 0.01, 0.39), material=palette.front)
    for y in (-0.4, 0.0, 0.4):
        box(body, (0.015, y, -0.14), (0.006, 0.06, 0.006), rgb=(0.3, 0.3, 0.32), solid=False)


FURNITURE = Furniture(name="counter", add=_add)
