"""Liquid: small balls without friction or spin that fill a hollow thing, can be poured, and are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.sim.objects._family import RGB, Cavity, Thing
from sapave.sim.turns import turn_z

if TYPE_CHECKING:
    from sapave.sim.layout import Standing
    from sapave.sim.world import World

RADIUS = 0.007
"""Of a drop [m]."""
MASS = 0.0015
"""Of a drop [kg]."""
DRAG = 0.003
"""Of a moving drop [N s/m]: what was spilled comes to rest."""
NUMBER = 24
"""Drops in a vessel."""
SETTLE_TICKS = 14
"""Control ticks before an episode in which the drops come to rest."""
KINDS: dict[str, RGB] = {
    "water": (0.36, 0.62, 0.92),
    "juice": (0.96, 0.60, 0.12),
    "milk": (0.95, 0.94, 0.90),
    "tea": (0.55, 0.28, 0.10),
}
"""Colours that a liquid may have."""


@dataclass(frozen=True, kw_only=True)
class Liquid:
    """What is in a vessel at the start."""

    rgb: RGB
    number: int = NUMBER


def holds(thing: Thing, number: int = NUMBER) -> bool:
    """Is there room for so many drops, and for some air above them?"""
    cavity = thing.shape.cavity
    return cavity is not None and len(stacked(cavity, number)) == number


def stacked(cavity: Cavity, number: int) -> np.ndarray:
    """[k, 3] m: places for up to `number` drops in layers above the floor, relative to the vessel's centre."""
    places: list[np.ndarray] = []
    z, layer = cavity.floor + RADIUS + 0.0005, 0
    while len(places) < number and z < cavity.floor + cavity.depth - RADIUS:
        heights, radii = np.array(cavity.profile).T[::-1]
        ring = float(np.interp([z - RADIUS, z + RADIUS], heights, radii).min()) - RADIUS - 0.001
        if ring < 1.02 * RADIUS:  # beside each other they do not fit
            places.append(np.array([0.0, 0.0, z]))
        else:
            count = int(np.pi / np.arcsin(min(1.0, 1.02 * RADIUS / ring)))
            turn = np.pi / count * (layer % 2)
            places += [turn_z(turn + 2 * np.pi * i / count) @ [ring, 0.0, z] for i in range(count)]
            if ring > 2.04 * RADIUS:
                places.append(np.array([0.0, 0.0, z]))
        z, layer = z + 1.9 * RADIUS, layer + 1
    return np.array(places[:number])


def add_drops(spec: mujoco.MjSpec, liquid: Liquid, standing: Standing) -> None:
    """Fill a standing vessel of a world that is being built; ValueError when it has no room for it."""
    cavity = standing.thing.shape.cavity
    if cavity is None or not holds(standing.thing, liquid.number):
        raise ValueError(
            f"liquid: a {standing.thing.model or standing.thing.family.name} has no room for {liquid.number} drops; "
            "take a larger hollow thing"
        )
    centre = np.array([*standing.xy, standing.place.z + standing.height + 0.001])
    for i, place in enumerate(stacked(cavity, liquid.number)):
        body = spec.worldbody.add_body(name=f"drop{i}", pos=centre + turn_z(standing.yaw) @ place)
        for axis in range(3):
            body.add_joint(
                name=f"drop{i}_{'xyz'[axis]}",
                type=mujoco.mjtJoint.mjJNT_SLIDE,
                axis=np.eye(3)[axis],
                damping=[DRAG, 0, 0],
            )
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=(RADIUS, 0, 0),
            rgba=(*liquid.rgb, 1.0),
            mass=MASS,
            contype=1,
            conaffinity=3,
            condim=1,
            priority=1,
            solref=[0.01, 1],
            solimp=[0.9, 0.98, 0.002, 0.5, 2],
        )


class Drops:
    """The drops of a world."""

    def __init__(self, model: mujoco.MjModel, liquid: Liquid | None) -> None:
        self.number = 0 if liquid is None else liquid.number
        names = [f"drop{i}" for i in range(self.number)]
        self.bodies = np.array([model.body(n).id for n in names], int)
        joints = [[model.joint(f"{name}_{axis}").id for axis in "xyz"] for name in names]
        self._qpos = model.jnt_qposadr[np.array(joints, int).reshape(-1, 3)]
        self._dofs = model.jnt_dofadr[np.array(joints, int).reshape(-1, 3)]

    def inside(self, world: World, name: str) -> np.ndarray:
        """[number] bool: which drops are in a hollow thing, below its rim."""
        cavity = next(t for t in world.things if t.name == name).shape.cavity
        if cavity is None or self.number == 0:
            return np.zeros(self.number, bool)
        pose = world.body_pose(name)
        x, y, z = pose[:3, :3].T @ (world.data.xpos[self.bodies] - pose[:3, 3]).T
        heights, radii = np.array(cavity.profile).T[::-1]
        return (np.hypot(x, y) < np.interp(z, heights, radii)) & (z > heights[0]) & (z < heights[-1])

    def carry(self, world: World, name: str, shift: np.ndarray) -> None:
        """Move the drops that are in a thing by `shift` [3] m along with it, at rest."""
        mine = self.inside(world, name)
        world.data.qpos[self._qpos[mine]] += shift
        world.data.qvel[self._dofs[mine]] = 0.0
