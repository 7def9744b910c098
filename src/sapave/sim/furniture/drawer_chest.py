"""A chest with one drawer on a slide; the drawer is open at the top. Anchor: middle of the closed bar handle."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._articulated import STANDOFF, Articulation, add_handle, add_leaf
from sapave.sim.furniture._furniture import RGB, Furniture, Palette, box

TRAVEL = 0.16
HEIGHT = 0.075
"""Of the bar above the chest's underside [m]."""
HALF = 0.115
"""Half width of the drawer's front [m]."""
DEPTH = 0.20
_WALL = 0.006
_TOP = 0.052
"""Upper side of the chest above the bar [m]."""


def _add(case: mujoco.MjsBody, palette: Palette, rgb: RGB, side: int) -> None:
    outer, back = HALF + 0.012, STANDOFF + DEPTH + 0.024
    middle, deep = (STANDOFF + 0.016 + back) / 2, (back - STANDOFF - 0.016) / 2
    box(case, (middle, 0, -HEIGHT + 0.005), (deep, outer, 0.005), material=palette.wood)
    box(case, (middle, 0, _TOP - 0.005), (deep, outer, 0.005), material=palette.wood)
    for y in (-outer, outer):
        box(case, (middle, y, (_TOP - HEIGHT) / 2), (deep, 0.006, (_TOP + HEIGHT) / 2), material=palette.wood)
    box(case, (back, 0, (_TOP - HEIGHT) / 2), (0.005, outer + 0.006, (_TOP + HEIGHT) / 2), material=palette.wood)
    leaf = add_leaf(case, mujoco.mjtJoint.mjJNT_SLIDE, (-1, 0, 0), (0, 0, 0), TRAVEL)
    low = -HEIGHT + 0.014
    box(leaf, (STANDOFF + 0.007, 0, -0.010), (0.007, HALF + 0.010, 0.054), rgb=rgb)
    box(leaf, (STANDOFF + DEPTH / 2, 0, low + _WALL / 2), (DEPTH / 2, HALF - 0.006, _WALL / 2), rgb=(0.78, 0.70, 0.58))
    for y in (-HALF + 0.008, HALF - 0.008):
        box(leaf, (STANDOFF + DEPTH / 2, y, low + 0.035), (DEPTH / 2, 0.004, 0.035), rgb=(0.72, 0.63, 0.50))
    box(leaf, (STANDOFF + DEPTH - 0.004, 0, low + 0.035), (0.004, HALF - 0.006, 0.035), rgb=(0.72, 0.63, 0.50))
    leaf.mass, leaf.inertia, leaf.ipos = 0.8, (4e-3, 4e-3, 6e-3), (STANDOFF + DEPTH / 2, 0, -0.02)
    leaf.explicitinertial = True
    add_handle(leaf, (0, 0, 0), 0.060, upright=False)


def _handle(joint: float, side: int) -> tuple[np.ndarray, float]:
    return np.array([-joint, 0.0, 0.0]), 0.0


def _add_plain(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    _add(body, palette, palette.accent, 1)


FURNITURE = Furniture(
    name="drawer_chest",
    add=_add_plain,
    articulation=Articulation(
        kind="drawer",
        nouns=("drawer", "pull-out drawer"),
        travel=TRAVEL,
        open_at=0.9 * TRAVEL,
        shut_at=0.008,
        upright=False,
        bar=0.060,
        height=HEIGHT,
        reach=(HALF + 0.02, HALF + 0.02),
        depth=STANDOFF + DEPTH + 0.03,
        add=_add,
        handle=_handle,
    ),
)
