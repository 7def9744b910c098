"""The expert for drawers and doors: looks, grips the bar, and moves it along its way; a rule of the state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import ActionChunk, Observation
from sapave.sim.acting._grip import HOOK, GripPlanner, HandlePlan
from sapave.sim.disturbance import Disturbance
from sapave.sim.experts import ASTRAY, AT, CHUNK, HEAD_GAIN, IDLE_STEP
from sapave.sim.search import Search
from sapave.sim.sight import WELL_SEEN, free_share, in_frame, sample_points
from sapave.sim.skills import CORRIDOR, Path, gaze
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

NEAR = 0.016
"""A bar within this of its place in the hand can be gripped [m]."""
SETTLING = 4
"""So many ticks the hand lags behind its targets: fingers that close sooner close above the bar."""
SHUT = 1.15
"""Fingers beyond this hold what is in them [rad]."""
PULL_SPEED = 0.045
"""Largest joint step while the bar moves [rad/tick]."""
SLOW = 0.5
MOVED = {"drawer": 0.012, "cabinet": 0.07}
"""A plan is made anew when the joint of a unit that is not held is farther than this from where it was [m or rad]."""


@dataclass
class _State:
    """What the rule sees; the rollout carries it forward without physics."""

    head: np.ndarray
    arm: np.ndarray
    hand: np.ndarray
    near: bool
    """Is the bar where the fingers can close on it?"""
    unseen: bool
    value: float
    """The unit's joint [m or rad]."""
    stage: int
    waited: int = 0
    """Ticks that the hand has been where it grips, in this rollout."""
    lag: float = 0.0
    """How far the unit stays behind the gripping hand [m or rad]."""


class HandleExpert:
    """Privileged expert of the drawer and cabinet tasks. `ok` is False while no plan exists."""

    def __init__(
        self,
        world: World,
        rng: np.random.Generator,
        *,
        noise: float = 0.0,
        wait_for_view: bool = True,
        side: str = "",
        search: Search | None = None,
    ) -> None:
        """`noise`: standard deviation of what is added to every executed increment [rad];
        `wait_for_view` False: never moves the head and never waits for a view (fixed camera); `side`: the arm, by
        default the one on the unit's side; `search`: one that another expert has begun."""
        assert isinstance(world.target, Unit)
        self.world, self.unit, self.looks = world, world.target, wait_for_view
        self.search = search or Search.of_handle(world)
        self._elsewhere: np.ndarray | None = None
        """[2] rad: where the head goes first, while the handle has not been found."""
        self.disturb = Disturbance(rng, noise, wait_for_view)
        self.planner = GripPlanner(world, self.unit, side)
        self.side = self.planner.side
        self.plan: HandlePlan | None = None
        self.horizon = CHUNK
        self.label = ActionChunk(head=np.zeros((CHUNK, 2)), other=np.zeros((CHUNK, 26)))
        self._body = world.model.body(self.unit.name).id
        left = self.side == "left"
        self._arm, self._hand = (slice(0, 7), slice(14, 20)) if left else (slice(7, 14), slice(20, 26))
        stages = [stage.name for stage in world.task.stages]
        self._opened = stages.index("opened") + 1 if "opened" in stages else 0
        self._opens = bool(self._opened) or world.task.start[1] == 0.0
        self._closes = bool(self._opened) or world.task.start[1] > 0.0
        self._nearest = np.inf
        self._tried: float | None = None

    @property
    def ok(self) -> bool:
        """Is there a plan?"""
        return self.plan is not None

    def act(self, observation: Observation | None = None) -> ActionChunk:
        """The next chunk (16 ticks): the rule rolled out from the current targets; the observation is not used."""
        state = self._read()
        self._update_plan(state)
        self.label = self._roll_out(state)
        return self.disturb(self.label)

    # ---- where things stand -------------------------------------------------------------------------------

    def _read(self) -> _State:
        controller, world = self.world.controller, self.world
        head, other = controller.targets_head, controller.targets_other
        value = world.joint(self.unit.name)[0]
        mode = self.plan.mode if self.plan else HOOK
        off = self._in_hand() - mode.bar * ([1, 1, 1] if self.side == "left" else [1, -1, 1])
        closed = float(np.mean(other[self._hand][:4])) > mode.ready[0] + 0.1
        near = bool(np.hypot(off[0], off[1]) < (mode.loose if closed else NEAR) and abs(off[2]) < 0.05)
        state = _State(head, other[self._arm], other[self._hand], near, False, value, world.judge.stage)
        if self._gripped(state) and self.plan is not None:
            state.lag = self.plan.value_at(state.arm) - value
        state.unseen = self.looks and not self._gripped(state) and not self._visible()
        return state

    def _in_hand(self) -> np.ndarray:
        """[3] the bar's middle in the measured hand frame [m]."""
        site = self.world.data.site(f"{self.side}_grasp")
        return site.xmat.reshape(3, 3).T @ (self.world.position(self.unit.name) - site.xpos)

    def _gripped(self, state: _State) -> bool:
        return state.near and float(np.mean(state.hand[:4])) > SHUT

    def _grasping(self, state: _State) -> bool:
        """Are the fingers closed farther than on the way?"""
        mode = self.plan.mode if self.plan else HOOK
        return float(np.mean(state.hand[:4])) > mode.ready[0] + 0.08

    def _visible(self) -> bool:
        points = sample_points(self.world.position(self.unit.name), self.unit.radius, self.unit.half_height)
        head = self.world.controller.head
        if not in_frame(head, points):
            return False
        return free_share(self.world.model, self.world.data, head, points, self._body) >= WELL_SEEN

    def _wants_open(self, state: _State) -> bool:
        return state.stage < self._opened if self._opened else self._opens

    def _done(self, state: _State) -> bool:
        """Is the unit where it should be, with a margin?"""
        piece = self.unit.articulation
        if self._wants_open(state):
            return state.value > piece.open_at + 0.25 * (piece.travel - piece.open_at)
        return state.value < 0.5 * piece.shut_at

    # ---- plans --------------------------------------------------------------------------------------------

    def _update_plan(self, state: _State) -> None:
        if self._gripped(state):
            return
        kind = self.unit.articulation.kind
        if self.plan is not None and abs(state.value - self.plan.value) < MOVED[kind]:
            away = self.plan.approach.locate(state.arm)[2]
            astray = away > max(self._nearest, CORRIDOR) + ASTRAY
            self._nearest = min(self._nearest, away)
            if not astray:
                return
        elif self.plan is None and self._tried is not None and abs(state.value - self._tried) < 1e-4:
            return
        if abs(self.world.joint(self.unit.name)[1]) > 0.05 or self._grasping(state):
            return
        self._tried, self._nearest = state.value, np.inf
        opens = self._wants_open(state)
        self.plan = self.planner.plan(state.arm, state.value, opens, self._closes) or self.plan

    # ---- the rule -----------------------------------------------------------------------------------------

    def _roll_out(self, state: _State) -> ActionChunk:
        robot = self.world.robot
        self._elsewhere = self.search.aim(state.head, not state.unseen) if self.looks else None
        head, other = np.zeros((self.horizon, 2)), np.zeros((self.horizon, 26))
        idle = np.ones(26, bool)
        idle[self._arm] = idle[self._hand] = False
        astray = np.where(idle, robot.rest_other - self.world.controller.targets_other, 0.0)
        for i in range(self.horizon):
            step_head, step_arm, step_hand = self._rule(state)
            step_head = np.clip(step_head, -robot.head_step, robot.head_step)
            step_hand = np.clip(step_hand, -robot.other_step[14:20], robot.other_step[14:20])
            other[i] = np.clip(astray, -IDLE_STEP, IDLE_STEP)
            astray = astray - other[i]
            head[i], other[i, self._arm], other[i, self._hand] = step_head, step_arm, step_hand
            state.head = state.head + step_head
            state.arm, state.hand = state.arm + step_arm, state.hand + step_hand
            self._foresee(state)
        return ActionChunk(head=head, other=other)

    def _foresee(self, state: _State) -> None:
        """What will have changed after the last step, as far as it can be known without physics."""
        if state.unseen and self._elsewhere is None:
            state.unseen = float(np.abs(self._gaze() - state.head).max()) > 0.1
        if self.plan is None:
            return
        if not state.near:
            there = bool(np.abs(state.arm - self.plan.approach.points[-1]).max() < AT)
            state.waited = state.waited + 1 if there else 0
            state.near = state.waited > SETTLING
        if self._gripped(state):
            state.value = self.plan.value_at(state.arm) - state.lag
            if self._opened and state.stage == self._opened - 1 and self._done(state):
                state.stage += 1

    def _gaze(self) -> np.ndarray:
        """Where the head should point [2] rad."""
        world = self.world
        if self._elsewhere is not None:
            return self._elsewhere
        if world.best_gaze is not None and world.lift(self.unit.name) < 0.02:
            return np.asarray(world.best_gaze, float)
        return gaze(world.position(self.unit.name))

    def _rule(self, state: _State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Increments of head [2], arm [7] and hand [6] rad for one tick."""
        look = HEAD_GAIN * (self._gaze() - state.head) if self.looks else np.zeros(2)
        still, speed = np.zeros(7), float(self.world.robot.other_step[0])
        if self.plan is None or self._elsewhere is not None:  # nor may a hand tell the side before it is known
            return look, still, np.zeros(6)
        ready, shut = self.plan.mode.ready - state.hand, self.plan.mode.hold - state.hand
        if self._done(state):
            return look, still, np.zeros(6)
        if self._gripped(state):
            path = self.plan.work if self._wants_open(state) else Path(self.plan.work.points[::-1])
            return look, path.next_step(state.arm, PULL_SPEED), shut
        arrived = bool(np.abs(state.arm - self.plan.approach.points[-1]).max() < 2 * AT)
        if state.near and (arrived or self._grasping(state)):
            return look, still, shut
        if self._grasping(state) or state.unseen:
            return look, still, ready
        return look, self.plan.approach.next_step(state.arm, speed, slow=SLOW), ready


EXPERT = HandleExpert
