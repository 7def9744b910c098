"""A cabinet that stands on a worktop, with one hinged door and a vertical bar; anchor: middle of the closed bar."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._articulated import STANDOFF, Articulation, add_handle, add_leaf
from sapave.sim.furniture._furniture import RGB, Furniture, Palette, box

TRAVEL = 1.75
HEIGHT = 0.18
"""Of the bar above the cabinet's underside [m]."""
RADIUS = 0.22
"""From the bar to the hinge, along the door [m]."""
EDGE = 0.035
"""The door goes on past the bar by this [m]."""
DEPTH = 0.20
_HINGE_X = STANDOFF + 0.008
_HALF = 0.158
"""Half height of the door [m]."""


def add_cabinet(case: mujoco.MjsBody, palette: Palette, rgb: RGB, side: int, *, travel: float = TRAVEL) -> None:
    """A case with its door on a hinge and the bar on the door (see `Articulation.add`)."""
    front, back = STANDOFF + 0.019, STANDOFF + 0.019 + DEPTH
    x, deep = (front + back) / 2, DEPTH / 2
    wide = (RADIUS + EDGE) / 2 + 0.004
    y = side * ((RADIUS + 0.008) - (RADIUS + EDGE) / 2)
    for z in (-HEIGHT + 0.007, HEIGHT - 0.007):
        box(case, (x, y, z), (deep, wide + 0.008, 0.007), material=palette.wood)
    for edge in (-1, 1):
        box(case, (x, y + edge * wide, 0), (deep, 0.007, HEIGHT - 0.001), material=palette.wood)
    box(case, (back, y, 0), (0.005, wide + 0.008, HEIGHT), material=palette.wood)
    hinge = mujoco.mjtJoint.mjJNT_HINGE
    leaf = add_leaf(case, hinge, (0, 0, -side), (_HINGE_X, side * RADIUS, 0), travel)
    middle = side * (-(RADIUS + EDGE) / 2)
    box(leaf, (0, middle, 0), (0.008, (RADIUS + EDGE) / 2, _HALF), rgb=rgb)
    inner = (0.82 * rgb[0], 0.82 * rgb[1], 0.82 * rgb[2])
    box(leaf, (-0.0075, middle, 0), (0.0012, (RADIUS + EDGE) / 2 - 0.03, _HALF - 0.03), rgb=inner, solid=False)
    leaf.mass, leaf.inertia, leaf.ipos = 0.9, (9e-3, 7e-3, 3e-3), (0, middle, 0)
    leaf.explicitinertial = True
    add_handle(leaf, (-_HINGE_X, side * -RADIUS, 0), 0.060, upright=True)


def handle_of(joint: float, side: int) -> tuple[np.ndarray, float]:
    """Where the bar is and how the door is turned (see `Articulation.handle`)."""
    c, s = np.cos(joint), np.sin(joint)
    x, y = -_HINGE_X, -RADIUS  # of side +1, seen from the hinge
    at = np.array([_HINGE_X + c * x + s * y, RADIUS - s * x + c * y, 0.0])
    return at * [1.0, side, 1.0], -side * joint


def _add_plain(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    add_cabinet(body, palette, palette.accent, 1)


FURNITURE = Furniture(
    name="cabinet",
    add=_add_plain,
    articulation=Articulation(
        kind="cabinet",
        nouns=("cabinet", "cupboard", "locker"),
        travel=TRAVEL,
        open_at=float(np.deg2rad(80.0)),
        shut_at=float(np.deg2rad(5.0)),
        upright=True,
        bar=0.060,
        height=HEIGHT,
        reach=(EDGE + 0.02, RADIUS + 0.03),
        depth=STANDOFF + 0.02 + DEPTH,
        add=add_cabinet,
        handle=handle_of,
    ),
)
