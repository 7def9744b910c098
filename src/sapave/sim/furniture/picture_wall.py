"""A papered wall with framed pictures and a dado rail; anchor: on the floor, middle of the wall's face."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.02, 0, 1.3), (0.02, 1.6, 1.3), material=palette.wall)
    box(body, (-0.006, 0, 0.98), (0.008, 1.6, 0.018), material=palette.wood)
    for y in (-0.75, 0.02, 0.78):
        half = (0.004, float(g.uniform(0.13, 0.20)), float(g.uniform(0.12, 0.18)))
        z = 1.40 + float(g.uniform(-0.04, 0.04))
        box(body, (-0.004, y, z), half, material=palette.wood, solid=False)
        sky, land = jitter((0.66, 0.76, 0.86), g), jitter((0.38, 0.50, 0.28), g, 0.1)
        box(body, (-0.008, y, z), (0.004, half[1] - 0.018, half[2] - 0.018), rgb=sky, solid=False)
        low = 0.4 * (half[2] - 0.018)
        box(body, (-0.010, y, z - half[2] + 0.018 + low), (0.004, half[1] - 0.018, low), rgb=land, solid=False)


FURNITURE = Furniture(name="picture_wall", add=_add)
