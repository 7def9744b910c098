"""A cabinet with a board at half height on which a thing can stand: a hand gets at it from the front, past the door.

Case, door and bar are those of the cabinet, so that it opens alike. Anchor: middle of the closed bar.
"""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np

from sapave.sim.furniture import cabinet
from sapave.sim.furniture._articulated import STANDOFF, Room
from sapave.sim.furniture._furniture import RGB, Furniture, Palette, box

BOARD = -0.030
"""Upper side of the board, or of the mat on it, above the bar [m]."""
TRAVEL = 1.53
"""The door stops here [rad]: behind one that stands open farther there is no room for the hand that closes it."""
_FRONT, _DEEP = STANDOFF + 0.026, 0.180
_MIDDLE, _HALF = (cabinet.RADIUS - cabinet.EDGE) / 2 + 0.008, (cabinet.RADIUS + cabinet.EDGE) / 2 - 0.004


def _add(case: mujoco.MjsBody, palette: Palette, rgb: RGB, side: int) -> None:
    cabinet.add_cabinet(case, palette, rgb, side, travel=TRAVEL)
    x, y = _FRONT + _DEEP / 2, side * _MIDDLE
    box(case, (x, y, BOARD - 0.007), (_DEEP / 2, _HALF, 0.005), material=palette.wood)
    mat = case.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, pos=(x, y, BOARD - 0.001), size=(_DEEP / 2 - 0.005, _HALF - 0.01, 0.001)
    )
    mat.rgba, mat.contype, mat.conaffinity = (0.32, 0.34, 0.36, 1.0), 1, 3
    mat.condim, mat.friction = 6, [2.0, 0.1, 0.1]


def _add_plain(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    _add(body, palette, palette.accent, 1)


assert cabinet.FURNITURE.articulation is not None
FURNITURE = Furniture(
    name="shelf_cabinet",
    add=_add_plain,
    articulation=replace(
        cabinet.FURNITURE.articulation,
        add=_add,
        travel=TRAVEL,
        room=Room(
            low=(_FRONT, _MIDDLE - _HALF, BOARD),
            high=(_FRONT + _DEEP, _MIDDLE + _HALF, cabinet.HEIGHT - 0.014),
            near=(_FRONT + 0.035, _MIDDLE - 0.03),
            far=(_FRONT + 0.055, _MIDDLE + 0.03),
            moves=False,
        ),
    ),
)
