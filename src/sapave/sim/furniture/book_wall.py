"""A wall of shelves full of books; anchor: on the floor, middle of the wall's face."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter

_SPINES = (
    (0.55, 0.16, 0.14),
    (0.16, 0.26, 0.42),
    (0.20, 0.36, 0.24),
    (0.72, 0.62, 0.40),
    (0.35, 0.22, 0.16),
    (0.80, 0.78, 0.72),
)


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    box(body, (0.02, 0, 1.3), (0.02, 1.6, 1.3), material=palette.wall)
    for z in (0.93, 1.20, 1.47, 1.74):
        box(body, (-0.02, 0, z), (0.05, 1.25, 0.009), material=palette.wood)
        y = -1.2
        while y < 1.15:
            wide, tall = float(g.uniform(0.012, 0.03)), float(g.uniform(0.075, 0.115))
            if g.uniform() < 0.88:
                hue = jitter(_SPINES[int(g.integers(len(_SPINES)))], g, 0.05)
                box(body, (-0.03, y + wide, z + 0.009 + tall), (0.035, wide, tall), rgb=hue, solid=False)
            y += 2 * wide + float(g.uniform(0.004, 0.03))


FURNITURE = Furniture(name="book_wall", add=_add)
