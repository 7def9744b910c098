"""Plans for pouring: the vessel upright above the edge of what receives, and the turn about its lip that empties it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point, mirror_rotation
from sapave.sim.carrying import SEEDS, CarryPlan, Plan, between
from sapave.sim.ik import solve
from sapave.sim.objects._family import Thing
from sapave.sim.planning import Planner
from sapave.sim.skills import Grasp, Path
from sapave.sim.turns import straightened, turn_z

if TYPE_CHECKING:
    from sapave.sim.world import World

STEPS = np.array([0.0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7])
"""Angles of the vessel at which a posture is planned [rad]; it is turned back as soon as it is empty."""
STARTS = (0, 1, 2)
"""Where in STEPS the turn may begin, upright first: a vessel that is not full to the rim may lean a little."""
NEEDED = 7
"""All until this one have to be in reach: beyond the horizontal, with the walls of a neck sloping down. The others are
for a vessel that gives way in the hand."""
TOWARDS = np.deg2rad([-90.0, -120.0, -60.0, 90.0])
"""Directions in which the left hand's vessel is tipped, the best first: to the right by turning the palm down [rad]."""
TURNED = np.array([-0.4, -0.7, -0.1, -1.0, 0.2, -1.3, 0.5])
"""Headings of the fingers about z with the vessel upright [rad]."""
INSIDE = 0.025
"""The lip reaches this far over the edge of the receiver [m]."""
ABOVE = 0.025
"""Lip, or lowest part of the vessel, above the receiver's rim [m]."""
BERTH = 0.02
"""Nearest that a hand in full motion may come to a full vessel: an arm lags behind its targets [m]."""
TRIES = 10
"""So many grasps that are in reach but of no use end the search with this hand and group of grasps."""
AROUND = (0.0, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)
"""Turns about z that are tried for an upright vessel [rad]."""
RAISED = 0.02
"""So much higher is an empty vessel held [m]."""
LARGEST = 0.9
"""Most that a joint may turn from one planned posture to the next [rad]."""


@dataclass(frozen=True, kw_only=True)
class PourPlan(CarryPlan):
    """How a held vessel is emptied; `carry` leads to the upright posture above the receiver, `retreat` back to it."""

    tip: Path
    """From upright to empty."""


class PourPlanner(Planner):
    """Grasps the world's target so that it can then be poured out into the goal."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        assert world.goal is not None
        self.spot = None  # it need not be put down anywhere
        name = world.goal.name
        self.receiver: Thing = next(t for t in world.things if t.name == name)

    def plan(self, side: str, grasps: Sequence[Grasp], now: np.ndarray) -> tuple[Plan, CarryPlan | None] | None:
        """The first grasp from which the vessel can be poured out."""
        extent = self.extent(mirror_point if side == "right" else np.asarray)
        tries = TRIES
        for start in range(0, len(grasps), 14):
            for plan in self._plans(side, grasps[start : start + 14], now, extent):
                pour = None if self._grazes(side, plan, now) else self._pour(side, plan)
                if pour is not None:
                    return plan, pour
                tries -= 1
                if tries == 0:
                    return None
        return None

    def _pour(self, side: str, plan: Plan) -> PourPlan | None:
        """The pouring that could follow a grasp, if the vessel came to sit in the hand as it stands now."""
        high = plan.lift.points[-1]
        _, rotation = self.tip(side, high)
        return self.plan_pour(side, plan, plan.offset, rotation.T @ self.axis(), high, STARTS[:1])

    def _grazes(self, side: str, plan: Plan, now: np.ndarray) -> bool:
        """Does the hand come too near to the full vessel on its way, looked at closely?"""
        way = plan.approach.points[:-1]  # without the last stretch; a hand that is nearly there has none
        if len(way) == 0:
            return False
        return self.touches(side, between(now, way[0], 24)[6:], plan.grasp.opened(), target=BERTH) > 0

    def axis(self) -> np.ndarray:
        """[3] the target's own upward axis in the base frame."""
        return self.world.body_pose(self.world.target.name)[:3, 2].copy()

    def plan_pour(
        self,
        side: str,
        plan: Plan,
        offset: np.ndarray,
        up: np.ndarray,
        now: np.ndarray,
        starts: Sequence[int] = STARTS,
    ) -> PourPlan | None:
        """From the arm's posture `now` [7] rad; the vessel's centre is at `offset` [3] m and its upward axis `up` [3]
        in the hand's frame. The turn begins at one of `starts`, the first that is possible."""
        flip: Callable[[np.ndarray], np.ndarray] = mirror_point if side == "right" else np.asarray
        turn: Callable[[np.ndarray], np.ndarray] = mirror_arm if side == "right" else np.asarray
        _, rotation = self.tip(side, now)
        upright = straightened(rotation, up)
        base = mirror_rotation(upright) if side == "right" else upright
        heading = float(np.arctan2(base[1, 0], base[0, 0]))
        rotations = np.stack([turn_z(h - heading) @ base for h in TURNED])
        middle = flip(self.world.position(self.receiver.name))
        ways = [self._along(middle, np.array([np.cos(t), np.sin(t), 0.0]), rotations, flip(offset)) for t in TOWARDS]
        goals, turned = (np.concatenate(parts, 1) for parts in zip(*ways, strict=True))
        for first, postures in self._follow(goals, turned, turn(now), starts):
            chain = np.stack([turn(p) for p in postures])
            points = self._clear(side, plan, now, chain, NEEDED + 1 - first)
            if points is not None:
                return PourPlan(
                    offset=offset,
                    up=up,
                    carry=Path(np.stack([now, points[0]])),
                    retreat=Path(points[::-1]),
                    tip=Path(points),
                )
        return None

    def _along(
        self, middle: np.ndarray, ahead: np.ndarray, rotations: np.ndarray, offset: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Grasp points [s, k, 3] m and hand rotations [s, k, 3, 3] at every step of tipping towards `ahead` [3], for k
        upright hand rotations: the lip stays over one place inside the edge, and comes down as the vessel turns."""
        vessel, up = self.world.target.shape, np.array([0.0, 0.0, 1.0])
        cavity = vessel.cavity
        assert cavity is not None
        lip, height = cavity.profile[-1][0] + cavity.wall, vessel.half_height
        place = middle - ahead * max(self.receiver.radius - INSIDE, 0.015) + up * self.receiver.half_height
        goals, turned = [], []
        for angle in STEPS:
            c, s = np.cos(angle), np.sin(angle)
            about = turn_about(np.cross(up, ahead), angle) @ rotations
            axis, down = c * up + s * ahead, c * ahead - s * up
            at = place + up * (ABOVE + 2 * height * max(c, 0.0)) - (height * axis + lip * down)
            goals.append(at - about @ offset)
            turned.append(about)
        return np.array(goals), np.array(turned)

    def upright(self, side: str, plan: Plan, offset: np.ndarray, up: np.ndarray, now: np.ndarray) -> Path | None:
        """From `now` [7] rad to the nearest posture in which the vessel stands upright where it is, or a little higher;
        `offset` and `up` [3] as in `plan_pour`."""
        turn: Callable[[np.ndarray], np.ndarray] = mirror_arm if side == "right" else np.asarray
        flip: Callable[[np.ndarray], np.ndarray] = mirror_point if side == "right" else np.asarray
        tip, rotation = self.tip(side, now)
        straight = straightened(rotation, up)
        base = mirror_rotation(straight) if side == "right" else straight
        rotations = np.stack([turn_z(h) @ base for h in AROUND])
        centre = flip(tip + rotation @ offset) + np.array([0.0, 0.0, RAISED])
        goals = centre - rotations @ flip(offset)
        found, ok = solve(self.chain, self.limits, goals, rotations, np.tile(turn(now), (len(AROUND), 1)), pull=0.0)
        for posture in found[ok]:
            if self.touches(side, turn(posture), plan.grasp.closed() * 0.7, target=-1.0) <= 0:
                return Path(np.stack([now, turn(posture)]))
        return None

    def _follow(
        self, goals: np.ndarray, turned: np.ndarray, now: np.ndarray, starts: Sequence[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Where it begins, and postures [s - begin, 7] rad of the left arm through the goals [s, k, 3] m, [s, k, 3, 3]:
        through those until NEEDED, and farther where that is possible. First by `starts`, then in order of k."""
        count = goals.shape[1]
        begins = np.repeat(np.asarray(starts), 3 * count)
        which = np.tile(np.repeat(np.arange(count), 3), len(starts))
        before = np.tile(np.stack([now, SEEDS[0], SEEDS[3]]), (count * len(starts), 1))
        chains = np.zeros((len(which), 0, 7))
        for i in range(min(starts), len(goals)):
            at_work = begins <= i
            found, ok = before.copy(), ~at_work
            rest = SEEDS[0] if i in starts else None
            found[at_work], ok[at_work] = solve(
                self.chain, self.limits, goals[i][which[at_work]], turned[i][which[at_work]], before[at_work], rest=rest
            )
            ok &= (begins >= i) | (np.abs(found - before).max(1) < LARGEST)
            if i <= NEEDED:
                keep = ok
                which, begins, chains = which[keep], begins[keep], chains[keep]
                before = found[keep]
            else:
                before = np.where(ok[:, None], found, before)  # what cannot be turned farther stays
            if len(which) == 0:
                return
            chains = np.concatenate([chains, before[:, None]], 1)
        far = np.abs(chains[np.arange(len(chains)), begins - min(starts)] - now).max(1)
        for row in np.lexsort((far, which, begins)):
            yield int(begins[row]), chains[row, begins[row] - min(starts) :]

    def _clear(self, side: str, plan: Plan, now: np.ndarray, points: np.ndarray, needed: int) -> np.ndarray | None:
        """Those of the postures that the arm can take without touching anything; None when they are too few, or when
        the way from `now` to the first is not free."""
        hand = plan.grasp.closed() * 0.7
        if self.touches(side, between(now, points[0], 6), hand, target=-1.0) > 0:
            return None
        if self.touches(side, points[:needed], hand, target=-1.0) > 0:
            return None
        last = needed
        while last < len(points) and np.abs(points[last] - points[last - 1]).max() > 1e-6:
            if self.touches(side, points[last], hand, target=-1.0) > 0:
                break
            last += 1
        return points[:last]


def turn_about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation [3, 3] by an angle [rad] about a unit axis [3]."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k)
