"""Building blocks of robot bodies in MjSpec: one side is written down, the other is its mirror image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from sapave.base.geometry import matrix_to_quat

Vector = Sequence[float]
SHADES = ((0.20, 0.21, 0.23, 1.0), (0.32, 0.33, 0.35, 1.0), (0.66, 0.67, 0.69, 1.0))
"""Dark, middle and light grey of the shells."""
GROUP = 2
"""MuJoCo geom group of the shells."""
ENVIRONMENT = 1
"""Collision bit of everything that is not the robot (the default of MuJoCo's geoms)."""


@dataclass(frozen=True)
class Side:
    """Left as written (sign 1) or right as its mirror image in the xz plane (sign -1), with its collision bits."""

    name: str
    sign: int
    contype: int
    """Own collision bit."""
    touches: int
    """Bits of other parts of the robot that this side collides with."""

    def point(self, value: Vector) -> list[float]:
        """A position [3] m, mirrored when needed."""
        return [value[0], self.sign * value[1], value[2]]

    def quat(self, value: Vector) -> list[float]:
        """An orientation wxyz [4], mirrored when needed."""
        return [value[0], self.sign * value[1], value[2], self.sign * value[3]]

    def body(self, parent: mujoco.MjsBody, name: str, pos: Vector, quat: Vector = (1, 0, 0, 0)) -> mujoco.MjsBody:
        """A child body at pos [3] m, quat wxyz [4]."""
        return parent.add_body(name=name, pos=self.point(pos), quat=self.quat(quat), gravcomp=1.0)

    def hinge(
        self,
        body: mujoco.MjsBody,
        name: str,
        axis: Vector,
        limits: tuple[float, float],
        *,
        damping: float,
        armature: float,
        mirror: bool = True,
    ) -> None:
        """A hinge; with `mirror` the right joint turns as the mirror image, so that equal angles look alike."""
        if mirror:
            axis = [self.sign * axis[0], axis[1], self.sign * axis[2]]
        body.add_joint(
            name=name,
            type=mujoco.mjtJoint.mjJNT_HINGE,
            axis=list(axis),
            range=list(limits),
            limited=True,
            damping=[damping, 0, 0],
            armature=armature,
        )

    def inertial(self, body: mujoco.MjsBody, mass: float, centre: Vector, inertia: Vector) -> None:
        """Mass [kg], centre [3] m and inertia ([3] diagonal or [6] xx yy zz xy xz yz) [kg m2]."""
        body.mass, body.ipos, body.explicitinertial = mass, self.point(centre), True
        if len(inertia) == 3:
            body.inertia = list(inertia)
        else:
            xx, yy, zz, xy, xz, yz = inertia
            body.fullinertia = [xx, yy, zz, self.sign * xy, xz, self.sign * yz]

    def visual(
        self,
        body: mujoco.MjsBody,
        kind: str,
        size: float | Vector,
        start: Vector,
        end: Vector | None = None,
        *,
        shade: int,
    ) -> mujoco.MjsGeom:
        """A shape that is seen and never touches: `capsule` radius [m] from start to end, or `box` half sizes [3] m."""
        geom = _shape(body, kind, size, self.point(start), None if end is None else self.point(end))
        geom.rgba, geom.group, geom.contype, geom.conaffinity, geom.mass = list(SHADES[shade]), GROUP, 0, 0, 0.0
        return geom

    def solid(
        self,
        body: mujoco.MjsBody,
        kind: str,
        size: float | Vector,
        start: Vector,
        end: Vector | None = None,
        *,
        shade: int,
        grip: bool = False,
    ) -> mujoco.MjsGeom:
        """As `visual`, but it touches the environment and other parts; `grip`: contacts tuned to hold objects."""
        geom = self.visual(body, kind, size, start, end, shade=shade)
        geom.contype, geom.conaffinity = self.contype, self.touches | ENVIRONMENT
        if grip:
            geom.condim, geom.friction = 4, [1.2, 0.01, 0.0005]
            geom.solref, geom.solimp = [0.01, 1.0], [0.9, 0.98, 0.002, 0.5, 2.0]
        return geom


def _shape(body: mujoco.MjsBody, kind: str, size: float | Vector, start: Vector, end: Vector | None) -> mujoco.MjsGeom:
    if isinstance(size, (int, float)):
        size = (size, 0.0, 0.0)
    if end is not None:
        kinds = {"capsule": mujoco.mjtGeom.mjGEOM_CAPSULE, "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER}
        return body.add_geom(type=kinds[kind], size=list(size), fromto=[*start, *end])
    kinds = {"box": mujoco.mjtGeom.mjGEOM_BOX, "sphere": mujoco.mjtGeom.mjGEOM_SPHERE}
    return body.add_geom(type=kinds[kind], size=list(size), pos=list(start))


def add_servo(spec: mujoco.MjSpec, joint: str, kp: float, kd: float, force: float, limits: tuple[float, float]) -> None:
    """A position servo named as its joint: stiffness kp [N m/rad], damping kd [N m s/rad], |torque| <= force [N m]."""
    actuator = spec.add_actuator(name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
    actuator.set_to_position(kp=kp, kv=kd)
    actuator.forcelimited, actuator.forcerange = True, [-force, force]
    actuator.ctrllimited, actuator.ctrlrange = True, list(limits)


def look_at(eye: Vector, target: Vector) -> list[float]:
    """Orientation wxyz of a MuJoCo camera (looks along -z, y up) at `eye` that looks at `target`, both [3] m, z up."""
    back = np.subtract(eye, target) / np.linalg.norm(np.subtract(eye, target))
    right = np.cross((0.0, 0.0, 1.0), back)
    right /= np.linalg.norm(right)
    return matrix_to_quat(np.stack([right, np.cross(back, right), back], axis=1)).tolist()
