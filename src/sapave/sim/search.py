"""Where an expert looks for what has not been seen: a rule that a learner without its knowledge can follow.

Straight to the true place would be a label that nothing in the picture explains; its average over kitchens points
nowhere. So only the first glance goes there (habit and picture may tell: fruit is kept on the left). From then on the
nearest hidden place that has not been looked at comes next, until the thing is found.

Drawers and cabinets have no habits: as many stand on the left as on the right, and the picture seldom tells (a second
one in view would: two never stand on one side; the order leaves that aside). So where the words name the side the head
goes straight there, and where they are silent even the first glance follows an order that a learner can know: of the
room's hidden slots for such a piece, but for those in the picture, the nearest to where the head is; of two about as
near, as the corners are from the front, the left one. Which of them comes first does not matter, only that it is always
the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.layout_units import slots_of
from sapave.sim.sight import in_frame
from sapave.sim.skills import gaze
from sapave.sim.units import Unit, usual_handle

if TYPE_CHECKING:
    from sapave.sim.scenes._scene import Place
    from sapave.sim.world import World

DECIDED = 0.25
"""A head this far from where it began has chosen a side [rad]."""
PITCH = 6.0
"""A turn in pitch counts this many times as much as one in yaw: first all along the counter, then up."""
AS_NEAR = 2 * DECIDED
"""A turn longer than the shortest by no more than this is about as short: the head has chosen no side yet [rad]."""
THERE = 0.03
"""A head this close to where it should point has arrived [rad]."""
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
    return out_of_view(points, start)


def handle_points(world: World) -> list[np.ndarray]:
    """[3] m: where the handle of a unit for the world's task would usually be, in every hidden slot of the room, on the
    left and on the right; but for those in the picture now."""
    share = float(np.mean(world.task.start))
    slots = [slot for slot in slots_of(world.layout.scene, world.task) if slot.hidden]
    return out_of_view([usual_handle(slot, side, share) for slot in slots for side in (1, -1)], world.controller.head)


def out_of_view(points: Sequence[np.ndarray], head: np.ndarray) -> list[np.ndarray]:
    """Those of the points [3] m that are not in the picture from head pose [2] rad."""
    return [p for p in points if not in_frame(head, p[None], inner=1.0)]


class Search:
    """The state of one search."""

    def __init__(self, points: Sequence[np.ndarray], true: int, start: np.ndarray, *, habit: bool = True) -> None:
        """Points [3] m that may be looked at, the number of the one where the target is, and the first head pose [2]
        rad; `habit`: something tells the place, so the first glance goes there. Without it the true place is looked at
        as the others are, in their order."""
        self.points, self.true, self.habit, self.done = list(points), true, habit, not points
        self.looked = np.zeros(len(self.points), bool)
        self._start = start.copy()

    @classmethod
    def of(cls, world: World) -> Search:
        """The search for a world's target; over at once when it is not kept at a hidden place."""
        start, at = world.controller.head, world.position(world.target.name)
        hidden = world.layout.standings[0].place.hidden
        points = hidden_points(world.layout.scene.places, start) if hidden else []
        return cls(points, nearest(points, at), start)

    @classmethod
    def of_handle(cls, world: World) -> Search:
        """The search for the handle of a world's unit; over at once when it is in no hidden slot, when it is in the
        picture already, if only behind something, or when the words name its side."""
        unit, start = world.target, world.controller.head
        assert isinstance(unit, Unit)
        at, told = world.position(unit.name), not {"left", "right"}.isdisjoint(unit.words.split())
        points = handle_points(world) if unit.hidden and not told and out_of_view([at], start) else []
        return cls(points, nearest(points, at), start, habit=False)

    def aim(self, head: np.ndarray, seen: bool) -> np.ndarray | None:
        """`look`, and where a head at [2] rad should turn to [2] rad; None: to the target, wherever that is."""
        if self.done:
            return None
        self.look(head, seen)
        number = self.next(head)
        return None if self.done or (self.habit and number == self.true) else gaze(self.points[number])

    def look(self, head: np.ndarray, seen: bool) -> None:
        """Take note of what the head at [2] rad looks at, and whether the target is `seen`."""
        self.done = self.done or seen
        for i, point in enumerate(self.points):
            self.looked[i] |= i != self.true and in_frame(head, point[None])
        if not self.habit and not self.done:  # at the place, yet not in sight: then only a look round the corner helps
            self.done = float(np.abs(gaze(self.points[self.true]) - head).max()) < THERE

    def next(self, head: np.ndarray) -> int:
        """The place to look at next from [2] rad: number of the point."""
        if self.habit and not self.looked.any() and np.abs(head - self._start).max() < DECIDED:
            return self.true
        left = np.flatnonzero(~self.looked)  # the true place is among them
        turns = np.abs(np.array([gaze(self.points[i]) for i in left]) - head) @ [1.0, PITCH]
        return int(left[np.argmax(turns <= turns.min() + (0.0 if self.habit else AS_NEAR))])


def nearest(points: Sequence[np.ndarray], at: np.ndarray) -> int:
    """Number of the point nearest to `at` [3] m; 0 when there is none."""
    return int(np.argmin([np.linalg.norm(p - at) for p in points])) if points else 0
