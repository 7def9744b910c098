"""What an arm at given joint angles comes too near to: the collision half of the experts' planning."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.sim.extent import outline, support
from sapave.sim.objects._family import Thing

if TYPE_CHECKING:
    from sapave.sim.world import World

CLEARANCE = 0.006
"""Hand and arm keep this far from everything on the way [m]."""


class Clearance:
    """Kinematics and collisions of the arms in a world; works on a scratch copy of the state."""

    def __init__(self, world: World) -> None:
        self.world, self.model, self.robot = world, world.model, world.robot
        self.chain = world.robot.chains["left"]
        self.limits = world.robot.other_limits[:7]
        self._scratch = mujoco.MjData(world.model)
        model = world.model
        self.arm_qpos = {
            side: np.array([model.joint(n).qposadr[0] for n in self.robot.other_joints[i : i + 7]])
            for side, i in (("left", 0), ("right", 7))
        }
        self.hand_qpos = {
            side: np.array([model.joint(n).qposadr[0] for n in self.robot.other_joints[i : i + 6]])
            for side, i in (("left", 14), ("right", 20))
        }
        self.arm_geoms = {side: self._solids(f"{side}_") for side in ("left", "right")}
        self._target_geoms = np.flatnonzero(model.geom_bodyid == model.body(world.target.name).id)
        parts = world.target.shape.parts if isinstance(world.target, Thing) else ()
        self.handles = (
            self._target_geoms[[part.solid and not part.grip for part in parts]] if parts else np.zeros(0, int)
        )
        """The target's solids that a hand leaves out: handles, feet."""
        self.spot = None if world.goal is None else np.asarray(world.goal.position, float)
        """[3] m: where the target's foot should end; None: it is only lifted."""

    def _solids(self, begins: str) -> np.ndarray:
        """Mask [ngeom] of the bodies whose names begin so: `left_` for an arm and its hand."""
        owner = np.array([self.model.body(b).name.startswith(begins) for b in range(self.model.nbody)])
        return owner[self.model.geom_bodyid]

    def tip(self, side: str, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Grasp point [3] m and hand rotation [3, 3] at arm angles [7] rad."""
        index = 0 if side == "left" else 7
        stream = np.zeros(len(self.robot.other_joints))
        stream[index : index + 7] = angles
        return self.robot.chains[side].pose(stream)

    def extent(self, flip: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], float]:
        """How far what the hand spans of the target reaches from its centre in a direction [3] (of the mirrored
        world) [m]."""
        model, data = self.model, self.world.data
        centre = self.world.position(self.world.target.name)
        known = zip(self._target_geoms, self.world.target.shape.parts, strict=True)  # MuJoCo keeps a body's order
        parts = [
            (*outline(model, int(g)), data.geom_xpos[g] - centre, data.geom_xmat[g].reshape(3, 3))
            for g, part in known
            if part.solid and part.grip
        ]
        return lambda direction: max(support(*part, flip(direction)) for part in parts)

    def touches(
        self, side: str, arms: np.ndarray, hand: np.ndarray, *, target: float = CLEARANCE, scene: float = CLEARANCE
    ) -> float:
        """Worst violation [m] over postures `arms` [k, 7] rad with the fingers at `hand` [6] rad: how much closer the
        arm comes to anything than `scene` [m], and to the target than `target` [m] (negative: it may press)."""
        model, data, mine = self.model, self._scratch, self.arm_geoms[side]
        data.qpos[:] = self.world.data.qpos
        self._pose_hand(data, side, hand)
        margin = model.geom_margin.copy()
        model.geom_margin[mine] = max(CLEARANCE, target)
        worst = 0.0
        try:
            for angles in np.atleast_2d(arms):
                data.qpos[self.arm_qpos[side]] = angles
                mujoco.mj_kinematics(model, data)
                mujoco.mj_collision(model, data)
                if data.ncon == 0:
                    continue
                pairs, gaps = data.contact.geom, data.contact.dist
                hit = mine[pairs].any(1) & ~mine[pairs].all(1)
                on_target = np.isin(pairs, self._target_geoms).any(1)
                allowed = np.where(on_target, target, scene)
                if hit.any():
                    worst = max(worst, float((allowed - gaps)[hit].max()))
                    if worst > 0.01:
                        break
        finally:
            model.geom_margin[:] = margin
        return worst

    def _pose_hand(self, data: mujoco.MjData, side: str, hand: np.ndarray) -> None:
        """Fingers at `hand` [6] rad; the joints that follow them stay as they are."""
        data.qpos[self.hand_qpos[side]] = hand

    def thumb_in_handle(self, side: str, arm: np.ndarray, hand: np.ndarray) -> float:
        """How deep the thumb of a `hand` [6] rad is in the target's handle, with the arm at `arm` [7] rad [m]."""
        model, data = self.model, self._scratch
        data.qpos[:] = self.world.data.qpos
        data.qpos[self.arm_qpos[side]] = arm
        self._pose_hand(data, side, hand)
        self._pose_followers(data, side)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        pairs = data.contact.geom
        hit = self._solids(f"{side}_thumb")[pairs].any(1) & np.isin(pairs, self.handles).any(1)
        return float(-data.contact.dist[hit].min()) if hit.any() else 0.0

    def _pose_followers(self, data: mujoco.MjData, side: str) -> None:
        """The joints that follow the fingers, to where those are."""
        for joint, (leader, ratio) in self.robot.followers.items():
            if joint.startswith(side):
                data.joint(joint).qpos[0] = ratio * data.joint(leader).qpos[0]

    def rest(self, side: str) -> np.ndarray:
        """[7] rest posture of an arm [rad]."""
        index = 0 if side == "left" else 7
        return self.robot.rest_other[index : index + 7]
