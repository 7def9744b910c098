"""A steel toolbox with a handle; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    paint = jitter((0.72, 0.14, 0.11), g)
    box(body, (0, 0, 0.05), (0.055, 0.12, 0.05), rgb=paint)
    box(body, (0, 0, 0.102), (0.057, 0.122, 0.004), rgb=(0.25, 0.25, 0.27))
    for y in (-0.07, 0.07):
        box(body, (0, y, 0.12), (0.006, 0.006, 0.016), rgb=(0.2, 0.2, 0.22))
    box(body, (0, 0, 0.138), (0.008, 0.076, 0.006), rgb=(0.2, 0.2, 0.22))


FURNITURE = Furniture(name="toolbox", add=_add)
