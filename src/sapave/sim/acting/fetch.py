"""The expert for fetching: opens, lets go, takes the thing out, puts it down, closes; which of these follows from how
things stand. The arm on the unit's side does it all; for what it finds no way to do, the other one is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import ActionChunk, Observation
from sapave.sim.acting._leaf import Leaf
from sapave.sim.acting._take import Taker
from sapave.sim.disturbance import Disturbance
from sapave.sim.experts import AT, CHUNK
from sapave.sim.search import Search
from sapave.sim.skills import Path
from sapave.sim.tasks._fetch import inside, is_placed
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

OPENED = 2
"""Stages that are behind once the unit has been opened."""
OFF = 0.14
"""A hand this far from the bar can go elsewhere [m]."""
AWAY = 0.10
"""A hand this far from the thing has let go of it [m]."""
AT_WORK = 0.14
"""A hand this near to the thing is taking it, however far the unit is open meanwhile [m]."""
ENOUGH = {"drawer": 0.8, "cabinet": 0.93}
"""A unit let go of is opened again below this share of what counts as open."""
LOOSE = 0.1
"""Fingers this close to half open no longer hold the bar [rad]."""
STRAYED = 0.5
"""An idle arm this far from its rest posture stays where it is until there is a way back [rad]."""


class FetchExpert:
    """Privileged expert of the fetching tasks. `ok` is False while no plan exists."""

    def __init__(
        self, world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True
    ) -> None:
        """`noise`: standard deviation of what is added to every executed increment [rad];
        `wait_for_view` False: never moves the head and never waits for a view (fixed camera)."""
        assert isinstance(world.target, Unit) and world.content is not None
        self.world, self.unit, self.horizon = world, world.target, CHUNK
        self._rng, self._looks, self._leaves = rng, wait_for_view, dict[tuple[str, bool], Leaf]()
        self._search = Search.of_handle(world)
        """One for all: the closer need not look for what the opener has found."""
        own = self.unit.hand
        self.other = "right" if own == "left" else "left"
        """The arm that is tried second."""
        self.opener, self.closer = self._leaf(own, True), self._leaf(own, False)
        self.taker = Taker(world, rng, wait_for_view=wait_for_view)
        self.disturb = Disturbance(rng, noise, wait_for_view)
        self.label = ActionChunk(head=np.zeros((CHUNK, 2)), other=np.zeros((CHUNK, 26)))
        self.phase = "open"
        """What it does: open, let_go, take, rest, close."""
        self._out: Path | None = None
        self._leaver = self.opener
        """Whose arm is on the way out."""
        room = self.unit.articulation.room
        assert room is not None
        self._moves = room.moves

    @property
    def ok(self) -> bool:
        """Is there a plan?"""
        return self._expert().ok

    def _leaf(self, side: str, opens: bool) -> Leaf:
        """The opener or closer with the arm of a side."""
        if (side, opens) not in self._leaves:
            leaf = Leaf(self.world, self._rng, opens=opens, side=side, wait_for_view=self._looks, search=self._search)
            self._leaves[side, opens] = leaf
        return self._leaves[side, opens]

    def act(self, observation: Observation | None = None) -> ActionChunk:
        """The next chunk (16 ticks): the rule rolled out from the current targets; the observation is not used."""
        self.phase = self._phase()
        if self.phase == "close" and self._out is None and not self.closer.ok:
            taking = self._taking_leaf()
            if taking.side != self.closer.side and self._goes_home(taking):
                self.phase = "rest"
        if self.phase in ("let_go", "rest"):
            self.label = self._follow(self._let_go() if self.phase == "let_go" else self._emptied())
        else:
            expert = self._expert()
            expert.horizon = self.horizon
            expert.act()
            self.label, self._out = self._kept(expert.label, expert.side), None
            if not expert.ok:
                if self.phase != "open":
                    self.label = ActionChunk(head=expert.label.head, other=np.zeros((self.horizon, 26)))
                self._find_way()
        return self.disturb(self.label)

    def _expert(self) -> Leaf | Taker:
        return {"take": self.taker, "close": self.closer, "rest": self.closer}.get(self.phase, self.opener)

    # ---- what to do ---------------------------------------------------------------------------------------

    def _phase(self) -> str:
        world, near = self.world, self._from_thing()
        if is_placed(world) and (near > AWAY or self.closer.ok or not self.taker.ok or self.taker.withdrawn()):
            return "close" if self._out is None or self.closer.ok or self._is_off() else "rest"
        if not inside(world) or (self.taker.ok and near < AT_WORK):
            return "take"
        if self.opener.holds():
            return "let_go" if self.opener.done() else "open"
        if world.judge.stage < OPENED or self._shut_again():
            return "open"
        on_its_way = self._out is not None or self.opener.from_bar() < OFF
        if self.taker.ok or not on_its_way or self._is_off():
            return "take"
        return "let_go" if self._out is None or self._leaver is self.opener else "rest"

    def _shut_again(self) -> bool:
        piece = self.unit.articulation
        return self.world.joint(self.unit.name)[0] < ENOUGH[piece.kind] * piece.open_at

    def _is_off(self) -> bool:
        """Is the hand at the end of its way out?"""
        if self._out is None:
            return False
        arm = self.world.controller.targets_other[self._leaver.arm]
        return bool(np.abs(arm - self._out.points[-1]).max() < AT)

    def _from_thing(self) -> float:
        """From the nearer grasp point to the thing [m]."""
        world = self.world
        assert world.content is not None
        at = world.position(world.content.name)
        return min(float(np.linalg.norm(world.data.site(f"{s}_grasp").xpos - at)) for s in ("left", "right"))

    # ---- letting go, and the other arm --------------------------------------------------------------------

    def _let_go(self) -> np.ndarray:
        """Sees to it that there is a way off the bar; the fingers' targets [6] rad."""
        opener, before = self.opener, self._out
        assert opener.plan is not None
        self._leaver, self._out = opener, opener.way_off(before, round_door=not self._moves)
        if before is None or self._out is not before:
            self.taker.retry()
        return opener.plan.mode.ready

    def _emptied(self) -> np.ndarray | None:
        """The fingers' targets [6] rad on the way to rest: open once the thing has been put down, else as they are."""
        return self.world.robot.rest_other[self._leaver.hand] if is_placed(self.world) else None

    def _follow(self, open_: np.ndarray | None) -> ActionChunk:
        """The way out; with `open_` [6] rad the fingers first go there, else they stay."""
        robot, leaver, controller, path = self.world.robot, self._leaver, self.world.controller, self._out
        now, fingers = controller.targets_other[leaver.arm], controller.targets_other[leaver.hand]
        open_ = fingers if open_ is None else open_
        head, other = np.zeros((self.horizon, 2)), np.zeros((self.horizon, 26))
        for i in range(self.horizon):
            step = np.clip(open_ - fingers, -robot.other_step[14:20], robot.other_step[14:20])
            loose = np.mean(fingers[:4]) < np.mean(open_[:4]) + LOOSE
            way = path if loose or path is None else Path(path.points[:2])
            move = np.zeros(7) if way is None else way.next_step(now, 0.5 * float(robot.other_step[0]))
            other[i, leaver.arm], other[i, leaver.hand] = move, step
            now, fingers = now + move, fingers + step
        return ActionChunk(head=head, other=other)

    def _find_way(self) -> None:
        """Where there is no way on, the arm goes to rest; when that does not help, the other one is tried."""
        if self.phase == "open":
            if self.opener.side != self.other:
                self.opener, self.closer = self._leaf(self.other, True), self._leaf(self.other, False)
                self.taker.first = self.other
        elif self._goes_home(self.opener) or self._goes_home(self._taking_leaf()):
            self._expert().retry()
        elif self.phase == "take":
            self.taker.try_both()
        elif self.closer.side != self.other:
            self.closer = self._leaf(self.other, False)

    def _taking_leaf(self) -> Leaf:
        """For the way home of the arm that takes."""
        return self._leaf(self.taker.plan.side, True) if self.taker.plan else self.opener

    def _goes_home(self, leaf: Leaf) -> bool:
        """Send this arm to rest; False when it is there, or there is no way."""
        way = leaf.way_home()
        if way is not None:
            self._leaver, self._out = leaf, way
        return way is not None

    def _kept(self, label: ActionChunk, side: str) -> ActionChunk:
        """The label of an expert that works with the arm of a side, without the motion of the other arm if that is far
        from its rest posture: something may be between."""
        idle = slice(7, 14) if side == "left" else slice(0, 7)
        away = np.abs(self.world.robot.rest_other[idle] - self.world.controller.targets_other[idle]).max()
        if away > STRAYED:
            label.other[:, idle] = 0.0
        return label


EXPERT = FetchExpert
"""For fetch_from_drawer and fetch_from_cabinet."""
