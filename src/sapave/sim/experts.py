"""The expert for picking and placing: looks first, then acts; a rule of the state, so it can go on from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import ActionChunk, Observation
from sapave.sim.carrying import NOMINAL, CarryPlan, Plan
from sapave.sim.disturbance import Disturbance
from sapave.sim.planning import LIFT, PACE
from sapave.sim.search import Search
from sapave.sim.sight import in_frame
from sapave.sim.situation import MOVED, Situation, State
from sapave.sim.skills import CORRIDOR, Grasp, Path, gaze, grasps_for, last_grasps_for
from sapave.sim.turns import straightened

if TYPE_CHECKING:
    from sapave.sim.world import World

CHUNK = 16
HEAD_GAIN = 0.6
SLOW = 0.6
"""Speed on the last stretch, as a share of that pace."""
OWN_SIDE = 0.12
"""Farther than this to one side, only the hand of that side tries [m]."""
THUMB_SWING = 0.04
"""How fast the thumb swings aside when letting go [rad/tick]: slowly, else it takes round things along."""
STRAIGHT = 0.4
"""A held thing goes straight to above the goal from wherever the arm is, unless it is farther than this from its path
[rad]: where the path began cannot be seen."""
IDLE_STEP = 0.03
"""The arm without a task goes back to its rest pose at this speed [rad/tick]."""
ASTRAY = 0.15
"""An arm that is this much farther from its path than it has been gets a new one from where it is [rad]."""
CAREFUL, LEFT = 0.15, 0.06
"""From a thing that would be taken along the open hand leaves at this share of its speed, up to here [rad]."""
STANDS = 1.1
"""A thing higher than so many times its width stands, others only lie."""
ASLANT = 0.35
"""A standing thing that would end up leaning more than this is turned again, also on the last stretch [rad]."""
AT = 0.025
"""An arm within this of a posture has reached it [rad]."""


def _within_reach(point: np.ndarray) -> bool:
    """Could a hand get there at all? (Not so for what fell to the floor.)"""
    return bool(point[2] > 0.75 and np.hypot(point[0], abs(point[1]) - 0.15) < 0.65)


class Expert(Situation):
    """Privileged expert of `pick` and `pick_and_place`. `ok` is False while no plan exists."""

    def __init__(
        self, world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True
    ) -> None:
        """`noise`: standard deviation of what is added to every executed increment [rad];
        `wait_for_view` False: never moves the head and never waits for a view (fixed camera)."""
        super().__init__(world, looks=wait_for_view)
        self.rng, self.noise = rng, noise
        self.horizon = CHUNK
        """Ticks that `act` thinks ahead; the first ones are the same however many follow."""
        self.label = ActionChunk(head=np.zeros((CHUNK, 2)), other=np.zeros((CHUNK, 26)))
        """The clean chunk of the last `act`."""
        self._home = world.position(world.target.name)
        self.search = Search.of(world)
        self._elsewhere: np.ndarray | None = None
        """[2] rad: where the head goes first, while the search does not lead to the target."""
        self.disturb = Disturbance(rng, noise, wait_for_view)
        self._tried: np.ndarray | None = None
        self._nearest = np.inf
        self._owner: Plan | CarryPlan | None = None

    efforts: tuple[bool, ...] = (False, True)
    """How hard a plan is looked for, in turn: `Planner.thorough`."""

    @property
    def ok(self) -> bool:
        """Is there a plan?"""
        return self.plan is not None

    def act(self, observation: Observation | None = None) -> ActionChunk:
        """The next chunk (16 ticks): the rule rolled out from the current targets; the observation is not used."""
        self._update_plan()
        self.label = self._roll_out()
        return self.disturb(self.label)

    # ---- plans --------------------------------------------------------------------------------------------

    def _update_plan(self) -> None:
        world = self.world
        centre, before = world.position(world.target.name), (None, None)
        if self.plan is not None:
            state = self._read()
            if state.placed:
                return
            if state.holding:
                self._update_carry(state)
                return
            if np.linalg.norm(centre - self.plan.centre) < MOVED:
                if not self._astray(self.plan, self.plan.approach, state):
                    return
                before = (self.plan, self.carry)  # still good if there is no better one from here
        if self._tried is not None and self.plan is None and np.linalg.norm(centre - self._tried) < MOVED:
            return
        if np.linalg.norm(world.velocity(world.target.name)) > 0.05:
            return
        self._tried, self.plan, self.carry = centre, None, None
        if not _within_reach(centre):
            return
        sides = self._sides(centre)
        found = next((f for thorough in self.efforts if (f := self._find(centre, sides, thorough)) is not None), before)
        self.plan, self.carry = found

    def _find(self, centre: np.ndarray, sides: Sequence[str], thorough: bool) -> tuple[Plan, CarryPlan | None] | None:
        """A plan for the target at `centre` [3] m with the first hand that can."""
        self.planner.thorough = thorough
        for side in sides:
            now = self.world.controller.targets_other[self._slices(side)[0]]
            for grasps in self._grasps(centre, side):
                found = self.planner.plan(side, grasps, now)
                if found is not None:
                    return found
        return None

    def _sides(self, centre: np.ndarray) -> tuple[str, ...]:
        """The hands that try, in this order, for a target at `centre` [3] m."""
        sides = ("left", "right") if centre[1] > 0 else ("right", "left")
        return sides[:1] if abs(centre[1]) > OWN_SIDE else sides

    def _grasps(self, centre: np.ndarray, side: str) -> list[list[Grasp]]:
        """Grasps worth trying for the target at `centre` [3] m with the hand of a side, in groups."""
        half_height = self.world.target.half_height
        usual = [] if self.planner.thorough and self.world.goal is None else grasps_for(half_height, centre, side)
        return [*usual, *(last_grasps_for(half_height, centre, side) if self.planner.thorough else [])]

    def _astray(self, owner: Plan | CarryPlan, path: Path, state: State) -> bool:
        """Has the arm left the path of this plan, farther than it has been since the plan was made?"""
        away = path.locate(state.arm)[2]
        if owner is not self._owner:
            self._owner, self._nearest = owner, away
        astray = away > max(self._nearest, CORRIDOR) + ASTRAY
        self._nearest = away if astray else min(self._nearest, away)
        return astray

    def _update_carry(self, state: State) -> None:
        """When a lifted object sits in the hand otherwise than planned, or the arm has left its path, plan the rest of
        the way again from here."""
        plan, carry = self.plan, self.carry
        if plan is None or self._closure(state.hand) < 0.97:
            return
        if carry is None:
            if self._astray(plan, plan.lift, state):
                self.plan = replace(plan, lift=self.planner.rise(plan.side, state.arm) or plan.lift)
            return
        found = self._otherwise(plan, carry, state)
        if found is None:
            return
        offset, up = found
        _, rotation = self.planner.tip(plan.side, state.arm)
        if (rotation @ up)[2] > 0.6:
            rotation = straightened(rotation, up)
        self.carry = self.planner.plan_carry(plan, offset, rotation, state.arm, up=up) or carry

    def _otherwise(self, plan: Plan, carry: CarryPlan, state: State) -> tuple[np.ndarray, np.ndarray] | None:
        """How the object sits in the hand (its offset [3] m and upward axis [3]) where the carry needs a new plan: it
        sits otherwise than planned, or the arm has left its path; else None."""
        held = self._held_path()
        segment, fraction, away = held.locate(state.arm)
        astray = self._astray(carry, held, state)
        late = segment >= len(held.points) - 2
        if late and not astray and self._falls(plan.side, carry):
            return self._in_hand(), self._up_in_hand(plan.side)
        if not astray and (away > 0.1 or late or (segment == 0 and fraction < 0.6)):
            return None
        offset, up = self._in_hand(), self._up_in_hand(plan.side)
        if not astray and np.linalg.norm(offset - carry.offset) < 0.004 and np.linalg.norm(up - carry.up) < 0.09:
            return None
        return offset, up

    def _falls(self, side: str, carry: CarryPlan) -> bool:
        """Is it a thing that stands, and would it lean too much where the carry ends?"""
        target = self.world.target
        return target.half_height > STANDS * target.radius and self._ends_aslant(side, carry)

    def _ends_aslant(self, side: str, carry: CarryPlan, limit: float = ASLANT) -> bool:
        """Would the thing lean more than `limit` [rad] where the carry ends, as it sits in the hand now?"""
        _, rotation = self.planner.tip(side, carry.carry.points[-1])
        return bool((rotation @ self._up_in_hand(side))[2] < np.cos(limit))

    # ---- the rule -----------------------------------------------------------------------------------------

    def _roll_out(self) -> ActionChunk:
        robot, state = self.world.robot, self._read()
        self._search(state)
        head, other = np.zeros((self.horizon, 2)), np.zeros((self.horizon, 26))
        arm, hand = self._slices(self.plan.side if self.plan else "left")
        idle = np.ones(len(robot.other_joints), bool)
        if self.plan is not None:
            idle[arm] = idle[hand] = False
        astray = np.where(idle, robot.rest_other - self.world.controller.targets_other, 0.0)
        for i in range(self.horizon):
            step_head, step_arm, step_hand = self._rule(state)
            step_head = np.clip(step_head, -robot.head_step, robot.head_step)
            step_hand = np.clip(step_hand, -robot.other_step[14:20], robot.other_step[14:20])
            other[i] = np.clip(astray, -IDLE_STEP, IDLE_STEP)
            astray = astray - other[i]
            head[i], other[i, arm], other[i, hand] = step_head, step_arm, step_hand
            state.head = state.head + step_head
            state.arm, state.hand = state.arm + step_arm, state.hand + step_hand
            self._foresee(state)
        return ActionChunk(head=head, other=other)

    def _foresee_grasp(self, state: State, plan: Plan) -> None:
        if state.unseen and self._elsewhere is None:
            state.unseen = float(np.abs(self._gaze(state) - state.head).max()) > 0.1
        if not state.holding and np.abs(state.arm - plan.approach.points[-1]).max() < AT:
            state.holding = not state.placed

    def _foresee(self, state: State) -> None:
        """What will have changed after the last step, as far as it can be known without physics."""
        if self.plan is None:
            return
        self._foresee_grasp(state, self.plan)
        if state.holding and self.carry is not None:
            done = np.abs(state.arm - self.carry.carry.points[-1]).max() < AT
            if done and self._closure(state.hand) > 0.9:
                state.placed = True

    def _search(self, state: State) -> None:
        """Where to look before the target has been seen."""
        self._elsewhere = self.search.aim(state.head, not state.unseen) if self.looks else None

    def _gaze(self, state: State) -> np.ndarray:
        """Where the head should point [2] rad."""
        if self._elsewhere is not None:
            return self._elsewhere
        world = self.world
        centre = world.position(world.target.name)
        grasped = state.holding and self._closure(state.hand) > 0.9  # not sooner: the hand still needs the eye
        if (grasped or state.placed) and world.goal is not None:
            return gaze(np.asarray(world.goal.position))
        if state.holding and self.plan is not None and world.goal is None:
            return gaze(self.plan.centre + np.array([0.0, 0.0, LIFT]))
        if world.best_gaze is not None and np.linalg.norm(centre - self._home) < 0.03:
            return np.asarray(world.best_gaze, float)
        return gaze(centre)

    def _rule(self, state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Increments of head [2], arm [7] and hand [6] rad for one tick."""
        look = HEAD_GAIN * (self._gaze(state) - state.head) if self.looks else np.zeros(2)
        still, speed = np.zeros(7), float(self.world.robot.other_step[0])
        if self.plan is None:
            return look, still, np.zeros(6)
        closure = self._closure(state.hand)
        grasp = self.plan.grasp
        close = grasp.close_step(state.hand)
        open_ = grasp.opened() - state.hand
        if state.placed:
            if closure > 0.05:
                return look, self._settle(state), np.clip(open_, -0.08, 0.08)
            open_ = self.plan.grasp.released() - state.hand
            if np.abs(open_).max() > 0.2:
                return look, self._settle(state), np.clip(open_, -THUMB_SWING, THUMB_SWING)
            if self.carry is None:
                return look, still, open_
            retreat = self.carry.retreat
            near = np.abs(state.arm - retreat.points[0]).max() < LEFT
            pace = CAREFUL if state.sticks and near else 1.0
            return look, retreat.next_step(state.arm, pace * speed, slow=1.0), open_
        if state.holding:
            if closure < 0.97:
                settle = np.clip(self.plan.approach.points[-1] - state.arm, -0.02, 0.02)
                return look, settle if closure < 0.5 else still, close
            if self.carry is None:
                lift = still if self._raised(state.arm) else self.plan.lift.next_step(state.arm, speed)
                return look, lift, close
            path = self._held_path()
            if self._waits_for_goal(state):
                path = self.plan.lift
                if path.locate(state.arm)[2] > 0.1:
                    return look, still, close
            segment, _, away = path.locate(state.arm)
            if segment == len(path.points) - 3 and away < STRAIGHT:
                return look, Path(np.stack([state.arm, path.points[-2]])).next_step(state.arm, speed), close
            return look, path.next_step(state.arm, speed, slow=0.5), close
        if closure > 0.1:
            return look, still, open_
        if state.unseen or state.strayed:
            return look, still, open_
        return look, self.plan.approach.next_step(state.arm, PACE * speed, slow=SLOW), open_

    def _raised(self, arm: np.ndarray) -> bool:
        """Is the hand as high above the grasp as it should be? Then it stays where it is: the posture it was lifted
        to cannot be seen any more."""
        assert self.plan is not None
        hand, grasp = (self.planner.tip(self.plan.side, a)[0] for a in (arm, self.plan.approach.points[-1]))
        return bool(hand[2] - grasp[2] > LIFT - 0.015)

    def _settle(self, state: State) -> np.ndarray:
        """The rest of the way down while the hand opens: increments [7] rad."""
        if self.carry is None:
            return np.zeros(7)
        rest = self.carry.carry.points[-1] - state.arm
        return np.clip(rest, -0.02, 0.02) if np.abs(rest).max() < 0.06 else np.zeros(7)

    def _held_path(self) -> Path:
        assert self.plan is not None
        if self.carry is None:
            return self.plan.lift
        if self.carry.up is not NOMINAL:
            return self.carry.carry
        return Path(np.concatenate([self.plan.lift.points, self.carry.carry.points[1:]]))

    def _waits_for_goal(self, state: State) -> bool:
        goal = self.world.goal
        if goal is None or not self.looks:
            return False
        return not in_frame(state.head, np.asarray(goal.position)[None])
