"""The rooms of the suite activemanip: a worktop with two wings as in the kitchens, other furniture and people."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np

from sapave.sim.furniture import counter
from sapave.sim.furniture._furniture import RGB, Palette, add_material, jitter
from sapave.sim.scenes._scene import (
    FRONT_EDGE,
    SIDE_EDGE,
    TOP,
    Place,
    Slot,
    add_backdrop,
    add_lights,
    kitchen_places,
    put,
)

DRAWER_FRONT = Slot(furniture="drawer_chest", low=(0.29, 0.19), high=(0.32, 0.25), z=TOP)
DRAWER_CORNER = Slot(furniture="drawer_chest", low=(0.17, 0.39), high=(0.22, 0.43), z=TOP, yaw=(0.75, 1.0), hidden=True)
CABINET_FRONT = Slot(furniture="cabinet", low=(0.31, 0.09), high=(0.34, 0.13), z=TOP, yaw=(-0.05, 0.15))
CABINET_CORNER = Slot(furniture="cabinet", low=(0.25, 0.36), high=(0.29, 0.40), z=TOP, yaw=(0.75, 0.95), hidden=True)
CABINET_MIDDLE = Slot(furniture="cabinet", low=(0.36, -0.14), high=(0.38, -0.10), z=TOP, yaw=(-0.40, -0.30))
"""Past the middle, and turned away from the hand that opens it: the other one takes things out (measured)."""
DRAWERS, CABINETS = (DRAWER_FRONT, DRAWER_CORNER), (CABINET_FRONT, CABINET_CORNER)
SLOTS = DRAWERS + CABINETS
"""Measured: every handle that these allow is within reach of the hand of its side, closed and open."""


def darker(rgb: RGB, share: float) -> RGB:
    """The same colour, `share` as bright."""
    return share * rgb[0], share * rgb[1], share * rgb[2]


def room_places(what: str = "counter") -> dict[str, Place]:
    """The kitchens' places without the shelf; `what` names the worktop, as in `on the left side of the desk`."""
    places = {name: place for name, place in kitchen_places().items() if name != "shelf"}
    if what != "counter":
        for side in ("left", "right"):
            places[side] = replace(places[side], words=f"on the {side} side of the {what}")
    return places


def build_room(
    spec: mujoco.MjSpec,
    g: np.random.Generator,
    *,
    top: RGB,
    front: RGB,
    wall: RGB,
    wood: RGB,
    accent: RGB,
    floor: RGB = (0.45, 0.40, 0.36),
    grain: str = "speckle",
    tiles: bool = False,
    base: str = "counter",
    wing: str = "side_counter",
    back: str = "wall",
    fittings: tuple[tuple[str, float, float, float], ...] = (),
) -> Palette:
    """A worktop (`base`), two wings, a wall (`back`) and `fittings` (furniture name, x, y, z)."""
    surface, cupboard, plaster = jitter(top, g), jitter(front, g, 0.04), jitter(wall, g, 0.04)
    palette = Palette(
        worktop=add_material(spec, "worktop", surface, darker(surface, 0.88), kind=grain, repeat=5),
        front=add_material(spec, "front", cupboard, cupboard, kind="flat"),
        wall=add_material(
            spec, "wall", plaster, jitter(plaster, g, 0.08), kind="checker" if tiles else "flat", repeat=6
        ),
        wood=add_material(spec, "wood", jitter(wood, g, 0.04), darker(wood, 0.86), kind="speckle", repeat=2),
        accent=jitter(accent, g, 0.04),
    )
    boards = add_material(spec, "floor", floor, darker(floor, 0.88), kind="checker", repeat=3)
    ground = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(4, 4, 0.1), contype=1, conaffinity=3)
    ground.material = boards
    put(spec, back, palette, g, (FRONT_EDGE + counter.DEPTH, 0, 0))
    put(spec, base, palette, g, (FRONT_EDGE, 0, TOP))
    put(spec, wing, palette, g, (FRONT_EDGE - 0.30, SIDE_EDGE, TOP))
    put(spec, wing, palette, g, (FRONT_EDGE - 0.30, -SIDE_EDGE, TOP), yaw=np.pi)
    for name, x, y, z in fittings:
        put(spec, name, palette, g, (x, y, z))
    add_backdrop(spec, plaster)
    add_lights(spec, g)
    return palette
