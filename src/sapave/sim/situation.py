"""Where things stand for an expert: what of the world its rule depends on, beside its plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.carrying import CarryPlan, Plan
from sapave.sim.planning import Planner
from sapave.sim.sight import WELL_SEEN, free_share, in_frame, sample_points

if TYPE_CHECKING:
    from sapave.sim.world import World

MOVED = 0.008
"""A plan is made anew when the free object is farther than this from where it was [m]."""
SLENDER = 2.2
"""A thing this many times as high as it is wide falls when it is taken along a little."""


@dataclass
class State:
    """What the rule sees; the rollout carries it forward without physics."""

    head: np.ndarray
    arm: np.ndarray
    hand: np.ndarray
    holding: bool
    placed: bool
    unseen: bool
    strayed: bool
    """The free object is no longer where the plan believes."""
    sticks: bool
    """The object that is where it should be would be taken along by the hand that leaves."""


class Situation:
    """What an expert reads off its world; `plan` and `carry` are what it is about to do."""

    def __init__(self, world: World, *, looks: bool) -> None:
        """`looks` False: a view is never missing (fixed camera)."""
        self.world, self.looks = world, looks
        self.planner = Planner(world)
        self.plan: Plan | None = None
        self.carry: CarryPlan | None = None
        self._body = world.model.body(world.target.name).id

    def _slices(self, side: str) -> tuple[slice, slice]:
        return (slice(0, 7), slice(14, 20)) if side == "left" else (slice(7, 14), slice(20, 26))

    def _read(self) -> State:
        controller = self.world.controller
        head, other = controller.targets_head, controller.targets_other
        arm, hand = self._slices(self.plan.side if self.plan else "left")
        state = State(head, other[arm], other[hand], False, False, False, False, False)
        if self.plan is not None:
            state.holding = self._holding(state)
            state.placed = self._placed(state)
            state.sticks = state.placed and self._sticks(self.plan.side)
            away = np.linalg.norm(self.world.position(self.world.target.name) - self.plan.centre)
            state.strayed = bool(away > 2 * MOVED) and not state.holding and not state.placed
        state.unseen = self.looks and not state.holding and not self._visible()
        return state

    def _closure(self, hand: np.ndarray) -> float:
        assert self.plan is not None
        return float(np.add.reduce(hand[:4]) / 4) / self.plan.grasp.close[0]

    def _in_hand(self) -> np.ndarray:
        """[3] object centre in the measured hand frame [m]."""
        assert self.plan is not None
        site = self.world.data.site(f"{self.plan.side}_grasp")
        return site.xmat.reshape(3, 3).T @ (self.world.position(self.world.target.name) - site.xpos)

    def _holding(self, state: State) -> bool:
        assert self.plan is not None
        closure = self._closure(state.hand)
        away = float(np.linalg.norm(self._in_hand() - self.plan.offset))
        if closure > 0.5:
            raised = self.world.position(self.world.target.name)[2] > self.plan.centre[2] + 0.02
            return away < (0.09 if raised else 0.05)
        at_grasp = np.abs(state.arm - self.plan.approach.points[-1]).max() < 0.06
        return away < 0.025 and bool(at_grasp)

    def _placed(self, state: State) -> bool:
        """Is the object where it should end (so that the hand may let go)?"""
        goal = self.world.goal
        if goal is None:
            return False
        offset = self.world.position(self.world.target.name) - np.asarray(goal.position)
        near = float(np.hypot(offset[0], offset[1])) < 0.055
        height = float(offset[2]) - self.world.target.half_height
        if self.carry is not None and np.abs(state.arm - self.carry.carry.points[-1]).max() < 0.03:
            return near and height < 0.06
        return near and height < 0.012 and self._closure(state.hand) < 0.5

    def _sticks(self, side: str) -> bool:
        """Is it wedged, between palm and thumb say, or a slender thing that leans on the hand?"""
        target, model = self.world.target, self.world.model
        pairs = self.world.data.contact.geom
        pairs = pairs[(model.geom_bodyid[pairs] == self._body).any(1)]
        touching = np.unique(model.geom_bodyid[pairs[self.planner.arm_geoms[side][pairs]]])
        return len(touching) > (0 if target.half_height > SLENDER * target.radius else 1)

    def _visible(self) -> bool:
        target = self.world.target
        points = sample_points(self.world.position(target.name), target.radius, target.half_height)
        head = self.world.controller.head
        if not in_frame(head, points):
            return False
        return free_share(self.world.model, self.world.data, head, points, self._body) >= WELL_SEEN

    def _axis(self) -> np.ndarray:
        """[3] the object's own upward axis in the base frame."""
        return self.world.data.xmat[self._body].reshape(3, 3)[:, 2]

    def _up_in_hand(self, side: str) -> np.ndarray:
        """[3] the thing's upward axis in the measured hand frame."""
        return self.world.data.site(f"{side}_grasp").xmat.reshape(3, 3).T @ self._axis()
