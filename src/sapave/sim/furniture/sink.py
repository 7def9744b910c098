"""A steel sink with a tap, flush with the worktop; anchor: middle of the worktop where it lies."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box

_STEEL = (0.66, 0.68, 0.70)


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.0012), (0.085, 0.12, 0.001), rgb=_STEEL, solid=False)
    box(body, (0, 0, 0.0022), (0.068, 0.10, 0.001), rgb=(0.40, 0.42, 0.44), solid=False)
    box(body, (0.082, 0, 0.07), (0.008, 0.008, 0.07), rgb=_STEEL)
    box(body, (0.050, 0, 0.135), (0.04, 0.007, 0.006), rgb=_STEEL)


FURNITURE = Furniture(name="sink", add=_add)
