"""The back wall with a tiled splash and a window; anchor: on the floor, middle of the wall's face."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.02, 0, 1.3), (0.02, 1.6, 1.3), material=palette.wall)
    side = float(g.choice([-1.0, 1.0]))
    sky = jitter((0.62, 0.78, 0.95), g)
    box(body, (-0.004, side * 0.75, 1.55), (0.006, 0.26, 0.32), rgb=(0.95, 0.95, 0.95), solid=False)
    box(body, (-0.008, side * 0.75, 1.55), (0.006, 0.23, 0.29), rgb=sky, solid=False)
    box(body, (-0.012, side * 0.75, 1.55), (0.005, 0.012, 0.29), rgb=(0.95, 0.95, 0.95), solid=False)


FURNITURE = Furniture(name="wall", add=_add)
