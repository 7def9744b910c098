"""A narrow wing beside the robot; anchor: middle of the upper inner edge, running outward along +y."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0.17, -0.02), (0.30, 0.17, 0.02), material=palette.worktop)
    box(body, (0, 0.18, -0.43), (0.29, 0.15, 0.39), material=palette.front)


FURNITURE = Furniture(name="side_counter", add=_add)
