"""Where an expert looks for what has not been seen: a rule that a learner without its knowledge can follow.

Straight to the true place would be a label that nothing in the picture explains; its average over kitchens points
nowhere. So only the first glance goes there (habit and picture may tell: fruit is kept on the left). From then on the
nearest hidden place that has not been looked at comes next, until the thing is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.sight import in_frame
from sapave.sim.skills import gaze

if TYPE_CHECKING:
    from sapave.sim.world import World

DECIDED = 0.25
"""A head this far from where it began has chosen a side [rad]."""
PITCH = 6.0
"""A turn in pitch counts this many times as much as one in yaw: first all along the counter, then up."""
ABOVE = 0.02
"""Points looked at stand this far above a place's surface [m]."""


class Search:
    """The state of one search; `done` once the target was seen, or when it stands where no search is needed."""

    def __init__(self, world: World) -> None:
        standing, self._start = world.layout.standings[0], world.controller.head.copy()
        self.points: list[np.ndarray] = []
        """[3] m: the middle of every hidden place, but for those at the edge of the first picture."""
        for place in world.layout.scene.places.values():
            if place.hidden and place.reachable:
                x, y = np.mean([place.low, place.high], axis=0)
                sides = (1.0, -1.0) if place.mirrored else (1.0,)
                points = [np.array([x, s * y, place.z + ABOVE]) for s in sides]
                self.points += [p for p in points if not in_frame(self._start, p[None], inner=1.0)]
        self.done = not standing.place.hidden or not self.points
        at = world.position(world.target.name)
        self._true = int(np.argmin([np.linalg.norm(p - at) for p in self.points])) if self.points else 0
        self._looked = np.zeros(len(self.points), bool)

    def look(self, head: np.ndarray, seen: bool) -> None:
        """Take note of what the head at [2] rad looks at, and whether the target is `seen`."""
        self.done = self.done or seen
        for i, point in enumerate(self.points):
            self._looked[i] |= i != self._true and in_frame(head, point[None])

    def next(self, head: np.ndarray) -> int:
        """The place to look at next from [2] rad: number of the point."""
        if not self._looked.any() and np.abs(head - self._start).max() < DECIDED:
            return self._true
        left = np.flatnonzero(~self._looked)  # the true place is among them
        turns = np.abs(np.array([gaze(self.points[i]) for i in left]) - head) @ [1.0, PITCH]
        return int(left[np.argmin(turns)])

    def is_true(self, number: int) -> bool:
        """Does the target stand there?"""
        return number == self._true
