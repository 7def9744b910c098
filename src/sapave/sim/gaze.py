"""Where the head must point to look at something: exact for a yaw-then-pitch neck with an offset camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.base.types import HEAD_NAMES
from sapave.sim.robots.g1 import FOVY, ROBOT
from sapave.sim.skills import camera_frame

if TYPE_CHECKING:
    from sapave.sim.world import World


def gaze_at(model: mujoco.MjModel, point: np.ndarray) -> np.ndarray:
    """Head joints [2] (yaw, pitch) rad whose optical axis passes through `point` [3] m; joint limits not applied."""
    yaw_joint, pitch_joint = (model.joint(name) for name in HEAD_NAMES)
    pivot = model.body_pos[model.jnt_bodyid[yaw_joint.id]] + _chain_to_base(model, model.jnt_bodyid[yaw_joint.id])
    eye = model.cam_pos[model.camera("head").id]
    arm = np.asarray(point, float) - pivot
    assert pitch_joint.id != yaw_joint.id
    yaw = np.arctan2(arm[1], arm[0])
    flat = np.hypot(arm[0], arm[1])
    distance = max(np.hypot(flat, arm[2]), abs(eye[2]) + 1e-6)
    pitch = np.arctan2(arm[2], flat) - np.arcsin(eye[2] / distance)
    return np.array([yaw, pitch])


def shown_at(gaze: np.ndarray, head: np.ndarray, distance: float = 0.8) -> np.ndarray:
    """Where what a head at gaze [2] rad looks at, `distance` m away, shows in the picture of a head at `head` [2] rad:
    right and down [2] of the middle, 1 at the right and the lower border; far outside where it lies behind.

    Not the difference of the angles: the further down the camera looks, the more a turn rolls the picture.
    """
    eye, rotation = camera_frame(np.asarray(gaze, float))
    at, seen_by = camera_frame(np.asarray(head, float))
    right, down, ahead = seen_by.T @ (eye + distance * rotation[:, 2] - at)
    width, height = ROBOT.cameras["head"]
    half = np.tan(np.deg2rad(FOVY) / 2)
    return np.array([right * height / width, down]) / (half * max(ahead, 0.02))


def _chain_to_base(model: mujoco.MjModel, body: int) -> np.ndarray:
    """Offset of a body's parent frame from the base; the trunk of every robot here is unrotated."""
    offset = np.zeros(3)
    body = int(model.body_parentid[body])
    while body > 0:
        offset += model.body_pos[body]
        body = int(model.body_parentid[body])
    return offset


@contextmanager
def head_at(model: mujoco.MjModel, data: mujoco.MjData, gaze: np.ndarray) -> Iterator[None]:
    """Inside the block the head stands at gaze [2] rad (kinematics only); afterwards it is where it was."""
    addresses = [model.joint(name).qposadr[0] for name in HEAD_NAMES]
    before = data.qpos[addresses].copy()
    data.qpos[addresses] = gaze
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    try:
        yield
    finally:
        data.qpos[addresses] = before
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)


@contextmanager
def seen_from(world: World, gaze: np.ndarray) -> Iterator[None]:
    """Inside the block the world shows its present moment with the head at gaze [2] rad.

    It is a copy of the moment that is posed: the episode itself keeps every bit, which `head_at` does not promise.
    """
    present = world.data
    copy = world.spare_data
    copy.qpos[:], copy.mocap_pos[:], copy.mocap_quat[:] = present.qpos, present.mocap_pos, present.mocap_quat
    copy.qpos[[world.model.joint(name).qposadr[0] for name in HEAD_NAMES]] = gaze
    mujoco.mj_kinematics(world.model, copy)
    mujoco.mj_camlight(world.model, copy)
    world.data = copy
    try:
        yield
    finally:
        world.data = present
