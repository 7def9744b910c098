"""A flat wooden board on which fruit is kept; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.004), (0.15, 0.10, 0.004), material=palette.wood)
    for side in (-1, 1):
        box(body, (0, side * 0.10, 0.007), (0.15, 0.004, 0.007), material=palette.wood)


FURNITURE = Furniture(name="fruit_board", add=_add)
