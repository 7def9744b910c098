"""Moving occluder: a board slides to and fro on a rail between the head and the target; it stops no hand."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout
from sapave.sim.world import World

HALF = (0.006, 0.055, 0.07)
"""Half sizes of the board: thick, wide, high [m]."""
GAP = 0.17
"""From the target to the middle of the board, toward the eye [m]."""
SWING = 0.15
"""How far the board goes to both sides [m]."""
PERIOD = 4.0
"""To and fro at strength 1 [s]."""
EYE = np.array([0.07, 0.0, 1.27])
"""The head camera in its default pose [m], to a few centimetres."""

BOARD, RAIL = "moving_occluder", "moving_occluder_rail"
"""Names of the two bodies."""


class Board(Change):
    """A board on a rail; drawn and seen, but without collisions, so that it harms no arm."""

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """Add the board and its rail as bodies without mass; `start` hangs them up."""
        board = spec.worldbody.add_body(name=BOARD, mocap=True)
        stripe = (HALF[0] * 1.05, HALF[1], 0.2 * HALF[2])
        for size, rgba in ((HALF, (0.83, 0.80, 0.72, 1)), (stripe, (0.35, 0.40, 0.47, 1))):
            board.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=size, rgba=rgba, contype=0, conaffinity=0)
        rail = spec.worldbody.add_body(name=RAIL, mocap=True)
        reach = SWING + HALF[1]
        rail.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CAPSULE,
            fromto=[0, -reach, HALF[2], 0, reach, HALF[2]],
            size=(0.004, 0, 0),
            rgba=(0.3, 0.3, 0.32, 1),
            contype=0,
            conaffinity=0,
        )

    def start(self, world: World) -> None:
        """Hang the rail across the line of sight to the target and the board on it."""
        mujoco.mj_kinematics(world.model, world.data)
        target = world.position(world.target.name)
        toward = (EYE - target) / np.linalg.norm(EYE - target)
        yaw = float(np.arctan2(toward[1], toward[0]))
        self._middle = target + GAP * toward
        self._along = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
        self._phase = float(self.rng().uniform(0, 2 * np.pi))
        for name, at in ((BOARD, self._at(0.0)), (RAIL, self._middle)):
            mocap = world.model.body(name).mocapid[0]
            world.data.mocap_pos[mocap] = at
            world.data.mocap_quat[mocap] = [np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)]

    def _at(self, time: float) -> np.ndarray:
        swing = SWING * np.sin(self._phase + 2 * np.pi * self.strength * time / PERIOD)
        return self._middle + swing * self._along

    def tick(self, world: World) -> None:
        """Slide on."""
        body = world.model.body(BOARD).mocapid[0]
        world.data.mocap_pos[body] = self._at(world.time)


AXIS = Axis(
    name="moving_occluder",
    doc="A board slides to and fro between the head and the target.",
    change=Board,
    alters=frozenset({"events"}),
    unit="1 = to and fro in 4 s",
)
