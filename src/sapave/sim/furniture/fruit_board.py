"""A thin wooden board, let into the worktop, on which fruit is kept; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.0008), (0.15, 0.095, 0.0008), material=palette.wood, solid=False)
    for side in (-1, 1):
        box(body, (0, side * 0.095, 0.001), (0.15, 0.004, 0.001), rgb=(0.25, 0.17, 0.10), solid=False)


FURNITURE = Furniture(name="fruit_board", add=_add)
