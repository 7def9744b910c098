"""A row of books between two ends; anchor: middle of its underside."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter

_SPINES = ((0.60, 0.18, 0.15), (0.18, 0.30, 0.48), (0.22, 0.42, 0.28), (0.80, 0.70, 0.42), (0.45, 0.28, 0.50))


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    y = -0.11
    while y < 0.10:
        wide, tall = float(g.uniform(0.009, 0.02)), float(g.uniform(0.075, 0.105))
        rgb = jitter(_SPINES[int(g.integers(len(_SPINES)))], g, 0.06)
        box(body, (0, y + wide, tall), (0.06, wide, tall), rgb=rgb)
        y += 2 * wide + 0.001
    for end in (-0.118, 0.118):
        box(body, (0, end, 0.05), (0.05, 0.006, 0.05), rgb=palette.accent)


FURNITURE = Furniture(name="book_row", add=_add)
