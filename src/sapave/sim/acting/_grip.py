"""Plans for bars: how a hand gets behind the bar of a drawer or a door, and the joint path along which it moves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.base.mirror import mirror_arm, mirror_point
from sapave.sim.carrying import SEEDS, between
from sapave.sim.ik import solve
from sapave.sim.planning import Planner
from sapave.sim.skills import Path
from sapave.sim.turns import turn_x, turn_y, turn_z

if TYPE_CHECKING:
    from sapave.sim.units import Unit
    from sapave.sim.world import World

_FIST = np.array([1.35, 1.35, 1.35, 1.35, 0.45, 1.2])


@dataclass(frozen=True, kw_only=True)
class Mode:
    """How a hand moves a bar; everything in the left grasp frame."""

    bar: np.ndarray
    """[3] the bar's middle when the hand has got it [m]."""
    ready: np.ndarray
    """[6] hand on the way [rad]."""
    hold: np.ndarray
    """[6] hand that moves the bar [rad]."""
    wait: np.ndarray
    """[3] from where the hand has the bar to where it waits before [m]."""
    loose: float
    """Farther than this from its place the bar is lost [m]."""


HOOK = Mode(
    bar=np.array([0.0095, 0.017, 0.003]),
    ready=np.array([0.75, 0.75, 0.75, 0.75, 0.0, 0.3]),
    hold=_FIST,
    wait=np.array([0.0, 0.085, 0.0]),
    loose=0.03,
)
"""Half-curled fingers slip behind the bar from the palm's side and close on it; the thumb stays aside till then."""
PUSH_FROM_ABOVE = Mode(
    bar=np.array([0.032, 0.024, 0.003]), ready=_FIST, hold=_FIST, wait=np.array([0.0, 0.085, 0.0]), loose=0.028
)
PUSH_FROM_BEHIND = replace(PUSH_FROM_ABOVE, wait=np.array([-0.07, 0.0, 0.0]))
"""A fist before the bar."""
MODES = {
    "drawer": {True: (HOOK,), False: (PUSH_FROM_ABOVE, HOOK)},
    "cabinet": {True: (HOOK,), False: (PUSH_FROM_BEHIND, HOOK)},
}
"""What is tried, in this order, when a unit is (True) or is not (False) to be opened."""
CLEAR = 0.004
"""Hand and arm keep this far from everything on the way [m]."""
MAX_CHECKS = 40
"""Grips for which it is checked whether the hand fits."""
TRIES = 8
"""Grips without a way to them that end the search."""
STEPS = 10
"""Postures along the way of the bar."""
OVER = {"drawer": ((0.040, 0.165), (0.02, 0.16)), "cabinet": ((0.20, 1.70), (0.15, 1.6), (0.12, 1.5))}
"""How far the hand goes beyond closed, and up to where it opens [m or rad]; the bar stays a little behind the hand, so
the first that is within reach is taken."""
TRAVEL = {"drawer": 0.16, "cabinet": 1.75}
"""The travel for which OVER is written; another one moves its upper end [m or rad]."""
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
    mode: Mode
    grip: tuple[float, float, float, float]
    """The entry of GRIPS."""

    def value_at(self, arm: np.ndarray) -> float:
        """Where the unit's joint is when the gripping arm is at [7] rad."""
        segment, fraction, _ = self.work.locate(arm)
        return float(self.values[segment] + fraction * (self.values[segment + 1] - self.values[segment]))


class GripPlanner:
    """Searches grips in a world."""

    def __init__(self, world: World, unit: Unit, side: str = "") -> None:
        """`side`: the arm, `left` or `right`; by default the one on the unit's side."""
        self.world, self.unit = world, unit
        self.side = side or unit.hand
        self._mirror = 1 if self.side == "left" else -1
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
        kind = self.unit.articulation.kind
        longer = max(0.0, self.unit.articulation.travel - TRAVEL[kind])  # a shorter one stops by itself
        for mode in MODES[kind][opens]:
            for over, top in OVER[kind]:
                found = self._plan(mode, now, value, over if closes else -value, top + longer if opens else value)
                if found is not None:
                    return found
        return None

    def _plan(self, mode: Mode, now: np.ndarray, value: float, over: float, top: float) -> HandlePlan | None:
        """A grip at `value` with which the hand can move the bar from -over to `top`."""
        down = np.linspace(value, -over, STEPS) if value > -over else np.array([value])
        up = np.linspace(value, top, STEPS) if top > value else np.array([value])
        grips = GRIPS[self.unit.articulation.kind]
        chain, limits = self.base.chain, self.base.limits
        yaw = self.unit.yaw * self._mirror
        bend = self.unit.side * self._mirror if self.unit.articulation.upright else 0

        def rotations(which: np.ndarray, at: float) -> np.ndarray:
            return np.array(
                [turn_z(yaw + g[0] - bend * g[3] * at) @ turn_y(g[1]) @ turn_x(g[2]) for g in (grips[i] for i in which)]
            )

        k = 4
        which = np.repeat(np.arange(len(grips)), k)
        turned = rotations(which, value)
        held = self._bar(value) - turned @ mode.bar
        seeds = np.concatenate([self._turn(now)[None], SEEDS[: k - 1]])
        found, good = solve(chain, limits, held, turned, np.tile(seeds, (len(grips), 1)), rest=SEEDS[0])
        good &= ~_repeated(which, found, good)
        which, found, turned, held = which[good], found[good], turned[good], held[good]
        if len(which) == 0:
            return None
        waiting = held + turned @ mode.wait
        pre, ok = solve(chain, limits, waiting, turned, found, pull=0.0)
        ok &= np.abs(pre - found).max(1) < 0.9
        ways = {}
        for name, grid in (("down", down), ("up", up)):
            way, at = [found], found
            for v in grid[1:]:
                r = rotations(which, v)
                at, fine = solve(chain, limits, self._bar(v) - r @ mode.bar, r, at, pull=0.0, iterations=20)
                ok &= fine & (np.abs(at - way[-1]).max(1) < 0.6)
                way.append(at)
            ways[name] = np.stack(way, axis=1)
        # fingers at a slant to what is behind the bar do not fit between
        slant = np.array([abs(grips[i][0] + bend * value * (1 - grips[i][3])) for i in which])
        far = np.abs(found - self._turn(self.base.rest(self.side))).max(1)
        order = np.lexsort((far, which, np.maximum(slant - 0.35, 0.0)))
        tries = TRIES
        for i in order[ok[order]][:MAX_CHECKS]:
            if tries == 0:
                break
            before, end = self._turn(pre[i]), self._turn(found[i])
            if self._hits(between(before, end, 5), 0.0, mode.ready) > 0.003:
                continue
            tries -= 1
            way = self._way(now, pre[i], turned[i], waiting[i], mode)
            if way is None:
                continue
            postures = np.concatenate([ways["down"][i][::-1], ways["up"][i][1:]])
            values = np.concatenate([down[::-1], up[1:]])
            if len(postures) < 2:
                continue
            return HandlePlan(
                side=self.side, value=value, approach=Path(np.stack([*way, end])), work=Path(self._turn(postures)),
                values=values, mode=mode, grip=grips[which[i]],
            )  # fmt: skip
        return None

    def _way(
        self, now: np.ndarray, pre: np.ndarray, rotation: np.ndarray, waiting: np.ndarray, mode: Mode
    ) -> list[np.ndarray] | None:
        """Postures from `now` to where the hand waits before the bar, without touching the scene, or None."""
        before = self._turn(pre)
        back = -rotation[:, 0]
        shifts = (np.zeros(3), 0.08 * back, 0.08 * back + [0, 0, 0.08], np.array([0, 0, 0.12]), 0.06 * rotation[:, 1])
        rest = self.base.rest(self.side)
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
                if self._hits(between(first, through, 10), CLEAR, mode.ready) > 0:
                    continue
                if np.any(shift) and self._hits(between(through, before, 5), CLEAR, mode.ready) > 0:
                    continue
                return [now, *start, through, *([before] if np.any(shift) else [])]
        return None

    def _hits(self, arms: np.ndarray, clear: float, hand: np.ndarray) -> float:
        """How much closer than `clear` [m] the arm at postures [k, 7] rad, hand at [6] rad, comes to anything [m]."""
        model, data, mine = self.world.model, self._scratch, self.base.arm_geoms[self.side]
        data.qpos[:] = self.world.data.qpos
        data.qpos[self.base.hand_qpos[self.side]] = hand
        for joint, (leader, ratio) in self.world.robot.followers.items():
            if joint.startswith(self.side):
                data.joint(joint).qpos[0] = ratio * data.joint(leader).qpos[0]
        margin = model.geom_margin.copy()
        model.geom_margin[mine] = max(clear, 0.001)
        worst = 0.0
        try:
            for angles in np.atleast_2d(arms):
                data.qpos[self.base.arm_qpos[self.side]] = angles
                mujoco.mj_kinematics(model, data)
                mujoco.mj_collision(model, data)
                if data.ncon:
                    pairs = mine[data.contact.geom]
                    hit = pairs.any(1) & ~pairs.all(1)
                    worst = max(worst, float((clear - data.contact.dist)[hit].max(initial=0.0)))
        finally:
            model.geom_margin[:] = margin
        return worst


def _repeated(which: np.ndarray, found: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Mask [B] of the postures [B, 7] that are those of an earlier good start of the same grip (`which` [B])."""
    again = np.zeros(len(which), bool)
    for grip in np.unique(which[good]):
        mine = np.flatnonzero((which == grip) & good)
        for j, i in enumerate(mine):
            again[i] = any(np.abs(found[i] - found[k]).max() < 0.15 for k in mine[:j] if not again[k])
    return again
