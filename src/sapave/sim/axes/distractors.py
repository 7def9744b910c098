"""Distractors: more things than usual, of any family but never in the target's colour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base import seeds
from sapave.sim.axes._axis import Axis, Change
from sapave.sim.axes._spots import free_spot, taken
from sapave.sim.layout import SPACING, Layout, Standing, families
from sapave.sim.objects._family import LOOKS, make_thing
from sapave.sim.tasks._task import Task

CROWDED = 0.11
"""Least distance between the added things [m]."""

PATIENCE = 4
"""Spots tried per thing."""


class Crowd(Change):
    """Fuller shelves and counters; what the target needs stays free."""

    def layout(self, layout: Layout, task: Task) -> Layout:
        """Add `strength` things where there is room; fewer when there is none."""
        g = self.rng()
        named = {layout.standings[0].thing.colour} if layout.standings else set()
        named |= {unit.colour for unit in layout.units}
        kinds, places = families(), list(layout.scene.places.values())
        looks = LOOKS[seeds.split_of(self.seed)]
        standings, old, new = list(layout.standings), taken(layout), []
        for _ in range(PATIENCE * round(self.strength)):
            family = kinds[str(g.choice(sorted(layout.scene.homes)))]
            colours = [c for c in family.colours if c not in named]
            spot = free_spot(places, old, SPACING, g)
            if not colours or spot is None or any(np.hypot(*np.subtract(spot[1], xy)) < CROWDED for xy in new):
                continue
            thing = make_thing(f"thing{len(standings)}", family, str(g.choice(colours)), int(g.integers(*looks)))
            standings.append(Standing(thing=thing, place=spot[0], xy=spot[1], yaw=float(g.uniform(-0.9, 0.9))))
            new.append(spot[1])
            if len(new) == round(self.strength):
                break
        return replace(layout, standings=tuple(standings))


AXIS = Axis(
    name="distractors",
    doc="More things on counters and shelves, never in the target's colour.",
    change=Crowd,
    alters=frozenset({"things"}),
    strength=4.0,
    unit="things, as far as there is room",
    low=1.0,
    high=12.0,
    whole=True,
)
