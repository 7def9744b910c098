"""Unseen object: every thing is an individual outside all splits, in shades that none of them has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout
from sapave.sim.objects._family import Thing, make_thing
from sapave.sim.tasks._task import Task

LOOKS = (1000, 2000)
"""Look numbers [lo, hi) that no split uses (sim/objects/_family.py has theirs)."""
SHADE, MIX = (0.80, 1.15), 0.12
"""Range of the brightness, and share of another colour mixed in, at strength 1: the colour's name still fits."""


class Strangers(Change):
    """The same kinds of things in the same places, but other ones."""

    def layout(self, layout: Layout, task: Task) -> Layout:
        """Exchange every thing."""
        standings = (replace(s, thing=self._other(s.thing)) for s in layout.standings)
        return replace(layout, standings=tuple(standings))

    def _other(self, thing: Thing) -> Thing:
        g = self.rng(thing.name)
        hollow = thing.shape.cavity is not None and not thing.family.hollow  # what liquid is in stays what it is
        model = thing.model if hollow else ""
        other = make_thing(thing.name, thing.family, thing.colour, int(g.integers(*LOOKS)), model=model)
        bright = 1 + self.strength * (g.uniform(*SHADE) - 1)
        share, mixed = min(0.5, self.strength * MIX * g.uniform(0.3, 1.0)), g.uniform(size=3)

        def paint(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
            r, green, b = np.clip(bright * ((1 - share) * np.asarray(rgb) + share * mixed), 0, 1)
            return float(r), float(green), float(b)

        parts = tuple(replace(part, rgb=paint(part.rgb)) for part in other.shape.parts)
        return replace(other, shape=replace(other.shape, parts=parts))


AXIS = Axis(
    name="unseen_object",
    doc="Things of sizes and shades that occur in no split, the test split included.",
    change=Strangers,
    alters=frozenset({"things"}),
    high=2.0,
    unit="1 = shades 20 % darker to 15 % brighter, a tenth of another colour",
)
