"""A wall with a pegboard on which tools hang; anchor: on the floor, middle of the wall's face."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter

_GRIPS = ((0.75, 0.15, 0.12), (0.85, 0.65, 0.10), (0.12, 0.30, 0.60), (0.15, 0.15, 0.16))


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.02, 0, 1.3), (0.02, 1.6, 1.3), material=palette.wall)
    box(body, (-0.004, 0, 1.38), (0.006, 0.85, 0.42), rgb=palette.accent, solid=False)
    for i, y in enumerate(np.linspace(-0.72, 0.72, 10)):
        long = float(g.uniform(0.06, 0.13))
        grip = jitter(_GRIPS[i % len(_GRIPS)], g)
        box(body, (-0.016, y, 1.45), (0.006, 0.012, long), rgb=(0.62, 0.64, 0.66), solid=False)
        box(body, (-0.018, y, 1.45 - long), (0.010, 0.017, 0.05), rgb=grip, solid=False)
        if i % 3 == 0:
            box(body, (-0.018, y, 1.45 + long), (0.012, 0.05, 0.018), rgb=(0.35, 0.36, 0.38), solid=False)


FURNITURE = Furniture(name="pegboard_wall", add=_add)
