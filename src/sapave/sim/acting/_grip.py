"""Plans for bars: how a hand gets behind the bar of a drawer or a door, and the joint path along which it moves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point
from sapave.sim.ik import solve
from sapave.sim.planning import _SEEDS, Planner, _between
from sapave.sim.skills import Path
from sapave.sim.turns import turn_x, turn_y, turn_z

if TYPE_CHECKING:
    from sapave.sim.units import Unit
    from sapave.sim.world import World

BAR_IN_HAND = np.array([0.0095, 0.017, 0.003])
"""[3] the bar's middle in the left grasp frame when the fingers close on it [m]."""
OPEN_HAND = np.array([0.75, 0.75, 0.75, 0.75, 0.0, 0.3])
"""Half-curled fingers slip behind the bar; the thumb stays aside [rad]."""
SHUT_HAND = np.array([1.35, 1.35, 1.35, 1.35, 0.0, 0.3])
BACK_OFF = 0.085
"""The hand waits this far from the bar, on the palm's side, before it slips behind it [m]."""
CLEAR = 0.004
"""Hand and arm keep this far from everything on the way [m]."""
STEPS = 10
"""Postures along the way of the bar."""
OVER = {"drawer": ((0.040, 0.165), (0.02, 0.16)), "cabinet": ((0.20, 1.70), (0.15, 1.6), (0.12, 1.5))}
"""How far the hand goes beyond closed, and up to where it opens [m or rad]; the bar stays a little behind the hand, so
the first that is within reach is taken."""
# offsets of the hand's yaw from the heading, pitch, roll, and how much of a door's turn the hand follows; in the order
# of liking
GRIPS = {
    "drawer": [(y, p, r, 0.0) for r in (1.57, 1.4) for p in (0.0, -0.12, 0.12) for y in (0.0, -0.15, 0.15, -0.3, 0.3)],
    "cabinet": [
        (y, p, r, f) for f in (0.0, 0.3, 0.6) for r in (0.0, 0.3) for p in (0.1, -0.2, 0.35)
        for y in (-0.2, 0.0, -0.4, 0.2, -0.65, -0.9)
    ],
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HandlePlan:
    """How one hand gets hold of a bar and moves it; joint angles are those of the arm named by `side`."""

    side: str
    value: float
    """The unit's joint when planned [m or rad]."""
    approach: Path
    """From where the arm was to behind the bar."""
    work: Path
    """The gripped bar's way, from closed to open."""
    values: np.ndarray
    """[n] joint of the unit at each posture of `work`."""
    grip: tuple[float, float, float, float] = field(default=(0.0, 0.0, 0.0, 0.0))

    def value_at(self, arm: np.ndarray) -> float:
        """Where the unit's joint is when the gripping arm is at [7] rad."""
        segment, fraction, _ = self.work.locate(arm)
        return float(self.values[segment] + fraction * (self.values[segment + 1] - self.values[segment]))


class GripPlanner:
    """Searches grips in a world."""

    def __init__(self, world: World, unit: Unit) -> None:
        self.world, self.unit = world, unit
        self.side = "left" if unit.side > 0 else "right"
        self.base = Planner(world)
        self._right = self.side == "right"
        self._scratch = mujoco.MjData(world.model)

    def _turn(self, angles: np.ndarray) -> np.ndarray:
        return mirror_arm(angles) if self._right else angles

    def _bar(self, value: float) -> np.ndarray:
        """[3] the bar in the left-handed world [m]; past the joint's range the way goes on."""
        at = self.unit.handle(value)[0]
        return mirror_point(at) if self._right else at

    def plan(self, now: np.ndarray, value: float, opens: bool, closes: bool) -> HandlePlan | None:
        """The best feasible grip with the arm at `now` [7] rad and the unit's joint at `value`, for the part of the
        bar's way that the task needs; None when there is none."""
        for over, top in OVER[self.unit.articulation.kind]:
            found = self._plan(now, value, over if closes else -value, top if opens else value)
            if found is not None:
                return found
        return None

    def _plan(self, now: np.ndarray, value: float, over: float, top: float) -> HandlePlan | None:
        """A grip at `value` with which the hand can move the bar from -over to `top`."""
        down = np.linspace(value, -over, STEPS) if value > -over else np.array([value])
        up = np.linspace(value, top, STEPS) if top > value else np.array([value])
        grips = GRIPS[self.unit.articulation.kind]
        chain, limits = self.base.chain, self.base.limits
        yaw = self.unit.yaw * self.unit.side
        bend = 1.0 if self.unit.articulation.upright else 0.0

        def rotations(which: np.ndarray, at: float) -> np.ndarray:
            return np.array(
                [turn_z(yaw + g[0] - bend * g[3] * at) @ turn_y(g[1]) @ turn_x(g[2]) for g in (grips[i] for i in which)]
            )

        k = 4
        which = np.repeat(np.arange(len(grips)), k)
        turned = rotations(which, value)
        held = self._bar(value) - turned @ BAR_IN_HAND
        seeds = np.concatenate([self._turn(now)[None], _SEEDS[: k - 1]])
        found, good = solve(chain, limits, held, turned, np.tile(seeds, (len(grips), 1)), rest=_SEEDS[0])
        which, found, turned, held = which[good], found[good], turned[good], held[good]
        if len(which) == 0:
            return None
        waiting = held + BACK_OFF * turned[..., 1]
        pre, ok = solve(chain, limits, waiting, turned, found, pull=0.0)
        ok &= np.abs(pre - found).max(1) < 0.9
        ways = {}
        for name, grid in (("down", down), ("up", up)):
            way, at = [found], found
            for v in grid[1:]:
                r = rotations(which, v)
                at, fine = solve(chain, limits, self._bar(v) - r @ BAR_IN_HAND, r, at, pull=0.0, iterations=20)
                ok &= fine & (np.abs(at - way[-1]).max(1) < 0.6)
                way.append(at)
            ways[name] = np.stack(way, axis=1)
        order = np.lexsort((np.abs(found - self._turn(self.base._rest(self.side))).max(1), which))
        tries = 14
        for i in order[ok[order]]:
            if tries == 0:
                break
            tries -= 1
            way = self._way(now, pre[i], found[i], turned[i], waiting[i])
            if way is None:
                continue
            postures = np.concatenate([ways["down"][i][::-1], ways["up"][i][1:]])
            values = np.concatenate([down[::-1], up[1:]])
            if len(postures) < 2:
                continue
            return HandlePlan(
                side=self.side, value=value, approach=Path(np.stack(way)), work=Path(self._turn(postures)),
                values=values, grip=grips[which[i]],
            )  # fmt: skip
        return None

    def _way(
        self, now: np.ndarray, pre: np.ndarray, at: np.ndarray, rotation: np.ndarray, waiting: np.ndarray
    ) -> list[np.ndarray] | None:
        """Postures from `now` to behind the bar without touching the scene, or None."""
        before, end = self._turn(pre), self._turn(at)
        if self._hits(_between(before, end, 5), 0.0) > 0.003:
            return None
        back = -rotation[:, 0]
        shifts = (np.zeros(3), 0.08 * back, 0.08 * back + [0, 0, 0.08], np.array([0, 0, 0.12]), 0.06 * rotation[:, 1])
        rest = self.base._rest(self.side)
        for start in ([], [rest]) if np.abs(rest - now).max() > 0.05 else ([],):
            first = start[0] if start else now
            for shift in shifts:
                via = pre
                if np.any(shift):
                    goal, turned = (waiting + shift)[None], rotation[None]
                    solved, ok = solve(self.base.chain, self.base.limits, goal, turned, pre[None], pull=0.0)
                    if not ok[0] or np.abs(solved[0] - pre).max() > 1.0:
                        continue
                    via = solved[0]
                through = self._turn(via)
                if self._hits(_between(first, through, 10), CLEAR) > 0:
                    continue
                if np.any(shift) and self._hits(_between(through, before, 5), CLEAR) > 0:
                    continue
                return [now, *start, through, *([before] if np.any(shift) else []), end]
        return None

    def _hits(self, arms: np.ndarray, clear: float) -> float:
        """How much closer than `clear` [m] the arm at postures [k, 7] rad, its hand open, comes to anything [m]."""
        model, data, mine = self.world.model, self._scratch, self.base._arm_geoms[self.side]
        data.qpos[:] = self.world.data.qpos
        data.qpos[self.base._hand_qpos[self.side]] = OPEN_HAND
        for joint, (leader, ratio) in self.world.robot.followers.items():
            if joint.startswith(self.side):
                data.joint(joint).qpos[0] = ratio * data.joint(leader).qpos[0]
        margin = model.geom_margin.copy()
        model.geom_margin[mine] = max(clear, 0.001)
        worst = 0.0
        try:
            for angles in np.atleast_2d(arms):
                data.qpos[self.base._arm_qpos[self.side]] = angles
                mujoco.mj_kinematics(model, data)
                mujoco.mj_collision(model, data)
                if data.ncon:
                    pairs = mine[data.contact.geom]
                    hit = pairs.any(1) & ~pairs.all(1)
                    worst = max(worst, float((clear - data.contact.dist)[hit].max(initial=0.0)))
        finally:
            model.geom_margin[:] = margin
        return worst
