"""A chest with one drawer on a slide; the drawer is open at the top. Anchor: middle of the closed bar handle."""

from __future__ import annotations

import mujoco

from sapave.sim.furniture._articulated import STANDOFF
from sapave.sim.furniture._chest import Chest, chest
from sapave.sim.furniture._furniture import RGB, box

TRAVEL = 0.16
HEIGHT = 0.075
"""Of the bar above the chest's underside [m]."""
HALF = 0.115
"""Half width of the drawer's front [m]."""
DEPTH = 0.20
_WALL = 0.006
_TOP = 0.052
"""Upper side of the chest above the bar [m]."""


def _fill(leaf: mujoco.MjsBody, rgb: RGB) -> None:
    low = -HEIGHT + 0.014
    box(leaf, (STANDOFF + 0.007, 0, -0.010), (0.007, HALF + 0.010, 0.054), rgb=rgb)
    box(leaf, (STANDOFF + DEPTH / 2, 0, low + _WALL / 2), (DEPTH / 2, HALF - 0.006, _WALL / 2), rgb=(0.78, 0.70, 0.58))
    for y in (-HALF + 0.008, HALF - 0.008):
        box(leaf, (STANDOFF + DEPTH / 2, y, low + 0.035), (DEPTH / 2, 0.004, 0.035), rgb=(0.72, 0.63, 0.50))
    box(leaf, (STANDOFF + DEPTH - 0.004, 0, low + 0.035), (0.004, HALF - 0.006, 0.035), rgb=(0.72, 0.63, 0.50))


FURNITURE = chest(
    Chest(
        name="drawer_chest",
        travel=TRAVEL,
        half=HALF,
        height=HEIGHT,
        depth=DEPTH,
        top=_TOP,
        fill=_fill,
    )
)
