"""The Inspire RH56 hand: 6 actuators, 11 moving joints, coupled as in the real linkage.

Numbers: the RH56DFQ of unitree_ros (robots/g1_description, inspire_hand/DFQ), left hand; the right is its mirror
image. The frame `hand` has -y along the fingers, -x out of the palm and +z on the thumb's side. Masses: the URDF's
0.19 kg is light against the drawing's 0.35 kg; the drawing's figure is used. Strength: forces measured on a
RH56DFX (index 7.1 N, thumb 12.9 N at the tip) times the finger length. The coupled joints have servos of their own
that follow the leader's target, which simulates a third faster than equality constraints.
"""

from __future__ import annotations

import mujoco

from sapave.sim.robots._parts import Side, Vector, add_servo

MOUNT = (0.0415, 0.0, 0.0)
"""Origin of the hand in the wrist_yaw frame [m]."""
MOUNT_QUAT = (0.70710678, 0.0, 0.0, 0.70710678)
GRASP = (0.1665, -0.045, 0.0)
"""Grasp point of the left hand in the wrist_yaw frame [m]: 12.5 cm along the fingers, 4.5 cm off the palm."""

FINGER_RANGE = (0.0, 1.7)
THUMB_BEND_RANGE = (0.0, 0.5)
THUMB_ROTATION_RANGE = (-0.1, 1.3)
FINGER_TORQUE, THUMB_TORQUE = 0.6, 1.0
"""Servo limits [N m]."""
KP, KD = 2.0, 0.08
FINGERS: dict[str, tuple[Vector, Vector, float]] = {
    "pinky": ((0.00028533, -0.13571, -0.025488), (0.9986, 0.0523, 0.0, 0.0), 0.0375),
    "ring": ((0.00028533, -0.13691, -0.0062872), (0.9997, 0.0262, 0.0, 0.0), 0.045),
    "middle": ((0.00028533, -0.1371, 0.01295), (1.0, 0.0, 0.0, 0.0), 0.048),
    "index": ((0.00028533, -0.13653, 0.032268), (0.9998, -0.0175, 0.0, 0.0), 0.045),
}
"""Knuckle position [m] and orientation in the hand, and length of the outer phalanx [m]."""
PHALANX = (-0.0024229, -0.032041, -0.001)
THUMB_YAW = ((-0.01696, -0.0691, 0.02045), (0.5, 0.5, -0.5, 0.5))
THUMB_PITCH = ((0.0099867, 0.0098242, -0.0089), (0.7046, -0.7046, -0.0598, 0.0598))
THUMB_LINKS: tuple[Vector, Vector, Vector] = (
    (0.04407, -0.034553, -0.0008),
    (0.020248, -0.010156, -0.0012),
    (0.0202, -0.014, 0.0),
)
THUMB_RATIO = {"thumb_intermediate": 1.6, "thumb_distal": 2.4}


def add_hand(spec: mujoco.MjSpec, wrist: mujoco.MjsBody, side: Side) -> mujoco.MjsBody:
    """Mount a hand on a wrist_yaw link; joints and servos are named `<side>_<actuator>`. Returns the palm's body."""
    s = side.name
    hand = side.body(wrist, f"{s}_hand", MOUNT, MOUNT_QUAT)
    side.inertial(hand, 0.25, (-0.002, -0.075, 0.0), (2.5e-4, 1.0e-4, 2.5e-4))
    side.visual(hand, "capsule", 0.024, (0, -0.006, 0), (0, -0.048, 0), shade=0)
    side.solid(hand, "box", (0.012, 0.042, 0.038), (-0.002, -0.095, 0), shade=2, grip=True)
    for name, (pos, quat, length) in FINGERS.items():
        inner = side.body(hand, f"{s}_{name}_proximal", pos, quat)
        _phalanx(spec, side, inner, name, PHALANX, FINGER_RANGE, (0, 0, -1), -0.006, 0.0085)
        outer = side.body(inner, f"{s}_{name}_intermediate", PHALANX)
        tip = (-0.001, -length + 0.0075, 0.0)
        _phalanx(spec, side, outer, f"{name}_distal", tip, FINGER_RANGE, (0, 0, -1), -0.005, 0.0075)
    base = side.body(hand, f"{s}_thumb_proximal_base", *THUMB_YAW)
    side.inertial(base, 0.01, (0.005, 0.0, -0.007), (2e-6, 2e-6, 2e-6))
    side.hinge(base, f"{s}_thumb_rotation", (0, 0, 1), THUMB_ROTATION_RANGE, damping=0.02, armature=5e-4)
    add_servo(spec, f"{s}_thumb_rotation", KP, KD, THUMB_TORQUE, THUMB_ROTATION_RANGE)
    body, place = base, THUMB_PITCH
    names, radii = ("thumb_bend", "thumb_intermediate", "thumb_distal"), (0.0095, 0.009, 0.0085)
    for name, link, radius in zip(names, THUMB_LINKS, radii, strict=True):
        body = side.body(body, f"{s}_{name}_link", *place)
        limit = THUMB_BEND_RANGE[1] * THUMB_RATIO.get(name, 1.0)
        _phalanx(spec, side, body, name, link, (0.0, limit), (0, 0, -1), -0.007, radius, THUMB_TORQUE)
        place = (link,)
    return hand


def followers(side: str) -> dict[str, tuple[str, float]]:
    """Coupled joints of one hand: joint -> (leading joint, ratio)."""
    coupled = {f"{side}_{name}_distal": (f"{side}_{name}", 1.0) for name in FINGERS}
    return coupled | {f"{side}_{name}": (f"{side}_thumb_bend", ratio) for name, ratio in THUMB_RATIO.items()}


def _phalanx(
    spec: mujoco.MjSpec,
    side: Side,
    body: mujoco.MjsBody,
    name: str,
    end: Vector,
    limits: tuple[float, float],
    axis: Vector,
    depth: float,
    radius: float,
    torque: float = FINGER_TORQUE,
) -> None:
    """One finger link: hinge, servo and a capsule to `end` [m], `depth` [m] beside the joint's frame."""
    joint = f"{side.name}_{name}"
    side.hinge(body, joint, axis, limits, damping=0.02, armature=5e-4)
    add_servo(spec, joint, KP, KD, torque, limits)
    side.inertial(body, 0.008, (end[0] / 2, end[1] / 2, depth), (2e-6, 2e-6, 2e-6))
    side.solid(body, "capsule", radius, (0, 0, depth), (end[0], end[1], depth), shade=1, grip=True)
