"""A low chest with one wide, shallow drawer in which a thing can lie: a hand gets at it from above.

The false bottom is high and the front not much higher than a thing, so that a wrist passes over it; the mat on the
bottom keeps round things where they are while the drawer moves. Anchor: middle of the closed bar handle.
"""

from __future__ import annotations

import mujoco

from sapave.sim.furniture._articulated import STANDOFF, Room
from sapave.sim.furniture._chest import Chest, chest
from sapave.sim.furniture._furniture import RGB, box

TRAVEL = 0.19
HEIGHT = 0.075
"""Of the bar above the chest's underside [m]."""
HALF = 0.135
"""Half width of the drawer's front [m]."""
DEPTH = 0.22
FLOOR = -0.036
"""Upper side of the mat [m]."""
FRONT = 0.038
"""Upper edge of the drawer's front [m]."""
SIDES = -0.014
"""Upper edge of its sides and back [m]."""
_TOP = 0.050
"""Upper side of the chest above the bar [m]."""


def _fill(leaf: mujoco.MjsBody, rgb: RGB) -> None:
    low = -HEIGHT + 0.011
    box(leaf, (STANDOFF + 0.007, 0, (FRONT + low) / 2), (0.007, HALF + 0.010, (FRONT - low) / 2), rgb=rgb)
    inside, plain = STANDOFF + DEPTH / 2, (0.78, 0.70, 0.58)
    box(leaf, (inside, 0, (FLOOR + low) / 2 - 0.001), (DEPTH / 2, HALF - 0.006, (FLOOR - low) / 2 - 0.001), rgb=plain)
    rise, tall = (SIDES + low) / 2, (SIDES - low) / 2
    for y in (-HALF + 0.008, HALF - 0.008):
        box(leaf, (inside, y, rise), (DEPTH / 2, 0.004, tall), rgb=(0.72, 0.63, 0.50))
    box(leaf, (STANDOFF + DEPTH - 0.004, 0, rise), (0.004, HALF - 0.006, tall), rgb=(0.72, 0.63, 0.50))
    mat = leaf.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, pos=(inside, 0, FLOOR - 0.001), size=(DEPTH / 2 - 0.01, HALF - 0.012, 0.001)
    )
    mat.rgba, mat.contype, mat.conaffinity = (0.32, 0.34, 0.36, 1.0), 1, 3
    mat.condim, mat.friction = 6, [2.0, 0.1, 0.1]


FURNITURE = chest(
    Chest(
        name="shallow_chest",
        travel=TRAVEL,
        half=HALF,
        height=HEIGHT,
        depth=DEPTH,
        top=_TOP,
        fill=_fill,
        room=Room(
            low=(STANDOFF + 0.014, -HALF + 0.012, FLOOR),
            high=(STANDOFF + DEPTH - 0.008, HALF - 0.012, _TOP - 0.010),
            near=(STANDOFF + 0.070, -0.02),
            far=(STANDOFF + 0.090, 0.025),
            moves=True,
        ),
    )
)
