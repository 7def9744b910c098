"""Camera pose: the head camera is mounted a little off, and nobody has told the robot."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np

from sapave.base import geometry
from sapave.base.types import Observation
from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout

SHIFT = 0.010
"""Length of the error of position at strength 1 [m]."""
TURN = np.deg2rad(3.0)
"""Angle of the error of orientation at strength 1 [rad]."""
FLIP = np.diag([1.0, -1.0, -1.0])
"""MuJoCo's camera frame to OpenCV's."""


class Mounting(Change):
    """A shifted and turned head camera; what is reported is where it ought to be."""

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """Move and turn the camera about a random axis."""
        camera = spec.camera("head")
        g = self.rng()
        axis, shift = (v / np.linalg.norm(v) for v in g.normal(size=(2, 3)))
        angle = self.strength * TURN
        ought = _pose(camera)
        turn = np.array([np.cos(angle / 2), *(np.sin(angle / 2) * axis)])
        quat = np.zeros(4)
        mujoco.mju_mulQuat(quat, np.asarray(camera.quat), turn)
        camera.quat, camera.pos = quat.tolist(), (np.asarray(camera.pos) + self.strength * SHIFT * shift).tolist()
        self._true_from_ought = geometry.invert(_pose(camera)) @ ought

    def observe(self, world: object, seen: Observation) -> Observation:
        """The robot believes that the camera sits where it was meant to sit."""
        known = dict(seen.geometry)
        head = known.get("head")
        if head is not None and head.base_from_camera is not None:
            believed = (head.base_from_camera @ self._true_from_ought).astype(np.float32)
            known["head"] = replace(head, base_from_camera=believed)
        return replace(seen, geometry=known)


def _pose(camera: mujoco.MjsCamera) -> np.ndarray:
    """OpenCV pose [4, 4] of a camera in its parent."""
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, np.asarray(camera.quat))
    return geometry.make_pose(rotation.reshape(3, 3) @ FLIP, np.asarray(camera.pos))


AXIS = Axis(
    name="camera_pose",
    doc="The head camera is mounted off by a centimetre and some degrees; the robot is told the nominal pose.",
    change=Mounting,
    alters=frozenset({"camera", "sensing"}),
    unit="1 = 1 cm and 3 degrees",
)
