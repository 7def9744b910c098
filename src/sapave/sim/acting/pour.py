"""The expert that pours: takes the full vessel from the side, carries it above the receiver, tips it slowly about its
lip until it is empty, and turns it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import ActionChunk
from sapave.sim.acting._tip import PourPlan, PourPlanner
from sapave.sim.carrying import Plan
from sapave.sim.experts import AT, Expert
from sapave.sim.situation import State
from sapave.sim.skills import Grasp, Path, gaze
from sapave.sim.tasks.reorient import tilt

if TYPE_CHECKING:
    from sapave.sim.world import World

FULL_PACE = 0.5
"""Speed with a full vessel in the hand, as a share of the arm's limit."""
TIPPING = 0.016
"""Speed of the joint that turns most while tipping [rad/tick]."""
BACK = 0.04
"""Speed of turning back [rad/tick]."""
CUT = 0.12
"""An arm farther than this from the way to the vessel goes to where that begins, not to its nearest point: a corner cut
short leads over the vessel's rim [rad]."""
HIGHEST = 0.004
"""The hand takes a vessel no higher than this above its middle [m]: a jug that narrows upward slips out."""
EMPTY = 0.05
"""A vessel with no more than this share of the liquid left is empty."""
SHIFTED, LEANED = 0.004, 0.09
"""A vessel that sits in the hand otherwise than planned by more than this gets a new plan [m, rad]."""
PATIENCE = 20
"""After so many ticks in which no drop leaves a tipped vessel it is rocked."""
ROCK = 0.7
"""It is turned back to this share of the way, and forth again."""
ASLANT = 0.35
"""An empty vessel that leans more than this is turned upright [rad]."""
FALLEN = 0.9
"""A free vessel that leans more than this is given up [rad]."""


class PourExpert(Expert):
    """Privileged expert of `pour_liquid`. `ok` is False while no plan exists."""

    efforts = (False,)
    planner: PourPlanner
    carry: PourPlan | None

    def __init__(
        self, world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True
    ) -> None:
        super().__init__(world, rng, noise=noise, wait_for_view=wait_for_view)
        self.planner = PourPlanner(world)
        self._left, self._since = world.drops.number, 0
        """Drops in the vessel, and the tick since which it is so many."""
        self._rocks = False
        """Does it rock, because nothing comes out any more?"""
        self._failed: np.ndarray | None = None
        """[3] the upward axis in the hand for which there was no way to pour."""
        self._back: Path | None = None
        """Where the empty vessel goes, when not back the way it came."""

    def _grasps(self, centre: np.ndarray, side: str) -> list[list[Grasp]]:
        return [[g for g in group if g.height <= HIGHEST] for group in super()._grasps(centre, side)]

    def _placed(self, state: State) -> bool:
        return False

    def _foresee(self, state: State) -> None:
        if self.plan is not None:
            self._foresee_grasp(state, self.plan)

    def _update_plan(self) -> None:
        free = self.plan is None or not self._read().holding
        if free and tilt(self.world, self.world.target.name) > FALLEN:
            return
        super()._update_plan()

    def _update_carry(self, state: State) -> None:
        """Once it is lifted: plan the pouring anew for how the vessel really sits in the hand."""
        plan, pour = self.plan, self.carry
        if plan is None or pour is None or self._closure(state.hand) < 0.97:
            return
        if self._empty():
            self._straighten(plan, pour, state)
            return
        segment, fraction, _ = self._held_path().locate(state.arm)
        if segment > 1 or (segment == 0 and fraction < 0.8) or (segment == 1 and fraction > 0.9):
            return
        offset, up = self._in_hand(), self._up_in_hand(plan.side)
        if np.linalg.norm(offset - pour.offset) < SHIFTED and np.linalg.norm(up - pour.up) < LEANED:
            return
        if self._failed is not None and np.linalg.norm(up - self._failed) < LEANED:
            return
        found = self.planner.plan_pour(plan.side, plan, offset, up, state.arm)
        self.carry, self._failed = found or pour, None if found else up

    def _straighten(self, plan: Plan, pour: PourPlan, state: State) -> None:
        """Once it is turned back: a vessel that has given way in the hand is turned upright."""
        back = self._back or pour.retreat
        if np.abs(state.arm - back.points[-1]).max() > AT or tilt(self.world, self.world.target.name) < ASLANT:
            return
        up = self._up_in_hand(plan.side)
        self._back = self.planner.upright(plan.side, plan, self._in_hand(), up, state.arm) or self._back

    def _empty(self) -> bool:
        return self._left <= EMPTY * self.world.drops.number

    def _count(self, state: State) -> None:
        """How much is left in the vessel, and whether drops have got wedged in its neck: then it is rocked."""
        left = int(self.world.drops.inside(self.world, self.world.target.name).sum())
        if left != self._left:
            self._left, self._since = left, self.world.steps
        if self.carry is None:
            return
        tip = self.carry.tip
        segment, fraction, _ = tip.locate(state.arm)
        turned = (segment + fraction) / (len(tip.points) - 1)
        if turned > 0.99 and self.world.steps - self._since > PATIENCE:
            self._rocks, self._since = True, self.world.steps
        elif turned < ROCK:
            self._rocks = False

    def _roll_out(self) -> ActionChunk:
        if self.plan is not None:
            self._count(self._read())
        return super()._roll_out()

    def _held_path(self) -> Path:
        """Grasp, lifted, upright above the receiver, tipped."""
        assert self.plan is not None
        if self.carry is None:
            return self.plan.lift
        return Path(np.concatenate([self.plan.lift.points[:1], self.carry.carry.points, self.carry.tip.points[1:]]))

    def _gaze(self, state: State) -> np.ndarray:
        if self._elsewhere is None and state.holding and self.plan is not None and self._closure(state.hand) > 0.9:
            assert self.world.goal is not None
            return gaze(self.world.position(self.world.goal.name) + np.array([0.0, 0.0, 0.06]))
        return super()._gaze(state)

    def _rule(self, state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        look, arm, hand = super()._rule(state)
        plan, pour = self.plan, self.carry
        if plan is None or pour is None:
            return look, arm, hand
        if not state.holding:
            way = plan.approach
            if arm.any() and len(way.points) > 2 and way.locate(state.arm)[2] > CUT:
                arm = Path(np.stack([state.arm, way.points[0]])).next_step(state.arm, float(np.abs(arm).max()))
            return look, arm, hand
        if self._closure(state.hand) < 0.97:
            return look, arm, hand
        speed = FULL_PACE * float(self.world.robot.other_step[0])
        if self._empty() or self._rocks:
            return look, (self._back or pour.retreat).next_step(state.arm, BACK), hand
        path = self._held_path()
        segment, fraction, away = path.locate(state.arm)
        if segment == 0 and fraction > 0.8 and self._waits_for_goal(state):
            return look, np.zeros(7), hand
        if segment > 1 or (segment == 1 and fraction > 0.98):
            return look, pour.tip.next_step(state.arm, TIPPING), hand
        return look, path.next_step(state.arm, speed), hand


EXPERT = PourExpert
