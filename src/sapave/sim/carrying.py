"""How a hand that holds a thing gets it to where it should go: the second half of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point, mirror_rotation
from sapave.sim.clearance import Clearance
from sapave.sim.ik import solve
from sapave.sim.skills import Grasp, Path
from sapave.sim.turns import lean_down, turn_z

HEADINGS = np.array([-0.7, -0.55, -0.4, -0.85, -0.25, -1.0, -0.1, 0.1, -1.2, 0.3, -1.4, 0.5])
"""Headings of the fingers about z at the goal, the first feasible is taken [rad]: how a thing is put down follows from
where it goes, not from where it comes from (feasible in 28 of 28: the first, with the tray in the middle or beside the
target; in 27 of 28 the second, with the tray behind an occluder)."""
MORE_HEADINGS = np.array([-1.7, -2.0, -2.3, 0.8, 1.1, 1.4])
"""More of them, for when something stands close to the goal."""
LEANS = (0.0, 0.15, 0.3)
"""How far an object may lean when it is put down [rad]; straight is tried first."""
RELEASE_HEIGHTS = (0.001, 0.008, 0.016)
"""A carried object is let go this far above the goal [m]: the lowest at which the hand clears the tray's rim."""
OVER = tuple(np.array(s) for s in ((0, 0, 0.07), (-0.06, 0, 0.07), (-0.1, 0, 0), (-0.06, 0.06, 0.07), (-0.12, 0.08, 0)))
"""From above the goal to where a hand passes that cannot go there straight, in the left-handed world [m]."""
GRAZE = 0.01
"""What is carried stays so far above the height of the goal on its way there [m]."""
SEEDS = np.array(
    [
        [0.56, 0.50, 0.88, -0.32, -0.77, 0.25, -0.87],
        [0.0, 0.6, 0.2, 0.3, -0.3, 0.3, -0.2],
        [-0.6, 0.3, -0.3, 0.5, 0.4, 0.2, 0.2],
        [0.2, 0.9, 0.9, 0.0, -1.0, 0.8, -0.6],
        [-0.9, 0.5, 0.3, 0.8, -0.6, -0.2, 0.3],
        [0.6, 0.3, 0.3, -0.5, -0.3, 0.2, -0.8],
    ]
)
"""Starting postures of the left arm for the inverse kinematics [rad]."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How one hand gets one object; joint angles are those of the arm named by `side`."""

    side: str
    centre: np.ndarray
    """[3] object centre when planned [m]."""
    grasp: Grasp
    approach: Path
    """Via, pre-grasp, grasp."""
    lift: Path
    """Grasp, lifted."""
    offset: np.ndarray
    """[3] object centre in the hand's frame at the grasp [m]."""


NOMINAL = np.zeros(3)


@dataclass(frozen=True, kw_only=True)
class CarryPlan:
    """How a held object gets to a place."""

    offset: np.ndarray
    """[3] object centre in the hand's frame when planned [m]."""
    up: np.ndarray
    """[3] the object's own upward axis in the hand's frame when planned; NOMINAL before the grasp."""
    carry: Path
    """From where it was planned (before the grasp: lifted) to above the goal and down to it."""
    retreat: Path
    """Lowered, hand drawn back, raised."""


class Carrier(Clearance):
    """Searches ways for a held thing in a world."""

    headings = HEADINGS
    """[k] rad: how the fingers may point at the goal, the best first."""
    heights: tuple[float, ...] = RELEASE_HEIGHTS
    """From how high above the goal a thing is let go [m], the best first."""
    thorough = False
    """Also look for roundabout ways to the goal, and take a handle between thumb and fingers: when nothing else is
    left."""

    def plan_carry(
        self, plan: Plan, offset: np.ndarray, upright: np.ndarray, now: np.ndarray, *, up: np.ndarray = NOMINAL
    ) -> CarryPlan | None:
        """From the arm's posture `now` [7] rad to the world's goal, with the object at `offset` [3] m in the hand and
        standing straight when the hand is turned as `upright` [3, 3]."""
        base = upright if plan.side == "left" else mirror_rotation(upright)
        now_heading = float(np.arctan2(base[1, 0], base[0, 0]))
        for lean in LEANS:
            headings = np.concatenate([self.headings, MORE_HEADINGS]) if self.thorough else self.headings
            turned = [turn_z(heading - now_heading) @ lean_down(base, lean) for heading in headings]
            carry = self._carry_with(plan, offset, np.stack(turned), lean, now)
            if carry is not None:
                return replace(carry, up=up)
        return None

    def _carry_with(
        self, plan: Plan, offset: np.ndarray, turned: np.ndarray, lean: float, now: np.ndarray
    ) -> CarryPlan | None:
        """How to put the object down with the first feasible of the hand's rotations `turned` [k, 3, 3] (of the left
        hand), from the lowest feasible height."""
        side, world = plan.side, self.world
        flip = mirror_point if side == "right" else same
        turn = mirror_arm if side == "right" else same
        rotations = np.repeat(turned, len(self.heights), 0)
        heights = np.tile(self.heights, len(turned))
        start = turn(plan.lift.points[-1])  # not `now`: see `plan`
        assert self.spot is not None
        down = flip(self.spot) - rotations @ flip(offset)
        down[:, 2] += world.target.half_height * np.cos(lean) + world.target.radius * np.sin(lean) + heights
        free = down + rotations @ np.array([-np.cos(0.3), np.sin(0.3), 0.0]) * 0.07 + [0, 0, 0.003]
        stages = []
        before = np.tile(start, (len(rotations), 1))
        left = np.arange(len(rotations))
        for goals, reach in ((down + [0, 0, 0.09], 3.0), (down, 0.9), (free, 0.9), (free + [0, 0, 0.1], 1.1)):
            found, ok = solve(
                self.chain, self.limits, goals[left], rotations[left], before, rest=SEEDS[0] if not stages else None
            )
            ok &= np.abs(found - before).max(1) < reach
            left, before, stages = left[ok], found[ok], [s[ok] for s in stages] + [found[ok]]
            if len(left) == 0:
                return None
        closed, hand = plan.grasp.closed() * 0.7, plan.grasp.released()
        for i in range(len(left)):
            above, lowered, drawn, raised = (turn(s[i]) for s in stages)
            over = self._over(side, now, above, closed, offset)
            if over is None:
                continue
            if self.touches(side, between(above, lowered, 2), closed, target=-1.0, scene=0.0) > 0.002:
                continue
            if self.touches(side, np.stack([drawn, raised]), hand, target=-1.0, scene=0.0) > 0.002:
                continue
            return CarryPlan(
                offset=offset,
                up=NOMINAL,
                carry=Path(np.stack([now, *over, above, lowered])),
                retreat=Path(np.stack([lowered, drawn, raised])),
            )
        return None

    def _over(
        self, side: str, now: np.ndarray, above: np.ndarray, closed: np.ndarray, offset: np.ndarray
    ) -> list[np.ndarray] | None:
        """Postures between `now` and `above` the goal [7] rad: none where the hand can go straight; a higher one where
        the thing at `offset` [3] m in it would graze the worktop, or if thorough; None when there is no way."""
        straight = self.touches(side, between(now, above, 6), closed, target=-1.0) <= 0
        if straight and not self._dips(side, now, above, offset):
            return []
        if not (straight or self.thorough) or self.touches(side, above, closed, target=-1.0) > 0:
            return None
        turn = mirror_arm if side == "right" else same
        position, rotation = self.tip("left", turn(above))
        for shift in OVER:
            found, ok = solve(self.chain, self.limits, (position + shift)[None], rotation[None], turn(above)[None])
            high = turn(found[0])
            if not ok[0] or self._dips(side, now, high, offset):
                continue
            if self.touches(side, between(now, high, 8), closed, target=-1.0) <= 0:
                if self.touches(side, between(high, above, 5), closed, target=-1.0) <= 0:
                    return [high]
        return [] if straight and self.thorough else None

    def _dips(self, side: str, now: np.ndarray, then: np.ndarray, offset: np.ndarray) -> bool:
        """Would a thing at `offset` [3] m in the hand come down to the goal's height between two postures [7] rad?"""
        assert self.spot is not None
        tips = (self.tip(side, angles) for angles in (now, *between(now, then, 8)[:-1]))
        heights = [float((position + rotation @ offset)[2]) for position, rotation in tips]
        return min(heights) < min(self.spot[2] + self.world.target.half_height + GRAZE, heights[0] - GRAZE)


def same(value: np.ndarray) -> np.ndarray:
    return value


def between(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """n postures after `a` up to `b` inclusive [n, 7]."""
    t = np.arange(1, n + 1)[:, None] / n
    return (1 - t) * a + t * b
