"""Plans of the experts: which hand, which grasp, and joint paths that reach it without touching the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point, mirror_rotation
from sapave.sim.clearance import CLEARANCE, Clearance
from sapave.sim.ik import solve
from sapave.sim.skills import Grasp, Path
from sapave.sim.turns import lean_down, turn_z

if TYPE_CHECKING:
    pass

STANDOFF = 0.09
"""Length of the last straight stretch to the object [m]."""
LIFT = 0.12
"""How far a grasped object is raised [m]."""
BERTHS = (0.05, 0.025, CLEARANCE)
"""On the way to the pre-grasp posture they pass the target in the first of these distances that a way keeps [m]: who
imitates the way does not hit it to the centimetre. The pre-grasp posture itself is about the second of them away."""
RELEASE_HEIGHTS = (0.001, 0.008, 0.016)
"""A carried object is let go this far above the goal [m]: the lowest at which the hand clears the tray's rim."""
HEADINGS = np.array([-0.7, -0.55, -0.4, -0.85, -0.25, -1.0, -0.1, 0.1, -1.2, 0.3, -1.4, 0.5])
"""Headings of the fingers about z at the goal, the first feasible is taken [rad]: how a thing is put down follows from
where it goes, not from where it comes from (feasible in 28 of 28: the first, with the tray in the middle or beside the
target; in 27 of 28 the second, with the tray behind an occluder)."""
LEANS = (0.0, 0.15, 0.3)
"""How far an object may lean when it is put down [rad]; straight is tried first."""
MAX_CARRIES = 10
"""So many feasible grasps without a way to the goal end the search with this hand and group of grasps."""
NEAR = 0.15
"""An arm this close to the last stretch goes on there and does not begin at the pre-grasp posture again [rad]."""
BATCH = 14
"""Grasps whose kinematics are solved together."""
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


class Planner(Clearance):
    """Searches grasps and paths in a world."""

    headings = HEADINGS
    """[k] rad: how the fingers may point at the goal, the best first."""
    heights: tuple[float, ...] = RELEASE_HEIGHTS
    """From how high above the goal a thing is let go [m], the best first."""

    def plan(self, side: str, grasps: Sequence[Grasp], now: np.ndarray) -> tuple[Plan, CarryPlan | None] | None:
        """The first feasible of `grasps` for the world's target with this hand, and the way to the goal if there is
        one; `now` [7] rad is where the arm is. Posture and grasp follow from the object alone, only the way to them
        from the arm: an expert that plans again asks for the same thing again, so that a learner can know it."""
        extent = self.extent(mirror_point if side == "right" else _same)
        tries = MAX_CARRIES
        for start in range(0, len(grasps), BATCH):
            batch = grasps[start : start + BATCH]
            if self.spot is not None:
                batch = self._can_put(side, batch, extent)
            for plan in self._plans(side, batch, now, extent) if batch else ():
                if self.spot is None:
                    return plan, None
                _, rotation = self.tip(side, plan.lift.points[-1])
                carry = self.plan_carry(plan, plan.offset, self.righted(rotation), plan.lift.points[-1])
                if carry is not None:
                    return plan, carry
                tries -= 1
                if tries == 0:
                    return None
        return None

    def righted(self, rotation: np.ndarray) -> np.ndarray:
        """The hand's rotation [3, 3] at which the target stands as it should, when it is gripped with `rotation`."""
        return rotation

    def rise(self, side: str, now: np.ndarray) -> Path | None:
        """Straight up from the posture `now` [7] rad."""
        turn = mirror_arm if side == "right" else _same
        position, rotation = self.tip("left", turn(now))
        up = position + np.array([0.0, 0.0, LIFT])
        high, good = solve(self.chain, self.limits, up[None], rotation[None], turn(now)[None], pull=0.0)
        return Path(np.stack([now, turn(high[0])])) if good[0] else None

    def _can_put(self, side: str, grasps: Sequence[Grasp], extent: Callable[[np.ndarray], float]) -> list[Grasp]:
        """Those grasps with which the hand could also stand at the goal."""
        flip = mirror_point if side == "right" else _same
        centre = flip(self.world.position(self.world.target.name))
        assert self.spot is not None
        down = flip(self.spot) + np.array([0, 0, self.world.target.half_height])
        leans = LEANS if centre[2] > 1.0 else LEANS[:1]
        choices = [(heading, lean) for lean in leans for heading in (*HEADINGS[:5], *HEADINGS[5::2])]
        rotations = np.array([turn_z(h - g.yaw) @ lean_down(g.rotation(), lean) for g in grasps for h, lean in choices])
        offsets = np.array([g.rotation().T @ (centre - g.position(centre, extent)) for g in grasps])
        positions = down - (rotations @ np.repeat(offsets, len(choices), 0)[..., None])[..., 0]
        reached = np.zeros(len(positions), bool)
        for seed in SEEDS[:3]:
            # one way to stand there is enough: of a grasp that has one, the other turns are not tried
            left = np.flatnonzero(~np.repeat(reached.reshape(len(grasps), -1).max(1), len(choices)))
            seeds = np.tile(seed, (len(left), 1))
            reached[left] = solve(self.chain, self.limits, positions[left], rotations[left], seeds, iterations=20)[1]
        return [g for g, ok in zip(grasps, reached.reshape(len(grasps), -1).max(1), strict=True) if ok]

    def _plans(
        self, side: str, grasps: Sequence[Grasp], now: np.ndarray, extent: Callable[[np.ndarray], float]
    ) -> Iterator[Plan]:
        flip = mirror_point if side == "right" else _same
        turn = mirror_arm if side == "right" else _same
        real = self.world.position(self.world.target.name)
        centre = flip(real)
        positions = np.array([g.position(centre, extent) for g in grasps])
        rotations = np.array([g.rotation() for g in grasps])
        pre = positions - STANDOFF * np.array([g.direction() for g in grasps])
        k = len(SEEDS)
        found, good = solve(
            self.chain,
            self.limits,
            np.repeat(pre, k, 0),
            np.repeat(rotations, k, 0),
            np.tile(SEEDS, (len(grasps), 1)),
            rest=SEEDS[0],
        )
        which = np.repeat(np.arange(len(grasps)), k)[good]
        if len(which) == 0:
            return
        before = found[good]
        at, ok1 = solve(self.chain, self.limits, positions[which], rotations[which], before, pull=0.0)
        lifted, ok2 = self._lifted([grasps[i] for i in which], positions[which], rotations[which], at)
        smooth = np.abs(at - before).max(1) < 0.9
        order = np.lexsort((np.abs(before - turn(self.rest(side))).max(1), which))
        given: set[int] = set()
        for i in order[(ok1 & ok2 & smooth)[order]]:
            number = int(which[i])
            if number in given:
                continue
            grasp = grasps[number]
            end, goal, high = turn(before[i]), turn(at[i]), turn(lifted[i])
            hand = grasp.opened()
            if self.touches(side, end, hand) > 0:
                continue
            if self.touches(side, between(end, goal, 3)[::-1], hand, target=-0.004, scene=0.0) > 0:
                continue
            if self.spot is not None and self.touches(side, goal, grasp.released(), target=-0.004, scene=-1.0) > 0:
                continue
            if self.touches(side, high, grasp.closed() * 0.6, target=-1.0, scene=0.0) > 0:
                continue
            there = Path(np.stack([end, goal])).locate(now)[2] < NEAR
            via = [] if there else self._way(side, turn, before[i], pre[which[i]], rotations[which[i]], grasp, now)
            if via is None:
                continue
            given.add(number)
            tip, rotation = self.tip(side, goal)
            yield Plan(
                side=side,
                centre=real,
                grasp=grasp,
                approach=Path(np.stack([*via, end, goal])),
                lift=Path(np.concatenate([goal[None], high])),
                offset=rotation.T @ (real - tip),
            )

    def _lifted(
        self, grasps: Sequence[Grasp], positions: np.ndarray, rotations: np.ndarray, at: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How the thing gets clear of what it stands on, from the grasps at postures `at` [B, 7] rad: postures
        [B, m, 7] after that, and which of them there are [B]."""
        up = positions + np.array([0.0, 0.0, LIFT])
        lifted, good = solve(self.chain, self.limits, up, rotations, at, pull=0.0)
        return lifted[:, None], good & (np.abs(lifted - at).max(1) < 1.0)

    def _way(self, side, turn, before, pre, rotation, grasp, now) -> list[np.ndarray] | None:
        """`_via` with the widest berth for which there is one."""
        for berth in BERTHS:
            way = self._via(side, turn, before, pre, rotation, grasp, now, berth)
            if way is not None:
                return way
        return None

    def _via(self, side, turn, before, pre, rotation, grasp, now, berth) -> list[np.ndarray] | None:
        """Postures to pass between `now` and the pre-grasp posture, or None when every way comes nearer to the target
        than `berth` [m] or touches something else."""
        end = turn(before)
        for shift in self._shifts(grasp):
            via, ok = solve(self.chain, self.limits, (pre + shift)[None], rotation[None], before[None], rest=SEEDS[0])
            if not ok[0] or np.abs(via[0] - before).max() > 1.0:
                continue
            point = turn(via[0])
            if self.touches(side, between(point, end, 6), grasp.opened(), target=min(berth, BERTHS[1])) > 0:
                continue
            if self.touches(side, between(now, point, 10), grasp.opened(), target=berth) <= 0:
                return [point]
        if self.touches(side, between(now, end, 10), grasp.opened(), target=berth) <= 0:
            return []
        rest = self.rest(side)
        if np.abs(rest - now).max() < 0.05:
            return None
        through = self._via(side, turn, before, pre, rotation, grasp, rest, berth)
        return None if through is None else [rest, *through]

    def _shifts(self, grasp: Grasp) -> tuple[np.ndarray, ...]:
        """Where to pass before the pre-grasp posture, from there [3] m in the left-handed world, the best first."""
        back, up = -grasp.direction(), np.array([0, 0, 1.0])
        return 0.07 * back + 0.08 * up, 0.08 * up, 0.07 * back, 0.15 * up, 0.14 * back, 0.14 * back + 0.1 * up

    def plan_carry(
        self, plan: Plan, offset: np.ndarray, upright: np.ndarray, now: np.ndarray, *, up: np.ndarray = NOMINAL
    ) -> CarryPlan | None:
        """From the arm's posture `now` [7] rad to the world's goal, with the object at `offset` [3] m in the hand and
        standing straight when the hand is turned as `upright` [3, 3]."""
        base = upright if plan.side == "left" else mirror_rotation(upright)
        now_heading = float(np.arctan2(base[1, 0], base[0, 0]))
        for lean in LEANS:
            turned = [turn_z(heading - now_heading) @ lean_down(base, lean) for heading in self.headings]
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
        flip = mirror_point if side == "right" else _same
        turn = mirror_arm if side == "right" else _same
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
            if self.touches(side, between(now, above, 6), closed, target=-1.0) > 0:
                continue
            if self.touches(side, between(above, lowered, 2), closed, target=-1.0, scene=0.0) > 0.002:
                continue
            if self.touches(side, np.stack([drawn, raised]), hand, target=-1.0, scene=0.0) > 0.002:
                continue
            return CarryPlan(
                offset=offset,
                up=NOMINAL,
                carry=Path(np.stack([now, above, lowered])),
                retreat=Path(np.stack([lowered, drawn, raised])),
            )
        return None


def _same(value: np.ndarray) -> np.ndarray:
    return value


def between(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """n postures after `a` up to `b` inclusive [n, 7]."""
    t = np.arange(1, n + 1)[:, None] / n
    return (1 - t) * a + t * b
