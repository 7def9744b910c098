"""Where on the worktop a thing that comes out of a drawer or a cabinet may be put."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.layout import Goal
from sapave.sim.layout_units import BESIDE, put_down_spots
from sapave.sim.turns import turn_z
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

APART = 0.10
"""Least distance from where a thing is put down to other things [m]."""
FAR = ((0.36, 0.02), (0.33, 0.04), (0.33, 0.0), (0.31, 0.02), (0.32, 0.10), (0.29, 0.11))
"""Where a thing is put rather than where the layout keeps room for it (x, distance from the middle away from the unit)
[m]: a round thing rolls up to 15 cm when it is let go, and the worktop ends at 0.18."""


def free_spots(world: World) -> list[Goal]:
    """The free ones of the spots before the robot, the best first; those that the layout keeps when none is free."""
    unit, plant = world.target, world.layout.plant
    assert isinstance(unit, Unit) and world.content is not None
    kept = put_down_spots(unit)
    far = [np.array([x, -unit.side * y, kept[0][2]]) for x, y in (FAR if farther_back(unit) else ())]
    far = [s for s in far if min(np.linalg.norm((p - s)[:2]) for p in unit.footprint()) > BESIDE]
    taken = [world.position(t.name) for t in world.things if t is not world.content]
    taken += [p for u in world.units if u is not unit for p in u.footprint()]
    taken += [] if plant is None else [plant.pot]
    spots = [s for s in (*far, *kept) if not under(unit, s)]
    free = [s for s in spots if all(np.linalg.norm((p - s)[:2]) > APART for p in taken)]
    return [Goal(name="spot", words="", position=s, radius=0.05) for s in free or kept]


def farther_back(unit: Unit) -> bool:
    """Is what comes out of it put down farther back, fingers sideways? Out of a drawer, unless it is in a corner, from
    where the way is barred; a door would sweep what stands there."""
    room = unit.articulation.room
    return room is not None and room.moves and not unit.in_corner and not unit.over_middle


def under(unit: Unit, spot: np.ndarray) -> bool:
    """Would a thing at a spot [3] m be under the open drawer, or touch it?"""
    piece = unit.articulation
    if piece.room is None or not piece.room.moves:
        return False
    x, y, _ = turn_z(-unit.yaw) @ (spot - unit.position) * [1.0, unit.side, 1.0]
    margin = BESIDE / 2
    return bool(-piece.travel - margin < x and -piece.reach[0] - margin < y < piece.reach[1] + margin)
