"""A tiled wall with a framed mirror and a lamp over it; anchor: on the floor, middle of the wall's face."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.02, 0, 1.3), (0.02, 1.6, 1.3), material=palette.wall)
    box(body, (-0.004, 0, 1.42), (0.006, 0.44, 0.34), rgb=palette.accent, solid=False)
    glass = jitter((0.70, 0.80, 0.84), g, 0.03)
    box(body, (-0.009, 0, 1.42), (0.006, 0.41, 0.31), rgb=glass, solid=False)
    for y in (-0.16, -0.08):
        box(body, (-0.012, y, 1.46), (0.005, 0.012, 0.22), rgb=(0.84, 0.90, 0.92), solid=False)
    box(body, (-0.04, 0, 1.84), (0.03, 0.22, 0.02), rgb=(0.97, 0.95, 0.85), solid=False)


FURNITURE = Furniture(name="mirror_wall", add=_add)
