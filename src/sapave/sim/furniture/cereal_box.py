"""A cereal box that stands in the way: the occluder. It is light and may be pushed; anchor: middle of its base."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.furniture._furniture import Furniture, Palette, box, jitter

HALF = (0.022, 0.062, 0.095)


def _add(body: mujoco.MjsBody, palette: Palette, g: np.random.Generator) -> None:
    x, y, z = HALF
    body.add_freejoint()
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=(0, 0, z),
        size=HALF,
        rgba=(*jitter((0.72, 0.66, 0.52), g), 1.0),
        mass=0.35,
        contype=1,
        conaffinity=3,
        condim=4,
        friction=[1.0, 0.01, 0.0005],
        solref=[0.01, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
    )
    box(body, (0, 0, 1.35 * z), (x * 1.01, y * 0.8, z * 0.3), rgb=jitter((0.45, 0.33, 0.22), g), solid=False)
    box(body, (0, 0, 0.6 * z), (x * 1.01, y * 0.45, z * 0.25), rgb=jitter((0.9, 0.86, 0.7), g), solid=False)


FURNITURE = Furniture(name="cereal_box", add=_add)
