"""Light: lamps brighter or much dimmer, warmer or colder, elsewhere, and one of them perhaps out."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout

DIM, BRIGHT = -0.75, 0.30
"""Natural logarithm of the brightness at strength 1."""
TINT = 0.16
"""How far red and blue part at strength 1."""
AWAY = 0.6
"""How far a lamp moves at most at strength 1 [m]."""


class Lamps(Change):
    """Other lamps."""

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """Scale, tint and move every lamp, and the light that comes from everywhere."""
        g = self.rng()
        level = np.exp(self.strength * (g.uniform(DIM, 0.5 * DIM) if g.uniform() < 0.6 else g.uniform(0.15, BRIGHT)))
        warm = self.strength * TINT * g.uniform(0.4, 1.0) * g.choice([-1.0, 1.0])
        tint = np.clip([1 + warm, 1.0, 1 - warm], 0.2, 2.0)
        for lamp in spec.lights:
            share = 0.15 if g.uniform() < 0.25 * self.strength else 1.0
            lamp.diffuse = np.clip(share * level * tint * np.asarray(lamp.diffuse), 0, 1).tolist()
            move = self.strength * g.uniform(-AWAY, AWAY, 2)
            lamp.pos = (np.asarray(lamp.pos) + [*move, 0.0]).tolist()
        everywhere = spec.visual.headlight
        everywhere.ambient = np.clip(level * tint * np.asarray(everywhere.ambient), 0, 1).tolist()
        everywhere.diffuse = np.clip(level * np.asarray(everywhere.diffuse), 0, 1).tolist()


AXIS = Axis(
    name="light",
    doc="Lamps dimmer or brighter, warmer or colder, elsewhere, one perhaps out.",
    change=Lamps,
    alters=frozenset({"lamps"}),
    unit="1 = half to a third more light, warm or cold",
)
