"""A computer screen on a foot; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.006), (0.06, 0.09, 0.006), rgb=(0.13, 0.13, 0.14))
    box(body, (0.02, 0, 0.07), (0.012, 0.02, 0.06), rgb=(0.13, 0.13, 0.14))
    box(body, (0, 0, 0.20), (0.010, 0.20, 0.115), rgb=(0.10, 0.10, 0.11))
    box(body, (-0.010, 0, 0.202), (0.001, 0.188, 0.103), rgb=jitter((0.22, 0.36, 0.52), g), solid=False)
    box(body, (-0.0115, -0.05, 0.24), (0.001, 0.11, 0.045), rgb=(0.86, 0.88, 0.90), solid=False)


FURNITURE = Furniture(name="monitor", add=_add)
