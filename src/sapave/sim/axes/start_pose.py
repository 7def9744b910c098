"""Start pose: head and arms begin elsewhere, touching nothing."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.world import World

HEAD = (0.6, 0.3)
"""Largest turn of the head at strength 1 (yaw, pitch) [rad]."""
ARM = 0.18
"""Largest turn of each arm joint at strength 1 [rad]."""
TRIES = 30


class Posture(Change):
    """The robot was doing something else before."""

    def start(self, world: World) -> None:
        """Draw postures until one touches nothing; ever smaller ones, so that one is found."""
        g, robot = self.rng(), world.robot
        head = np.clip(robot.rest_head + self.strength * g.uniform(-1, 1, 2) * HEAD, *robot.head_limits.T)
        for attempt in range(TRIES):
            other = robot.rest_other.copy()
            size = self.strength * ARM * (1 - attempt / TRIES)
            other[:14] = np.clip(other[:14] + g.uniform(-size, size, 14), *robot.other_limits[:14].T)
            world.controller.reset(head, other)
            mujoco.mj_forward(world.model, world.data)
            if not world.robot_touches():
                return
        world.controller.reset(head, robot.rest_other)


AXIS = Axis(
    name="start_pose",
    doc="Head and arms begin in another posture.",
    change=Posture,
    alters=frozenset({"posture"}),
    unit="1 = up to 34 degrees (head) and 10 degrees (each arm joint)",
)
