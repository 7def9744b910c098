"""Watches an episode: goal held, head travel, what was seen when, and why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sapave.base.types import CONTROL_DT, Outcome
from sapave.sim.attention import Attention
from sapave.sim.tasks._task import HOLD_SECONDS

if TYPE_CHECKING:
    from sapave.sim.world import World


class Judge:
    """Records of one episode; the world calls `update` at every tick."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._run = 0
        self._ever = self.held = False
        self.stage = 0
        """Stages of the task that were reached so far, in order."""
        self.attention = Attention(world)
        self._at_touch: float | None = None
        self._lifted = self._wrong = False

    def update(self) -> None:
        """After one tick."""
        world = self._world
        self.attention.tick()
        stages = world.task.stages
        while self.stage < len(stages) and stages[self.stage].reached(world):
            self.stage += 1
        now = self.stage == len(stages) and bool(world.task.reached(world))
        self._ever |= now
        self._run = self._run + 1 if now else 0
        self.held |= self._run * CONTROL_DT >= HOLD_SECONDS
        self._lifted |= world.lift(world.target.name) > 0.03
        self._wrong |= any(
            world.lift(t.name) > 0.04 for t in world.things if t is not world.target and t is not world.content
        )

    def look(self) -> float:
        """Measure the target's visible fraction now and record it; four small renders at most."""
        world = self._world
        fraction = world.visible_fraction()
        self.attention.sample(fraction)
        if self._at_touch is None and world.held(world.target.name):
            self._at_touch = fraction
        return fraction

    def outcome(self) -> Outcome:
        """Everything recorded so far."""
        attention = self.attention
        sight = attention.first_sight()
        return Outcome(
            success_ever=self._ever,
            success_held=self.held,
            steps=self._world.steps,
            failure="" if self.held else self._reason(sight is not None),
            time_to_first_sight=sight,
            visible_at_grasp=self._at_touch,
            progress=(self.stage + self._ever) / (len(self._world.task.stages) + 1),
            head_travel=attention.travel,
            looks=len(attention.looks),
            needless_looks=attention.needless(),
            centring=attention.centring(),
            look_to_act=attention.lead(),
            camera_gain=attention.gain(),
            visibility=tuple((s.time, s.fraction) for s in attention.samples),
            extra={} if self._world.task.measures is None else self._world.task.measures(self._world),
        )

    def _reason(self, seen: bool) -> str:
        if self.attention.samples and not seen:
            return "never_saw"
        if self._wrong:
            return "wrong_object"
        if not self._lifted:
            return "missed_grasp"
        if self._world.task.has_goal:
            return "timeout" if self._world.held(self._world.target.name) else "not_at_goal"
        if self._world.task.needs != "thing":
            return "timeout" if self._ever else "not_at_goal"
        return "timeout" if self._ever and self._world.lift(self._world.target.name) > 0.05 else "dropped"
