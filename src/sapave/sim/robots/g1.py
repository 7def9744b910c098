"""Unitree G1, upper body on a fixed pelvis, Inspire hands, and a 2-joint head that carries the camera.

Numbers: unitree_ros (robots/g1_description, rev_1_0, mode_machine 5) for the arms: frames, limits, masses, efforts
(25 N m; 4010 motors of wrist pitch and yaw 5 N m). The right arm is the left's mirror image (the URDF's right side
differs by 0.01 mm). Head: two XC330-M288-T (0.93 N m, 8.48 rad/s at 5 V); its mount and limits are our choice.
Gains are ours: they follow a target without overshoot and with a lag below 0.05 rad.
"""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.base.kinematics import Chain
from sapave.base.types import HEAD_NAMES, OTHER_NAMES
from sapave.sim.robots._inspire import (
    FINGER_RANGE,
    FINGERS,
    GRASP,
    THUMB_BEND_RANGE,
    THUMB_ROTATION_RANGE,
    add_hand,
    followers,
)
from sapave.sim.robots._parts import Side, add_servo, look_at
from sapave.sim.robots._robot import Robot

LEFT, RIGHT, TRUNK = Side("left", 1, 2, 4 | 8), Side("right", -1, 4, 2 | 8), Side("trunk", 1, 8, 2 | 4)
TORSO = (-0.0039635, 0.0, 0.793 + 0.044)
"""torso_link over the waist's fixed joints, for a pelvis at z = 0.793 m."""
# fmt: off
# name, xyz [m], quat wxyz, axis, range of the left joint [rad], effort [N m], kp, kd
ARM = (
    ("shoulder_pitch", (0.0039563, 0.10022, 0.24778), (0.990264, 0.139201, 1.38722e-05, -9.86868e-05),
     "y", -3.0892, 2.6704, 25, 200, 8),
    ("shoulder_roll", (0.0, 0.038, -0.013831), (0.990268, -0.139172, 0.0, 0.0), "x", -1.5882, 2.2515, 25, 200, 8),
    ("shoulder_yaw", (0.0, 0.00624, -0.1032), (1, 0, 0, 0), "z", -2.618, 2.618, 25, 200, 8),
    ("elbow", (0.015783, 0.0, -0.080518), (1, 0, 0, 0), "y", -1.0472, 2.0944, 25, 200, 8),
    ("wrist_roll", (0.1, 0.00188791, -0.01), (1, 0, 0, 0), "x", -1.972222, 1.972222, 25, 100, 2.5),
    ("wrist_pitch", (0.038, 0.0, 0.0), (1, 0, 0, 0), "y", -1.61443, 1.61443, 5, 100, 2.5),
    ("wrist_yaw", (0.046, 0.0, 0.0), (1, 0, 0, 0), "z", -1.61443, 1.61443, 5, 100, 2.5),
)
# fmt: on
# mass [kg], centre [m], inertia xx yy zz xy xz yz [kg m2], armature [kg m2]
LINKS = (
    (0.718, (0.0, 0.03589, -0.01163), (4.291e-4, 4.53e-4, 4.23e-4, -9.2e-6, 6.4e-6, 2.26e-5), 0.00361),
    (0.643, (-0.000227, 0.00727, -0.06324), (6.177e-4, 6.912e-4, 3.894e-4, -1e-6, 8.7e-6, -5.3e-6), 0.00361),
    (0.734, (0.01077, -0.002949, -0.07201), (9.988e-4, 1.061e-3, 4.354e-4, 7.9e-6, 1.412e-4, -2.86e-5), 0.00361),
    (0.6, (0.06496, 0.004454, -0.01006), (2.891e-4, 4.152e-4, 4.197e-4, 6.53e-5, 1.72e-5, -5.6e-6), 0.00361),
    (0.08545, (0.01714, 0.0005376, 0.0), (4.822e-5, 3.723e-5, 5.482e-5, -4.245e-6, 0.0, 0.0), 0.00361),
    (0.48405, (0.023, -0.001117, -0.001117), (1.658e-4, 4.295e-4, 4.295e-4, -1.231e-5, 1.232e-5, 8e-7), 0.00425),
    (0.08458, (0.022, 0.0004949, 0.0005386), (4.929e-5, 5.973e-5, 3.928e-5, -4.6e-7, 4.46e-6, 4.3e-7), 0.00425),
)
NECK = (0.01 - TORSO[0], 0.0, 1.177 - TORSO[2])
CAMERA = (0.06, 0.0, 0.10)
"""The head camera in the frame of the pitch joint [m]: this lever lets the head peek around things."""
FOVY = 65.0
HEAD_LIMITS = ((-1.4, 1.4), (-1.1, 0.6))
HEAD_TORQUE = 0.93
HEAD_KP, HEAD_KD = 10.0, 0.6
HEAD_STEP, ARM_STEP, HAND_STEP = 0.12, 0.07, 0.15
REST_HEAD = (0.0, -0.90)
REST_ARM = (1.059, 0.393, 0.327, -0.211, -0.969, -0.713, -0.976)
"""Left grasp point at (0.10, 0.21, 0.95), elbow drawn back: below the default view, and out of the way of a
glance at the side counters."""
REST_HAND = (0.0, 0.0, 0.0, 0.0, 0.0, 1.2)
WRIST_EYE = (0.06, -0.02, 0.065)
WRIST_FOVY = 75.0


def add(spec: mujoco.MjSpec, *, meshes: bool = False) -> None:
    """Build the robot into a spec; with `meshes` show the shells of robot_descriptions' G1 (ValueError without it)."""
    spec.compiler.degree = False
    torso = TRUNK.body(spec.worldbody, "torso_link", TORSO)
    TRUNK.solid(torso, "box", (0.05, 0.075, 0.13), (0.0, 0.0, 0.15), shade=2)
    TRUNK.visual(torso, "capsule", 0.06, (0.0, -0.05, 0.02), (0.0, 0.05, 0.02), shade=0)
    for side in (LEFT, RIGHT):
        _add_arm(spec, torso, side)
    _add_head(spec, torso)
    if meshes:
        from sapave.sim.robots._g1_meshes import show_meshes

        show_meshes(spec)


def _add_arm(spec: mujoco.MjSpec, torso: mujoco.MjsBody, side: Side) -> None:
    body, bodies = torso, []
    for (name, pos, quat, axis, low, high, effort, kp, kd), (mass, centre, inertia, armature) in zip(
        ARM, LINKS, strict=True
    ):
        joint = f"{side.name}_{name}"
        body = side.body(body, f"{joint}_link", pos, quat)
        limits = _limits(side, axis, low, high)
        side.hinge(body, joint, _axis(axis), limits, damping=0.5, armature=armature, mirror=False)
        side.inertial(body, mass, centre, inertia)
        add_servo(spec, joint, kp, kd, effort, limits)
        bodies.append(body)
    pitch, roll, yaw, elbow, wrist_roll, wrist_pitch, wrist_yaw = bodies
    side.visual(pitch, "capsule", 0.040, (0, 0.01, 0), (0, 0.045, -0.012), shade=2)
    side.visual(roll, "capsule", 0.038, (0, 0.006, -0.015), (0, 0.006, -0.08), shade=2)
    side.solid(yaw, "capsule", 0.034, (0.0, 0, 0.0), (0.0158, 0, -0.075), shade=0)
    side.solid(elbow, "capsule", 0.030, (0.01, 0, 0), (0.1, 0.0019, -0.01), shade=2)
    side.visual(wrist_roll, "capsule", 0.027, (0.0, 0, 0), (0.03, 0, 0), shade=0)
    side.solid(wrist_pitch, "capsule", 0.028, (0.0, 0, 0), (0.046, 0, 0), shade=2)
    side.visual(wrist_yaw, "capsule", 0.025, (0.01, 0, 0), (0.05, 0, 0), shade=0)
    add_hand(spec, wrist_yaw, side)
    wrist_yaw.add_site(name=f"{side.name}_grasp", pos=side.point(GRASP), size=[0.004] * 3, group=5)
    eye = side.point(WRIST_EYE)
    camera = wrist_yaw.add_camera(name=f"{side.name}_wrist", pos=eye, fovy=WRIST_FOVY)
    camera.quat = look_at(eye, side.point(GRASP))
    spec.add_exclude(bodyname1=torso.name, bodyname2=yaw.name)


def _add_head(spec: mujoco.MjSpec, torso: mujoco.MjsBody) -> None:
    yaw = TRUNK.body(torso, "head_yaw_link", NECK)
    pitch = TRUNK.body(yaw, "head_pitch_link", (0, 0, 0))
    TRUNK.inertial(yaw, 0.06, (0, 0, -0.02), (3e-5, 3e-5, 3e-5))
    TRUNK.inertial(pitch, 0.30, (0.03, 0, 0.06), (1.2e-3, 1.2e-3, 6e-4))
    for body, name, axis, limits in zip((yaw, pitch), HEAD_NAMES, ((0, 0, 1), (0, -1, 0)), HEAD_LIMITS, strict=True):
        TRUNK.hinge(body, name, axis, limits, damping=0.05, armature=0.003)
        add_servo(spec, name, HEAD_KP, HEAD_KD, HEAD_TORQUE, limits)
    TRUNK.visual(torso, "capsule", 0.035, (NECK[0], 0, NECK[2] - 0.06), (NECK[0], 0, NECK[2] - 0.03), shade=0)
    TRUNK.visual(yaw, "box", (0.018, 0.02, 0.017), (0, 0, 0), shade=0)
    TRUNK.visual(pitch, "box", (0.012, 0.02, 0.045), (0.01, 0, 0.055), shade=0)
    TRUNK.solid(pitch, "box", (0.014, 0.062, 0.0145), (CAMERA[0] - 0.016, 0, CAMERA[2]), shade=2)
    camera = pitch.add_camera(name="head", pos=list(CAMERA), fovy=FOVY)
    camera.quat = look_at((0, 0, 0), (1, 0, 0))


def _axis(letter: str) -> tuple[int, int, int]:
    return (int(letter == "x"), int(letter == "y"), int(letter == "z"))


def _limits(side: Side, axis: str, low: float, high: float) -> tuple[float, float]:
    """Roll and yaw joints of the right arm turn about the same axes as the left's, so their limits swap signs."""
    return (low, high) if side.sign > 0 or axis == "y" else (-high, -low)


def _mirror_arm(side: Side, angles: tuple[float, ...]) -> list[float]:
    return [a if side.sign > 0 or row[3] == "y" else -a for row, a in zip(ARM, angles, strict=True)]


def _chain(side: Side, first: int) -> Chain:
    offsets = [list(side.point(row[1])) for row in ARM]
    quats = [side.quat(row[2]) for row in ARM]
    offsets[0] = [a + b for a, b in zip(TORSO, offsets[0], strict=True)]
    return Chain.from_numbers(
        range(first, first + 7), offsets, quats, [_axis(row[3]) for row in ARM], side.point(GRASP)
    )


def _other_limits() -> list[tuple[float, float]]:
    arms = [_limits(side, row[3], row[4], row[5]) for side in (LEFT, RIGHT) for row in ARM]
    return arms + 2 * ([FINGER_RANGE] * len(FINGERS) + [THUMB_BEND_RANGE, THUMB_ROTATION_RANGE])


ROBOT = Robot(
    name="g1",
    head_joints=HEAD_NAMES,
    other_joints=OTHER_NAMES,
    limits=np.array([*HEAD_LIMITS, *_other_limits()]),
    step_limit=np.array([HEAD_STEP] * 2 + [ARM_STEP] * 14 + [HAND_STEP] * 12),
    rest_head=np.array(REST_HEAD),
    rest_other=np.array([*_mirror_arm(LEFT, REST_ARM), *_mirror_arm(RIGHT, REST_ARM), *REST_HAND, *REST_HAND]),
    followers=followers("left") | followers("right"),
    chains={"left": _chain(LEFT, 0), "right": _chain(RIGHT, 7)},
    cameras={"head": (176, 128), "left_wrist": (128, 128), "right_wrist": (128, 128)},
    add=add,
)
