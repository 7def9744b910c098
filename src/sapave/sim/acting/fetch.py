"""The expert for fetching: opens, lets go, takes the thing out, puts it down, closes; which of these follows from how
things stand. One arm does it all: the other one does not reach over to a unit in front of its neighbour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import ActionChunk, Observation
from sapave.sim.acting._roam import RoundPlanner
from sapave.sim.acting._take import Taker
from sapave.sim.acting.handles import EXPERT as HandleExpert
from sapave.sim.carrying import between
from sapave.sim.disturbance import Disturbance
from sapave.sim.experts import AT, CHUNK
from sapave.sim.ik import solve
from sapave.sim.skills import CORRIDOR, Path
from sapave.sim.tasks._fetch import inside, is_placed
from sapave.sim.turns import lean_down
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

OPENED = 2
"""Stages that are behind once the unit has been opened."""
OFF = 0.14
"""A hand this far from the bar can go elsewhere [m]."""
OFF_BAR = ((1.0, 0.0), (1.0, 0.25), (1.0, 0.5), (0.7, 0.0), (0.7, 0.25), (0.7, 0.5))
"""How far off the bar, as a share of the way there, and with the fingers lower by [rad]; the first within reach."""
CLEAR_OF = (
    (0.0, (0.0, 0.0, 0.08)), (0.3, (0.0, 0.0, 0.10)), (0.3, (-0.04, 0.0, 0.08)), (0.3, (0.0, 0.06, 0.08)),
    (0.6, (0.0, 0.0, 0.10)), (0.9, (0.0, 0.0, 0.08)),
)  # fmt: skip
"""How the hand goes on when it is off the bar, the first that is free: fingers lower by [rad], and where to [m]."""
LONG = 2.0
"""Longest joint motion of that [rad]."""
AWAY = 0.10
"""A hand this far from the thing has let go of it [m]."""
AT_WORK = 0.14
"""A hand this near to the thing is taking it, however far the unit is open meanwhile [m]."""
BACK = 0.025
"""So far the hand draws back while its fingers open: they reach forward and would push the unit shut [m]."""
ENOUGH = {"drawer": 0.8, "cabinet": 0.93}
"""A unit let go of is opened again below this share of what counts as open."""
LOOSE = 0.1
"""Fingers this close to half open no longer hold the bar [rad]."""


class Leaf(HandleExpert):
    """The handles' expert with one aim: open or closed."""

    def __init__(self, world: World, rng: np.random.Generator, *, opens: bool, wait_for_view: bool) -> None:
        """`opens`: the aim."""
        super().__init__(world, rng, wait_for_view=wait_for_view)
        self.planner: RoundPlanner = RoundPlanner(world, self.unit)
        self.aim = self._opens = opens
        self._closes = not opens

        self.arm, self.hand = self._arm, self._hand
        """Where this hand's arm and fingers are in the stream."""

    def _wants_open(self, state) -> bool:
        return self.aim

    def holds(self) -> bool:
        """Are the fingers closed round the bar?"""
        return self._gripped(self._read())

    def done(self) -> bool:
        """Is the unit as it should be, with a margin?"""
        return self._done(self._read())

    def retry(self) -> None:
        """Forget that no plan was found: the arm is elsewhere now."""
        if self.plan is None:
            self._tried = None

    def from_bar(self) -> float:
        """From the bar to its place in the hand, along the bar left out [m]."""
        mode = self.plan.mode if self.plan else None
        if mode is None:
            return np.inf
        off = self._in_hand() - mode.bar * ([1, 1, 1] if self.side == "left" else [1, -1, 1])
        return float(np.hypot(off[0], off[1])) if abs(off[2]) < 0.10 else np.inf


class FetchExpert:
    """Privileged expert of the fetching tasks. `ok` is False while no plan exists."""

    def __init__(
        self, world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True
    ) -> None:
        """`noise`: standard deviation of what is added to every executed increment [rad];
        `wait_for_view` False: never moves the head and never waits for a view (fixed camera)."""
        assert isinstance(world.target, Unit) and world.content is not None
        self.world, self.unit, self.horizon = world, world.target, CHUNK
        self.opener = Leaf(world, rng, opens=True, wait_for_view=wait_for_view)
        self.closer = Leaf(world, rng, opens=False, wait_for_view=wait_for_view)
        self.taker = Taker(world, rng, wait_for_view=wait_for_view)
        self.disturb = Disturbance(rng, noise, wait_for_view)
        self.label = ActionChunk(head=np.zeros((CHUNK, 2)), other=np.zeros((CHUNK, 26)))
        self.phase = "open"
        """What it does: open, let_go, take, rest, close."""
        self._out: Path | None = None
        room = self.unit.articulation.room
        assert room is not None
        self._moves = room.moves

    @property
    def ok(self) -> bool:
        """Is there a plan?"""
        return self._expert().ok

    def act(self, observation: Observation | None = None) -> ActionChunk:
        """The next chunk (16 ticks): the rule rolled out from the current targets; the observation is not used."""
        self.phase = self._phase()
        if self.phase in ("let_go", "rest"):
            self.label = self._follow(self._let_go() if self.phase == "let_go" else None)
        else:
            expert = self._expert()
            expert.horizon = self.horizon
            expert.act()
            self.label, self._out = expert.label, None
            if not expert.ok and self.phase != "open":
                self.label = ActionChunk(head=expert.label.head, other=np.zeros((self.horizon, 26)))
                self._go_to_rest()
        return self.disturb(self.label)

    def _expert(self) -> Leaf | Taker:
        return {"take": self.taker, "close": self.closer, "rest": self.closer}.get(self.phase, self.opener)

    # ---- what to do ---------------------------------------------------------------------------------------

    def _phase(self) -> str:
        world, near = self.world, self._from_thing()
        if is_placed(world) and (near > AWAY or self.closer.ok):
            return "close" if self._out is None or self.closer.ok or self._is_off() else "rest"
        if not inside(world) or (self.taker.ok and near < AT_WORK):
            return "take"
        if self.opener.holds():
            return "let_go" if self.opener.done() else "open"
        if world.judge.stage < OPENED or self._shut_again():
            return "open"
        on_its_way = self._out is not None or self.opener.from_bar() < OFF
        return "let_go" if not self.taker.ok and on_its_way and not self._is_off() else "take"

    def _shut_again(self) -> bool:
        piece = self.unit.articulation
        return self.world.joint(self.unit.name)[0] < ENOUGH[piece.kind] * piece.open_at

    def _is_off(self) -> bool:
        """Is the hand at the end of its way off the bar?"""
        if self._out is None:
            return False
        arm = self.world.controller.targets_other[self.opener.arm]
        return bool(np.abs(arm - self._out.points[-1]).max() < AT)

    def _from_thing(self) -> float:
        """From the nearer grasp point to the thing [m]."""
        world = self.world
        assert world.content is not None
        at = world.position(world.content.name)
        return min(float(np.linalg.norm(world.data.site(f"{s}_grasp").xpos - at)) for s in ("left", "right"))

    # ---- letting go ---------------------------------------------------------------------------------------

    def _let_go(self) -> np.ndarray:
        """Sees to it that there is a way off the bar, the way the hand came onto it; the fingers' targets [6] rad."""
        opener = self.opener
        assert opener.plan is not None
        now = self.world.controller.targets_other[opener.arm]
        if self._out is None or self._out.locate(now)[2] > CORRIDOR:
            self._out = self._way_out(now)
            if self._out is None or not self._moves:  # round the door
                ready, start = opener.plan.mode.ready, now[None] if self._out is None else self._out.points
                way = opener.planner.roam(start[-1], opener.planner.home(ready), ready)
                self._out = self._out if way is None else Path(np.concatenate([start, way[1:]]))
            self.taker.retry()
        return opener.plan.mode.ready

    def _follow(self, open_: np.ndarray | None) -> ActionChunk:
        """The way out; with `open_` [6] rad the fingers first go there, else they stay."""
        robot, opener, controller, path = self.world.robot, self.opener, self.world.controller, self._out
        now, fingers = controller.targets_other[opener.arm], controller.targets_other[opener.hand]
        open_ = fingers if open_ is None else open_
        head, other = np.zeros((self.horizon, 2)), np.zeros((self.horizon, 26))
        for i in range(self.horizon):
            step = np.clip(open_ - fingers, -robot.other_step[14:20], robot.other_step[14:20])
            loose = np.mean(fingers[:4]) < np.mean(open_[:4]) + LOOSE
            way = path if loose or path is None else Path(path.points[:2])
            move = np.zeros(7) if way is None else way.next_step(now, 0.5 * float(robot.other_step[0]))
            other[i, opener.arm], other[i, opener.hand] = move, step
            now, fingers = now + move, fingers + step
        return ActionChunk(head=head, other=other)

    def _go_to_rest(self) -> None:
        """From where there is no way on."""
        opener, controller = self.opener, self.world.controller
        now, hand = controller.targets_other[opener.arm], controller.targets_other[opener.hand]
        home = opener.planner.home(hand)
        way = None if np.abs(now - home).max() < AT else opener.planner.roam(now, home, hand)
        if way is not None:
            self._out = Path(way)
            self._expert().retry()

    def _way_out(self, now: np.ndarray) -> Path | None:
        """From the arm's posture `now` [7] rad straight off the bar."""
        opener, planner = self.opener, self.opener.planner
        assert opener.plan is not None
        turn = planner._turn
        position, rotation = planner.base.tip("left", turn(now))
        base, start = planner.base, [now]
        back = position - BACK * rotation[:, 0]
        goal = back + rotation @ opener.plan.mode.wait
        found = turn(now)[None]
        ways = [(back, 0.0)] + [(position + share * (goal - position), lean) for share, lean in OFF_BAR]
        for point, lean in ways:
            if len(start) > 2:
                break
            turned = lean_down(rotation, lean)
            solved, good = solve(base.chain, base.limits, point[None], turned[None], found, pull=0.0)
            if good[0]:
                found = solved
                start.append(turn(solved[0]))
        off = start[-1]
        for lean, shift in CLEAR_OF:
            turned = lean_down(rotation, lean)
            there = goal + shift
            high, good = solve(base.chain, base.limits, there[None], turned[None], found, pull=0.0)
            if not good[0] or np.abs(high[0] - found[0]).max() > LONG:
                continue
            postures = between(off, turn(high[0]), 6)
            hand = self.world.robot.rest_other[14:20]
            if base.touches(self.opener.side, postures, hand) <= 0:
                return Path(np.stack([*start, turn(high[0])]))
        return Path(np.stack(start)) if len(start) > 1 else None


EXPERT = FetchExpert
"""For fetch_from_drawer and fetch_from_cabinet."""
