"""What chests with one drawer on a slide share: the case, the slide with its handle, and how the drawer moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from sapave.sim.furniture._articulated import STANDOFF, Articulation, Room, add_handle, add_leaf
from sapave.sim.furniture._furniture import RGB, Furniture, Palette, box

BAR = 0.060
"""Half length of the bar between its posts [m]."""


@dataclass(frozen=True, kw_only=True)
class Chest:
    """Measures of a chest; the drawer inside is built by `fill`."""

    name: str
    travel: float
    """[m]"""
    half: float
    """Half of the drawer's width [m]."""
    height: float
    """Of the bar above the chest's underside [m]."""
    depth: float
    """Of the drawer behind its front [m]."""
    top: float
    """Upper side of the chest above the bar [m]."""
    fill: Callable[[mujoco.MjsBody, RGB], None]
    """(leaf, colour of the front): adds front, bottom and sides."""
    room: Room | None = None


def chest(kind: Chest) -> Furniture:
    """The piece of furniture with these measures."""

    def add(case: mujoco.MjsBody, palette: Palette, rgb: RGB, side: int) -> None:
        outer, back = kind.half + 0.012, STANDOFF + kind.depth + 0.024
        middle, deep = (STANDOFF + 0.016 + back) / 2, (back - STANDOFF - 0.016) / 2
        rise, tall = (kind.top - kind.height) / 2, (kind.top + kind.height) / 2
        box(case, (middle, 0, -kind.height + 0.005), (deep, outer, 0.005), material=palette.wood)
        box(case, (middle, 0, kind.top - 0.005), (deep, outer, 0.005), material=palette.wood)
        for y in (-outer, outer):
            box(case, (middle, y, rise), (deep, 0.006, tall), material=palette.wood)
        box(case, (back, 0, rise), (0.005, outer + 0.006, tall), material=palette.wood)
        leaf = add_leaf(case, mujoco.mjtJoint.mjJNT_SLIDE, (-1, 0, 0), (0, 0, 0), kind.travel)
        kind.fill(leaf, rgb)
        leaf.mass, leaf.inertia, leaf.ipos = 0.8, (4e-3, 4e-3, 6e-3), (STANDOFF + kind.depth / 2, 0, -0.02)
        leaf.explicitinertial = True
        add_handle(leaf, (0, 0, 0), BAR, upright=False)

    def add_plain(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
        add(body, palette, palette.accent, 1)

    return Furniture(
        name=kind.name,
        add=add_plain,
        articulation=Articulation(
            kind="drawer",
            nouns=("drawer", "pull-out drawer"),
            travel=kind.travel,
            open_at=0.9 * kind.travel,
            shut_at=0.008,
            upright=False,
            bar=BAR,
            height=kind.height,
            reach=(kind.half + 0.02, kind.half + 0.02),
            depth=STANDOFF + kind.depth + 0.03,
            add=add,
            handle=_handle,
            room=kind.room,
        ),
    )


def _handle(joint: float, side: int) -> tuple[np.ndarray, float]:
    return np.array([-joint, 0.0, 0.0]), 0.0
