"""Where an expert looks for what has not been seen: a rule that a learner without its knowledge can follow.

Straight to the true place would be a label that nothing in the picture explains; its average over kitchens points
nowhere. So only the first glance goes there (habit and picture may tell: fruit is kept on the left). From then on the
nearest hidden place that has not been looked at comes next, until the thing is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.sight import in_frame
from sapave.sim.skills import gaze

if TYPE_CHECKING:
    from sapave.sim.scenes._scene import Place
    from sapave.sim.world import World

DECIDED = 0.25
"""A head this far from where it began has chosen a side [rad]."""
PITCH = 6.0
"""A turn in pitch counts this many times as much as one in yaw: first all along the counter, then up."""
ABOVE = 0.02
"""Points looked at stand this far above a place's surface [m]."""


def hidden_points(places: Mapping[str, Place], start: np.ndarray) -> list[np.ndarray]:
    """[3] m: the middle of every hidden place, but for those in the picture from the head pose `start` [2] rad."""
    points = []
    for place in places.values():
        if place.hidden and place.reachable:
            x, y = np.mean([place.low, place.high], axis=0)
            sides = (1.0, -1.0) if place.mirrored else (1.0,)
            points += [np.array([x, s * y, place.z + ABOVE]) for s in sides]
    return [p for p in points if not in_frame(start, p[None], inner=1.0)]


class Search:
    """The state of one search."""

    def __init__(self, points: Sequence[np.ndarray], true: int, start: np.ndarray) -> None:
        """Points [3] m that may be looked at, the number of the one where the target is, and the first head pose [2]
        rad."""
        self.points, self.true, self.done = list(points), true, not points
        self.looked = np.zeros(len(self.points), bool)
        self._start = start.copy()

    @classmethod
    def of(cls, world: World) -> Search:
        """The search for a world's target; over at once when it is not kept at a hidden place."""
        start, at = world.controller.head, world.position(world.target.name)
        hidden = world.layout.standings[0].place.hidden
        points = hidden_points(world.layout.scene.places, start) if hidden else []
        return cls(points, nearest(points, at), start)

    def look(self, head: np.ndarray, seen: bool) -> None:
        """Take note of what the head at [2] rad looks at, and whether the target is `seen`."""
        self.done = self.done or seen
        for i, point in enumerate(self.points):
            self.looked[i] |= i != self.true and in_frame(head, point[None])

    def next(self, head: np.ndarray) -> int:
        """The place to look at next from [2] rad: number of the point."""
        if not self.looked.any() and np.abs(head - self._start).max() < DECIDED:
            return self.true
        left = np.flatnonzero(~self.looked)  # the true place is among them
        turns = np.abs(np.array([gaze(self.points[i]) for i in left]) - head) @ [1.0, PITCH]
        return int(left[np.argmin(turns)])


def nearest(points: Sequence[np.ndarray], at: np.ndarray) -> int:
    """Number of the point nearest to `at` [3] m; 0 when there is none."""
    return int(np.argmin([np.linalg.norm(p - at) for p in points])) if points else 0
