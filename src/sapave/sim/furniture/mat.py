"""A thin coloured mat that marks where a household keeps something; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0, 0, 0.001), (0.15, 0.10, 0.001), rgb=palette.accent, solid=False)


FURNITURE = Furniture(name="mat", add=_add)
