"""The part of fetching that is about the thing: out of the open drawer or cabinet, and onto the worktop.

The expert for things plays it in the same world seen as another errand: the thing is the target, a free spot of the
worktop the goal. New are the grasps that fit into a drawer or a cabinet, and a closer look at the last stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import mujoco
import numpy as np

from sapave.base import seeds
from sapave.base.mirror import mirror_point
from sapave.sim.acting._roam import roam_wide
from sapave.sim.acting._spots import free_spots
from sapave.sim.carrying import HEADINGS, RELEASE_HEIGHTS, CarryPlan, Plan, between
from sapave.sim.experts import AT, Expert
from sapave.sim.ik import solve
from sapave.sim.layout import Goal
from sapave.sim.planning import BERTHS, MAX_CARRIES, Planner
from sapave.sim.search import Search
from sapave.sim.situation import State
from sapave.sim.skills import THUMB_ASIDE, Grasp
from sapave.sim.tasks._fetch import on_worktop
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

TALL = 0.0265
"""Half height from which the thumb swings in from the side, and below which it is spread from the start [m]."""
ACROSS = np.array([-1.4, -1.2, -1.0, -0.85, -0.7, -0.55, -0.4, -0.25, -0.1, 0.1, 0.3])
"""Headings of the fingers where a thing is put down [rad]: what is let go of rolls away along them, toward the
wrist, so they point to the side and not away from the front edge."""

GENTLE = 0.6
"""Speed at which a thing gripped from above is carried, as a share of the usual."""
RETRIES = 6
"""So often a plan is looked for again because the arm is elsewhere."""
WAYS = 10
"""So many grasps without a way to them end the search in a group."""
ROAMS = 3
"""For so many grasps without a simple way to them a roundabout one is looked for."""
SLANT = 0.45
"""How far forward the last stretch into a drawer leads, as a share of its length."""
RAISED, OUT = 0.022, (0.0, 0.08, 0.16)
"""So much a thing is raised from the board of a cabinet, and so far it is drawn out in turn [m]."""
OVER_FRONT = tuple(np.array(s) for s in ((-0.05, 0.0, 0.08), (-0.10, 0.0, 0.05), (-0.05, -0.05, 0.08)))
"""From the pre-grasp posture in a drawer to where the hand comes over its front [m]."""


class Errand:
    """A world with another target and goal; everything else is the world's own."""

    def __init__(self, world: World, target: Any, goal: Goal) -> None:
        self.world, self.target, self.goal, self.best_gaze = world, target, goal, None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world, name)


@dataclass(frozen=True, kw_only=True)
class FromAbove(Grasp):
    """A grasp whose last stretch leads down between the walls of a drawer, and a little forward: the case is there."""

    ahead: float = 0.0
    """Heading of the drawer's inside [rad]."""

    def direction(self) -> np.ndarray:
        """[3] unit vector of the last stretch in the base frame."""
        return np.array([SLANT * np.cos(self.ahead), SLANT * np.sin(self.ahead), -np.sqrt(1 - SLANT**2)])


@dataclass(frozen=True, kw_only=True)
class FromFront(Grasp):
    """A grasp for a thing in a cabinet, after which it leaves on a level way: there is no room to lift it."""

    ahead: float = 0.0
    """Heading of the cabinet's inside [rad]."""


class Reach(Planner):
    """Plans into narrow places: the last stretch is looked at more closely, and several spots are as good."""

    headings = ACROSS
    heights = (*RELEASE_HEIGHTS, 0.024)

    def __init__(self, errand: Errand, spots: Sequence[Goal]) -> None:
        """`spots`: where the thing may go, the best first."""
        super().__init__(cast("World", errand))
        self.errand, self.spots, self._roams, self._ways = errand, spots, ROAMS, WAYS

    def _pose_hand(self, data: mujoco.MjData, side: str, hand: np.ndarray) -> None:
        """Fingers and the joints that follow them: this plans with a hand that is half closed just now."""
        super()._pose_hand(data, side, hand)
        self._pose_followers(data, side)

    def _catches(self, side: str, goal: np.ndarray, grasp: Grasp) -> bool:
        """Not looked at: there is little choice in a narrow place."""
        return False

    def _shifts(self, grasp: Grasp) -> tuple[np.ndarray, ...]:
        """Over the front of the drawer, which stands between the hand and the pre-grasp posture."""
        return (*(OVER_FRONT if isinstance(grasp, FromAbove) else ()), *super()._shifts(grasp))

    def plan(self, side: str, grasps: Sequence[Grasp], now: np.ndarray) -> tuple[Plan, CarryPlan | None] | None:
        """The first feasible grasp with a way to one of the spots; None at once for an arm that has something to get
        clear of first."""
        if self.touches(side, now, grasps[0].opened(), target=-0.01, scene=-0.01) > 0:
            return None
        extent = self.extent(mirror_point if side == "right" else np.asarray)
        tries, self._roams, self._ways = MAX_CARRIES, ROAMS, WAYS
        for plan in self._plans(side, grasps, now, extent):
            _, rotation = self.tip(side, plan.lift.points[-1])
            for goal in self.spots:
                self.spot = np.asarray(goal.position, float)
                carry = self.plan_carry(plan, plan.offset, rotation, plan.lift.points[-1])
                if carry is not None:
                    self.errand.goal = goal
                    return plan, carry
            tries -= 1
            if tries == 0:
                break
        return None

    def _lifted(
        self, grasps: Sequence[Grasp], positions: np.ndarray, rotations: np.ndarray, at: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Out of a cabinet: a little up, then straight out."""
        if not isinstance(grasps[0], FromFront):
            return super()._lifted(grasps, positions, rotations, at)
        out = np.array([[-np.cos(g.ahead), -np.sin(g.ahead), 0.0] for g in grasps if isinstance(g, FromFront)])
        stages, now, good = [], at, np.ones(len(at), bool)
        for back in OUT:
            goals = positions + back * out + np.array([0.0, 0.0, RAISED])
            found, fine = solve(self.chain, self.limits, goals, rotations, now, pull=0.0)
            good &= fine & (np.abs(found - now).max(1) < 0.9)
            stages.append(found)
            now = found
        return np.stack(stages, axis=1), good

    def _way(self, side, turn, before, pre, rotation, grasp, now) -> list[np.ndarray] | None:
        """As every planner, but a wide berth is not to be had in narrow places, and the way to rest is looked at."""
        if self._ways == 0:
            return None
        self._ways -= 1
        way, rest = self._via(side, turn, before, pre, rotation, grasp, now, BERTHS[-1]), self.rest(side)
        if way and np.array_equal(way[0], rest):
            if self.touches(side, between(now, rest, 12), grasp.opened(), target=BERTHS[-1]) > 0:
                way = None
        if way is not None or self._roams == 0:
            return way
        self._roams -= 1
        found = self._roam(side, now, turn(before), grasp.opened())
        return None if found is None else list(found[:-1])

    def _roam(self, side: str, now: np.ndarray, goal: np.ndarray, hand: np.ndarray) -> np.ndarray | None:
        """Postures [n, 7] rad from `now` to `goal` with the fingers at `hand` [6] rad, or None."""
        limits = self.robot.other_limits[slice(0, 7) if side == "left" else slice(7, 14)]

        def hits(arms: np.ndarray, clear: float) -> float:
            return self.touches(side, arms, hand, target=clear, scene=clear)

        return roam_wide(hits, limits, now, goal, seeds.rng(self.world.spec.seed, "roam", side))

    def _plans(
        self, side: str, grasps: Sequence[Grasp], now: np.ndarray, extent: Callable[[np.ndarray], float]
    ) -> Iterator[Plan]:
        for plan in super()._plans(side, grasps, now, extent):
            before, at = plan.approach.points[-2:]
            if self.touches(side, between(before, at, 10), plan.grasp.opened(), target=-0.004, scene=0.001) <= 0:
                yield plan


class Taker(Expert):
    """Takes the content of the world's unit to a free spot on the worktop."""

    def __init__(self, world: World, rng: np.random.Generator, *, wait_for_view: bool) -> None:
        """As every expert (`sim/acting/_expert.py`)."""
        assert isinstance(world.target, Unit) and world.content is not None
        spots = free_spots(world)
        self.unit, self.errand = world.target, Errand(world, world.content, spots[0])
        super().__init__(cast("World", self.errand), rng, wait_for_view=wait_for_view)
        self.planner = Reach(self.errand, spots)
        room = self.unit.articulation.room
        if self.unit.in_corner or room is None or not room.moves:
            self.planner.headings, self.planner.heights = HEADINGS, RELEASE_HEIGHTS
        self.search = Search([], 0, world.controller.head)  # it is where the open drawer is
        self.first = self.unit.hand
        """The arm that tries first: the one that opens."""

    efforts = (False,)
    _retries = 0
    _both = False

    @property
    def side(self) -> str:
        """The arm of the plan; before there is one, the first that tries."""
        return self.plan.side if self.plan else self.first

    def try_both(self) -> None:
        """From now on the other arm is tried as well, after the first."""
        if not self._both:
            self._both, self._tried = True, None

    def withdrawn(self) -> bool:
        """Is the hand at the end of its way from where it put the thing down?"""
        if self.plan is None or self.carry is None:
            return False
        arm = self.world.controller.targets_other[self._slices(self.plan.side)[0]]
        return bool(np.abs(arm - self.carry.retreat.points[-1]).max() < 2 * AT)

    def _sides(self, centre: np.ndarray) -> tuple[str, ...]:
        """Out of the unit one arm alone, until that has been in vain."""
        sides = super()._sides(centre)
        if self.unit.inside(centre, self.errand.joint(self.unit.name)[0]):
            sides = (self.first,)
        return (sides[0], "right" if sides[0] == "left" else "left") if self._both else sides

    def _rule(self, state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As for all things, but what was gripped from above slips out of a hand that hurries."""
        look, arm, hand = super()._rule(state)
        if (
            state.holding
            and self.plan is not None
            and isinstance(self.plan.grasp, FromAbove)
            and not self.unit.in_corner
        ):
            most = GENTLE * float(self.world.robot.other_step[0])
            arm = arm * min(1.0, most / max(float(np.abs(arm).max()), 1e-9))
        return look, arm, hand

    def retry(self) -> None:
        """Forget that no plan was found: the arm is elsewhere now."""
        if self.plan is None and self._retries < RETRIES:
            self._retries += 1
            self._tried = None

    def _placed(self, state: State) -> bool:
        """As for all things; and what a hand lets go of over the worktop may roll: it stays put down."""
        if super()._placed(state):
            return True
        name = self.world.target.name
        return self._closure(state.hand) < 0.5 and on_worktop(self.errand.world, name) and not self.errand.held(name)

    def _otherwise(self, plan: Plan, carry: CarryPlan, state: State) -> tuple[np.ndarray, np.ndarray] | None:
        """As for all things, but not before it is out: there is only one way out."""
        at = self.world.position(self.world.target.name)
        if self.unit.inside(at, self.errand.joint(self.unit.name)[0]):
            return None
        return super()._otherwise(plan, carry, state)

    def _grasps(self, centre: np.ndarray, side: str) -> list[list[Grasp]]:
        if self.unit.inside(centre, self.errand.joint(self.unit.name)[0]):
            assert self.unit.articulation.room is not None
            yaw, half_height = self.unit.yaw * (1.0 if side == "left" else -1.0), self.errand.target.half_height
            return (from_drawer if self.unit.articulation.room.moves else from_board)(half_height, yaw)
        return super()._grasps(centre, side)


def from_drawer(half_height: float, yaw: float) -> list[list[Grasp]]:
    """Grasps from above for a thing in an open drawer turned by yaw [rad], in groups, the most reliable first: fingers
    toward the middle, palm down, so that the wrist passes over the low side."""
    thumbs = (THUMB_ASIDE, (0.03, 1.27)) if half_height > TALL else ((0.03, 1.27), THUMB_ASIDE)
    yaws = (-0.8, -0.55, -1.0, -0.35, -1.2)
    first = [(0.5, tilt, 0.0) for tilt in (1.0, 1.2)]
    more = [(p, t, h) for h in (0.008, 0.014) for p, t in ((0.5, 1.0), (0.5, 1.2), (0.4, 1.1), (0.6, 1.2))]
    return [
        [
            FromAbove(ahead=yaw, yaw=yaw + y, pitch=pitch, tilt=tilt, height=height, reach=0.004, thumb=thumb)
            for pitch, tilt, height in shapes
            for y in yaws
        ]
        for thumb in thumbs
        for shapes in (first, more)
    ]


def from_board(half_height: float, yaw: float) -> list[list[Grasp]]:
    """Grasps from the front for a thing on the board of a cabinet turned by yaw [rad], in groups."""
    yaws = yaw + np.array([0.0, -0.2, 0.2, -0.4, 0.4, -0.6])
    return [
        [
            FromFront(ahead=yaw, yaw=float(y), pitch=p, tilt=t, height=h, reach=reach)
            for reach in (0.004, -0.004)
            for t in tilts
            for p in (0.0, -0.15, 0.15, -0.3)
            for h in (0.0, 0.008)
            for y in yaws
        ]
        for tilts in ((0.5, 0.7), (0.3, 0.9), (0.1, 1.2))
    ]
