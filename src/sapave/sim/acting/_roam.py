"""A way for an arm out of a corner: two trees of random postures that grow toward each other, then cut short."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sapave.base import seeds
from sapave.sim.acting._grip import CLEAR, GripPlanner, Mode
from sapave.sim.carrying import between
from sapave.sim.ik import solve

STEP = 0.4
"""Longest branch, in its largest joint [rad]."""
FINE = 0.06
"""Postures along a branch are looked at this far apart [rad]."""
BRANCHES = 500
"""So many random postures are tried."""
CUTS = 60
"""So many attempts to cut the way short."""
BERTHS = (0.018, CLEAR)
"""The ways keep the first of these distances for which there is one [m]: the arm lags behind its targets."""
ASIDE = ((-0.02, -0.05, 0.0), (-0.03, -0.08, 0.0), (-0.04, -0.05, 0.04), (-0.02, -0.10, 0.04), (-0.05, -0.08, -0.03))
"""Where else the left hand may go to rest, from its rest posture [m]."""
LEAVING = 0.25
"""So near to its start a way may come as near to things as the start itself [rad]."""
SAME = 1e-3
"""Postures and joints this near to each other are the same [rad or m]."""
VAIN = 60
"""So many searches in vain (half a second each) and a planner searches no more: the episode is lost, not the hour."""
AROUND = 1.0
"""Random postures reach this far beyond start and goal [rad]."""


def roam(
    hits: Callable[[np.ndarray], float], limits: np.ndarray, start: np.ndarray, goal: np.ndarray, g: np.random.Generator
) -> np.ndarray | None:
    """Postures [n, 7] rad from `start` to `goal`, both included, or None when none was found.

    hits: postures [k, 7] -> how much too near the arm comes to anything [m]; up to 0 is free. limits [7, 2] rad.
    """

    def free(a: np.ndarray, b: np.ndarray) -> bool:
        n = max(1, int(np.ceil(np.abs(b - a).max() / FINE)))
        return hits(a + np.arange(1, n + 1)[:, None] / n * (b - a)) <= 0

    if free(start, goal):
        return np.stack([start, goal])
    if hits(goal[None]) > 0:
        return None
    low = np.maximum(limits[:, 0], np.minimum(start, goal) - AROUND)
    high = np.minimum(limits[:, 1], np.maximum(start, goal) + AROUND)
    trees: list[list[tuple[np.ndarray, int]]] = [[(start, -1)], [(goal, -1)]]
    for number in range(BRANCHES):
        here, there = trees[number % 2], trees[1 - number % 2]
        if not _grow(here, g.uniform(low, high), free):
            continue
        new = here[-1][0]
        while _grow(there, new, free):
            if np.abs(there[-1][0] - new).max() < 1e-9:
                ways = [_branch(trees[0], len(trees[0]) - 1)[::-1], _branch(trees[1], len(trees[1]) - 1)[1:]]
                return _cut(np.array(ways[0] + ways[1]), free, g)
    return None


def roam_wide(
    hits: Callable[[np.ndarray, float], float],
    limits: np.ndarray,
    start: np.ndarray,
    goal: np.ndarray,
    g: np.random.Generator,
) -> np.ndarray | None:
    """As `roam`, with the widest berth for which there is a way; what is too near at the start may be so for the first
    bit of the way. hits: (postures [k, 7] rad, clearance [m]) -> how much nearer than that the arm comes [m]."""
    for clear in BERTHS:
        least = hits(start[None], clear) + 0.0005

        def free(arms: np.ndarray, clear: float = clear, least: float = least) -> float:
            near = np.abs(arms - start).max(1) < LEAVING
            worst = hits(arms[~near], clear) if (~near).any() else 0.0
            return max(worst, hits(arms[near], clear) - max(least, 0.0)) if near.any() else worst

        way = roam(free, limits, start, goal, g)
        if way is not None:
            return way
    return None


class RoundPlanner(GripPlanner):
    """Plans for bars, also where the way to them leads round a door."""

    _vain: np.ndarray | None = None
    """Start, goal, and joint of the unit of the last search that found no way: it is not made again."""
    _left = VAIN

    def _way(
        self, now: np.ndarray, pre: np.ndarray, rotation: np.ndarray, waiting: np.ndarray, mode: Mode
    ) -> list[np.ndarray] | None:
        way = super()._way(now, pre, rotation, waiting, mode)
        if way is not None and self.free(np.stack(way), mode.ready):
            return way
        found = self.roam(now, self._turn(pre), mode.ready)
        return None if found is None else list(found)

    def free(self, way: np.ndarray, hand: np.ndarray) -> bool:
        """Does the arm with the fingers at `hand` [6] rad touch nothing along a way [n, 7] rad?"""
        return all(self._hits(between(a, b, 10), 0.0, hand) <= 0 for a, b in zip(way[:-1], way[1:], strict=True))

    def home(self, hand: np.ndarray) -> np.ndarray:
        """[7] rest posture, or one beside it with more room around it [rad]."""
        rest = self.base.rest(self.side)
        position, rotation = self.base.tip("left", self._turn(rest))
        goals = position + np.array(ASIDE)
        seeds_ = np.tile(self._turn(rest), (len(goals), 1))
        found, good = solve(self.base.chain, self.base.limits, goals, np.tile(rotation, (len(goals), 1, 1)), seeds_)
        homes = [rest, *(self._turn(at) for at in found[good])]
        return next((at for at in homes if self._hits(at[None], BERTHS[0], hand) <= 0), rest)

    def roam(self, now: np.ndarray, goal: np.ndarray, hand: np.ndarray) -> np.ndarray | None:
        """Postures [n, 7] rad from `now` to `goal` with the fingers at `hand` [6] rad, or None."""
        state = np.array([*now, *goal, self.world.joint(self.unit.name)[0]])
        if not self._left or (self._vain is not None and np.abs(state - self._vain).max() < SAME):
            return None
        limits = self.world.robot.other_limits[slice(0, 7) if self.side == "left" else slice(7, 14)]
        g = seeds.rng(self.world.spec.seed, "roam", self.side)
        way = roam_wide(lambda arms, clear: self._hits(arms, clear, hand), limits, now, goal, g)
        self._vain = state if way is None else None
        self._left -= way is None
        return way


def _grow(
    tree: list[tuple[np.ndarray, int]], toward: np.ndarray, free: Callable[[np.ndarray, np.ndarray], bool]
) -> bool:
    """Add to the tree one branch toward a posture [7] rad, if it is free."""
    spans = toward - np.array([node for node, _ in tree])
    lengths = np.abs(spans).max(1)
    nearest = int(np.argmin(lengths))
    if lengths[nearest] < 1e-9:
        return False
    point = toward if lengths[nearest] <= STEP else tree[nearest][0] + spans[nearest] * (STEP / lengths[nearest])
    if not free(tree[nearest][0], point):
        return False
    tree.append((point, nearest))
    return True


def _branch(tree: list[tuple[np.ndarray, int]], index: int) -> list[np.ndarray]:
    """Postures from a node to the root."""
    way = []
    while index >= 0:
        node, index = tree[index]
        way.append(node)
    return way


def _cut(way: np.ndarray, free: Callable[[np.ndarray, np.ndarray], bool], g: np.random.Generator) -> np.ndarray:
    """The way [n, 7] with detours left out."""
    for _ in range(CUTS):
        if len(way) < 3:
            break
        i, j = sorted(int(k) for k in g.choice(len(way), 2, replace=False))
        if j - i > 1 and free(way[i], way[j]):
            way = np.concatenate([way[: i + 1], way[j:]])
    return way
