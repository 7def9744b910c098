"""A leaning plant that hides what is behind it: its leaves are drawn only, since they give way. Anchor: on the
worktop, below the leaves' middle."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter

POT = 0.03
"""Half width of the pot [m]."""


def add_plant(body: mujoco.MjsBody, pot: np.ndarray, leaves: np.ndarray, size: float, g: np.random.Generator) -> None:
    """A pot at `pot` [3] m (its underside) and leaves around `leaves` [3] m of half size `size` [m]."""
    box(body, (pot[0], pot[1], pot[2] + 0.032), (POT, POT, 0.032), rgb=jitter((0.62, 0.36, 0.24), g))
    box(body, (pot[0], pot[1], pot[2] + 0.066), (POT * 0.85, POT * 0.85, 0.003), rgb=(0.2, 0.14, 0.1), solid=False)
    stem = (*(pot + [0, 0, 0.064]), *leaves)
    drawn = dict(contype=0, conaffinity=0, mass=0.0)
    shapes = mujoco.mjtGeom
    body.add_geom(type=shapes.mjGEOM_CAPSULE, size=(0.004, 0, 0), fromto=stem, rgba=(0.30, 0.42, 0.18, 1), **drawn)
    for i in range(7):
        angle, lift = 2 * np.pi * i / 7 + g.uniform(-0.3, 0.3), g.uniform(-0.5, 0.5)
        at = leaves + 0.55 * size * np.array([np.cos(angle), np.sin(angle), lift])
        green = jitter((0.20, 0.48, 0.20), g, 0.08)
        turn = (np.cos(angle / 2), 0, 0, np.sin(angle / 2))
        half = (0.62 * size, 0.40 * size, 0.30 * size)
        body.add_geom(type=shapes.mjGEOM_ELLIPSOID, pos=at, quat=turn, size=half, rgba=(*green, 1.0), **drawn)


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    add_plant(body, np.zeros(3), np.array([0.0, 0.0, 0.2]), 0.05, g)


FURNITURE = Furniture(name="house_plant", add=_add)
