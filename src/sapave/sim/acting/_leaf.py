"""A drawer or a door with one arm and one aim, open or closed; and how the hand gets off the bar again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.acting._roam import RoundPlanner
from sapave.sim.acting.handles import HandleExpert
from sapave.sim.carrying import between
from sapave.sim.experts import AT
from sapave.sim.ik import solve
from sapave.sim.skills import CORRIDOR, Path
from sapave.sim.turns import lean_down

if TYPE_CHECKING:
    from sapave.sim.search import Search
    from sapave.sim.world import World

OFF_BAR = ((1.0, 0.0), (1.0, 0.25), (1.0, 0.5), (0.7, 0.0), (0.7, 0.25), (0.7, 0.5))
"""How far off the bar, as a share of the way there, and with the fingers lower by [rad]; the first within reach."""
CLEAR_OF = (
    (0.0, (0.0, 0.0, 0.08)), (0.3, (0.0, 0.0, 0.10)), (0.3, (-0.04, 0.0, 0.08)), (0.3, (0.0, 0.06, 0.08)),
    (0.6, (0.0, 0.0, 0.10)), (0.9, (0.0, 0.0, 0.08)),
)  # fmt: skip
"""How the hand goes on when it is off the bar, the first that is free: fingers lower by [rad], and where to [m]."""
LONG = 2.0
"""Longest joint motion of that [rad]."""
BACK = 0.025
"""So far the hand draws back while its fingers open: they reach forward and would push the unit shut [m]."""


class Leaf(HandleExpert):
    """The handles' expert with one arm and one aim: open or closed."""

    def __init__(
        self,
        world: World,
        rng: np.random.Generator,
        *,
        opens: bool,
        side: str,
        wait_for_view: bool,
        search: Search | None = None,
    ) -> None:
        """`opens`: the aim; `side`: the arm, `left` or `right`; `search`: one that another expert has begun."""
        super().__init__(world, rng, wait_for_view=wait_for_view, side=side, search=search)
        self.planner: RoundPlanner = RoundPlanner(world, self.unit, side)
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

    # ---- letting go ---------------------------------------------------------------------------------------

    def way_off(self, out: Path | None, *, round_door: bool) -> Path | None:
        """The way off the bar: `out` while the arm is on it, else a new one; with `round_door` on to the rest posture.
        None when there is none."""
        assert self.plan is not None
        now = self.world.controller.targets_other[self.arm]
        if out is not None and out.locate(now)[2] <= CORRIDOR:
            return out
        off = self._off(now)
        if off is not None and not round_door:
            return off
        ready, start = self.plan.mode.ready, now[None] if off is None else off.points
        way = self.planner.roam(start[-1], self.planner.home(ready), ready)
        return off if way is None else Path(np.concatenate([start, way[1:]]))

    def way_home(self) -> Path | None:
        """From where the arm is to its rest posture; None when it is there, or there is no way."""
        controller = self.world.controller
        now, hand = controller.targets_other[self.arm], controller.targets_other[self.hand]
        home = self.planner.home(hand)
        way = None if np.abs(now - home).max() < AT else self.planner.roam(now, home, hand)
        return None if way is None else Path(way)

    def _off(self, now: np.ndarray) -> Path | None:
        """From the arm's posture `now` [7] rad straight off the bar."""
        planner = self.planner
        assert self.plan is not None
        turn = planner._turn
        position, rotation = planner.base.tip("left", turn(now))
        base, start = planner.base, [now]
        back = position - BACK * rotation[:, 0]
        goal = back + rotation @ self.plan.mode.wait
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
            if base.touches(self.side, postures, hand) <= 0:
                return Path(np.stack([*start, turn(high[0])]))
        return Path(np.stack(start)) if len(start) > 1 else None
