"""Joint-target control at 25 Hz: increments in, clipped targets out, and the physics options they need."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.base.types import check_stream
from sapave.sim.robots._robot import Robot

TIMESTEP = 0.004
SUBSTEPS = 10
"""Physics steps per control tick: 10 x 4 ms = 40 ms."""


def set_physics(spec: mujoco.MjSpec) -> None:
    """Solver options measured to hold small objects: a pyramidal cone lets go of most pinched cubes."""
    spec.compiler.degree = False
    option = spec.option
    option.timestep = TIMESTEP
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10
    option.solver = mujoco.mjtSolver.mjSOL_NEWTON
    option.iterations = 50
    option.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_MULTICCD)


class Controller:
    """Holds the joint targets of both streams and writes them to the servos."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, robot: Robot) -> None:
        self.model, self.data, self.robot = model, data, robot
        names = robot.head_joints + robot.other_joints
        self._n_head = len(robot.head_joints)
        self._qpos = np.array([model.joint(n).qposadr[0] for n in names])
        self._ctrl = np.array([model.actuator(n).id for n in names])
        place = {n: i for i, n in enumerate(names)}
        self._follow_qpos = np.array([model.joint(n).qposadr[0] for n in robot.followers], int)
        self._follow_ctrl = np.array([model.actuator(n).id for n in robot.followers], int)
        self._leader = np.array([place[leader] for leader, _ in robot.followers.values()], int)
        self._ratio = np.array([ratio for _, ratio in robot.followers.values()])
        self._targets = data.qpos[self._qpos].copy()

    @property
    def targets_head(self) -> np.ndarray:
        """[n_head] current head joint targets [rad] (a copy)."""
        return self._targets[: self._n_head].copy()

    @property
    def targets_other(self) -> np.ndarray:
        """[n_other] current arm and hand joint targets [rad] (a copy)."""
        return self._targets[self._n_head :].copy()

    @property
    def head(self) -> np.ndarray:
        """[n_head] measured head joints [rad]."""
        return self.data.qpos[self._qpos[: self._n_head]].copy()

    @property
    def other(self) -> np.ndarray:
        """[n_other] measured arm and hand joints [rad]."""
        return self.data.qpos[self._qpos[self._n_head :]].copy()

    def measured(self, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray]:
        """Joints that a state of this model shows: head [n_head] and other [n_other] rad."""
        joints = data.qpos[self._qpos].copy()
        return joints[: self._n_head], joints[self._n_head :]

    def reset(self, head: np.ndarray, other: np.ndarray) -> None:
        """Put joints and targets at head [n_head] and other [n_other] rad, at rest."""
        self._targets = np.clip(np.concatenate([head, other]).astype(float), *self.robot.limits.T)
        self.data.qpos[self._qpos] = self._targets
        self.data.qpos[self._follow_qpos] = self._targets[self._leader] * self._ratio
        self._write()

    def apply(self, head: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Add increments head [n_head] and other [n_other] rad, clipped to the step and joint limits; return what
        was really added. ValueError (by joint name) for a wrong shape or a number that is not finite."""
        robot, n = self.robot, self._n_head
        check_stream("head", np.asarray(head)[None], n)
        check_stream("other", np.asarray(other)[None], len(robot.other_joints))
        step = np.clip(np.concatenate([head, other]), -robot.step_limit, robot.step_limit)
        before = self._targets
        self._targets = np.clip(before + step, *robot.limits.T)
        self._write()
        done = self._targets - before
        return done[:n], done[n:]

    def tick(self) -> None:
        """Let one control period (40 ms) pass."""
        mujoco.mj_step(self.model, self.data, SUBSTEPS)

    def _write(self) -> None:
        self.data.ctrl[self._ctrl] = self._targets
        self.data.ctrl[self._follow_ctrl] = self._targets[self._leader] * self._ratio
