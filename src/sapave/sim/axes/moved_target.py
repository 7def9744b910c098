"""Moved target: once, before it is grasped, the target stands somewhere else from one tick to the next."""

from __future__ import annotations

import numpy as np

from sapave.base.types import CONTROL_DT
from sapave.sim.axes._axis import Axis, Change
from sapave.sim.axes._spots import free_spot, taken
from sapave.sim.layout import SPACING
from sapave.sim.world import World

SPREAD = 0.2
"""The moment varies by this much to both sides [s]."""
HAND = 0.12
"""The new spot is at least this far from both hands [m]."""
TOUCHED = 0.01
"""A target raised by more than this is being carried [m]."""


class Moved(Change):
    """Somebody has put it elsewhere; the instruction stays."""

    def start(self, world: World) -> None:
        """Draw the moment."""
        self.when = max(CONTROL_DT, self.strength + float(self.rng("when").uniform(-SPREAD, SPREAD)))
        self.done = False
        self.moved_to: np.ndarray | None = None

    def tick(self, world: World) -> None:
        """At the moment, put the target on a free spot in reach, no higher than it stood; never once a hand has it."""
        if self.done or world.time < self.when:
            return
        self.done = True
        name = world.target.name
        standing = next((s for s in world.layout.standings if s.thing.name == name), None)
        if standing is None or world.held(name) or world.lift(name) > TOUCHED:
            return  # a drawer stays where it is, and so does what a hand has
        if standing.place.name not in world.layout.scene.places:
            return
        # never higher: what was planned for a counter may not fit under a shelf's roof
        low = standing.place.z + 1e-6
        places = [place for place in world.layout.scene.places.values() if place.reachable and place.z <= low]
        now = [world.position(thing.name) for thing in world.things]
        occupied = [np.array([*p[:2], p[2] - t.half_height]) for p, t in zip(now, world.things, strict=True)]
        occupied += taken(world.layout)[len(world.things) :]
        near_hands = [world.data.site(f"{side}_grasp").xpos for side in ("left", "right")]
        g = self.rng("where")
        for _ in range(20):
            spot = free_spot(places, occupied, SPACING, g)
            if spot is None:
                return
            place, (x, y) = spot
            at = np.array([x, y, place.z + standing.height + 0.001])
            same_side = y * standing.xy[1] >= 0 or not world.task.has_goal  # no hand reaches both sides with a thing
            if same_side and all(np.linalg.norm(at - hand) > HAND for hand in near_hands):
                world.set_down(name, at)
                self.moved_to = at
                return


AXIS = Axis(
    name="moved_target",
    doc="Once, before it is grasped, the target is put somewhere else within reach.",
    change=Moved,
    alters=frozenset({"events"}),
    strength=0.8,
    unit="seconds into the episode, 0.2 more or less",
    high=8.0,
)
