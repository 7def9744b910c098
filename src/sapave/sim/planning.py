"""Plans of the experts: which hand, which grasp, and joint paths that reach it without touching the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point
from sapave.sim.carrying import HEADINGS, LEANS, SEEDS, Carrier, CarryPlan, Plan, between, same
from sapave.sim.clearance import CLEARANCE
from sapave.sim.ik import solve
from sapave.sim.skills import CORRIDOR, Grasp, Path
from sapave.sim.turns import lean_down, turn_z

STANDOFF = 0.09
"""Length of the last straight stretch to the object [m]."""
LIFT = 0.12
"""How far a grasped object is raised [m]."""
BERTHS = (0.05, 0.025, CLEARANCE)
"""On the way to the pre-grasp posture they pass the target in the first of these distances that a way keeps [m]: who
imitates the way does not hit it to the centimetre. The pre-grasp posture itself is about the second of them away."""
MAX_CARRIES = 10
"""So many feasible grasps without a way to the goal end the search with this hand and group of grasps."""
NEAR = 0.15
"""An arm this close to the last stretch goes on there and does not begin at the pre-grasp posture again [rad]."""
CAUGHT = 0.002
"""A thumb that closes deeper than this into a handle is caught in it [m]."""
PACE = 0.75
"""Speed of the way to the target, as a share of the arm's limit: a learner acts blindly for 8 ticks at a time."""
MAX_TICKS = 60
"""Longest way to a path that is looked at."""
BATCH = 14
"""Grasps whose kinematics are solved together."""


class Planner(Carrier):
    """Searches grasps and paths in a world."""

    def plan(self, side: str, grasps: Sequence[Grasp], now: np.ndarray) -> tuple[Plan, CarryPlan | None] | None:
        """The first feasible of `grasps` for the world's target with this hand, and the way to the goal if there is
        one; `now` [7] rad is where the arm is. Posture and grasp follow from the object alone, only the way to them
        from the arm: an expert that plans again asks for the same thing again, so that a learner can know it."""
        extent = self.extent(mirror_point if side == "right" else same)
        tries = MAX_CARRIES
        for start in range(0, len(grasps), BATCH):
            batch = grasps[start : start + BATCH]
            if self.spot is not None:
                batch = self._can_put(side, batch, extent)
            for plan in self._plans(side, batch, now, extent) if batch else ():
                plan = replace(plan, approach=self._kept(side, plan.approach, now, plan.grasp.opened()))
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
        turn = mirror_arm if side == "right" else same
        position, rotation = self.tip("left", turn(now))
        up = position + np.array([0.0, 0.0, LIFT])
        high, good = solve(self.chain, self.limits, up[None], rotation[None], turn(now)[None], pull=0.0)
        return Path(np.stack([now, turn(high[0])])) if good[0] else None

    def _can_put(self, side: str, grasps: Sequence[Grasp], extent: Callable[[np.ndarray], float]) -> list[Grasp]:
        """Those grasps with which the hand could also stand at the goal."""
        flip = mirror_point if side == "right" else same
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
        flip = mirror_point if side == "right" else same
        turn = mirror_arm if side == "right" else same
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
            if self.spot is not None and not self.thorough and self._catches(side, goal, grasp):
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

    def _catches(self, side: str, goal: np.ndarray, grasp: Grasp) -> bool:
        """Would the closing thumb get into a handle, out of which the open hand pulls the thing over?"""
        if len(self.handles) == 0:
            return False
        finger, thumb = grasp.close
        bent = [np.array([0.3 * finger] * 4 + [t * thumb, grasp.closed()[5]]) for t in (0.2, 0.6, 1.0)]
        return any(self.thumb_in_handle(side, goal, hand) > CAUGHT for hand in bent)

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

    def _kept(self, side: str, path: Path, now: np.ndarray, hand: np.ndarray) -> Path:
        """The path, which an arm joins where it is nearest; from `now` on where that cuts a corner and touches."""
        arm, arms = now, []
        for _ in range(MAX_TICKS):
            segment, _, away = path.locate(arm)
            if segment == len(path.points) - 2 and away <= CORRIDOR:
                break
            arm = arm + path.next_step(arm, PACE * float(self.robot.other_step[0]))
            arms.append(arm)
        if not arms or self.touches(side, np.stack(arms[::2]), hand, scene=0.0) <= 0:
            return path
        return Path(np.concatenate([now[None], path.points]))

    def _shifts(self, grasp: Grasp) -> tuple[np.ndarray, ...]:
        """Where to pass before the pre-grasp posture, from there [3] m in the left-handed world, the best first."""
        back, up = -grasp.direction(), np.array([0, 0, 1.0])
        return 0.07 * back + 0.08 * up, 0.08 * up, 0.07 * back, 0.15 * up, 0.14 * back, 0.14 * back + 0.1 * up
