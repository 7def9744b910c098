"""What an articulated piece of furniture is: one leaf (a drawer, a door) on one joint, pulled by a bar handle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import RGB, Palette

STANDOFF = 0.045
"""From the middle of the bar to the face behind it [m] (facts: fingers pass behind it)."""
BAR_RADIUS = 0.007


@dataclass(frozen=True, kw_only=True)
class Room:
    """The space inside a piece in which a thing can stand, in the piece's frame while it is closed, of side +1."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    """Its bounds [m]; what stands in it stands on its lower face."""
    near: tuple[float, float]
    far: tuple[float, float]
    """Bounds of the centre (x, y) of a thing that a hand can take out [m]."""
    moves: bool
    """Does it come along when the piece opens (a drawer) or stay where it is (a cabinet)?"""


@dataclass(frozen=True, kw_only=True)
class Articulation:
    """How a piece moves. Its frame: origin in the middle of the closed bar, +x into the piece, z up.

    `side` is +1 for a piece that opens as written (a door: hinge at +y), -1 for its mirror image.
    """

    kind: str
    """What tasks ask for: `drawer` or `cabinet`."""
    nouns: tuple[str, ...]
    """What people call it; the last one is kept for the test split."""
    travel: float
    """Range of the joint [m or rad]; 0 is closed."""
    open_at: float
    """From here on it counts as open [m or rad]."""
    shut_at: float
    """Up to here it counts as fully closed [m or rad]."""
    upright: bool
    """Does the bar stand (a door) or lie (a drawer)?"""
    bar: float
    """Half length of the bar between its posts [m]."""
    height: float
    """Of the bar above the piece's underside [m]."""
    reach: tuple[float, float]
    """How far the piece reaches to either side of the bar, at -y and at +y of side +1 [m]."""
    depth: float
    """How far it reaches behind the bar [m]."""
    add: Callable[[mujoco.MjsBody, Palette, RGB, int], None]
    """(case body named `<unit>_case`, palette, colour of the leaf, side): adds case, leaf with joint, and handle."""
    handle: Callable[[float, int], tuple[np.ndarray, float]]
    """(joint, side) -> middle of the bar [3] m and turn of the leaf about z [rad], in the piece's frame."""
    room: Room | None = None
    """The room inside that tasks use; None: nothing is kept in it."""


def add_leaf(case: mujoco.MjsBody, joint: mujoco.mjtJoint, axis: tuple, pos: tuple, travel: float) -> mujoco.MjsBody:
    """The moving body `<unit>_leaf` with the joint `<unit>_joint`; dry friction holds it where it is let go."""
    unit = case.name.removesuffix("_case")
    leaf = case.add_body(name=f"{unit}_leaf", pos=pos)
    slide = joint == mujoco.mjtJoint.mjJNT_SLIDE
    leaf.add_joint(
        name=f"{unit}_joint",
        type=joint,
        axis=axis,
        range=(0.0, travel),
        limited=True,
        damping=[8.0 if slide else 0.25, 0, 0],
        frictionloss=1.0 if slide else 0.06,
        armature=0.0 if slide else 0.002,
    )
    return leaf


def add_handle(leaf: mujoco.MjsBody, pos: tuple, half: float, *, upright: bool) -> None:
    """The body `<unit>`: a steel bar of half length `half` [m] at pos [3] m of the leaf, on two posts."""
    handle = leaf.add_body(name=leaf.name.removesuffix("_leaf"), pos=pos)
    along = np.array([0.0, 0.0, 1.0]) if upright else np.array([0.0, 1.0, 0.0])
    look = dict(
        rgba=(0.80, 0.81, 0.83, 1.0), contype=1, conaffinity=3, condim=4, friction=[1.1, 0.01, 0.0005],
        solref=[0.01, 1], solimp=[0.9, 0.98, 0.002, 0.5, 2], mass=0.02,
    )  # fmt: skip
    capsule = mujoco.mjtGeom.mjGEOM_CAPSULE
    ends = (half + 0.008) * along
    handle.add_geom(type=capsule, size=(BAR_RADIUS, 0, 0), fromto=(*-ends, *ends), **look)
    for end in (-ends, ends):
        foot = end + np.array([STANDOFF, 0.0, 0.0])
        handle.add_geom(type=capsule, size=(0.006, 0, 0), fromto=(*end, *foot), **look)
