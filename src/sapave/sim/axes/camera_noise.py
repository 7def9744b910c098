"""Camera noise: grain in the colours, spread and holes in the depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base.types import Observation
from sapave.sim.axes._axis import Axis, Change
from sapave.sim.world import World

GRAIN = 6.0
"""Spread of a colour value at strength 1, of 255."""
DEPTH = (0.001, 0.004)
"""Spread of the depth at strength 1: a + b d^2 [m], stereo's law."""
HOLES = 0.02
"""Share of depth pixels that measure nothing, at strength 1."""


class Noise(Change):
    """Sensor noise, the same for the same moment however often it is looked at."""

    def observe(self, world: World, seen: Observation) -> Observation:
        """Add noise to every camera's colour and depth."""
        rgb, known = dict(seen.rgb), dict(seen.geometry)
        for name, image in seen.rgb.items():
            g = self.rng(name, world.steps)
            grain = g.normal(0.0, self.strength * GRAIN, image.shape)
            rgb[name] = np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)
            depth = known[name].depth
            if depth is not None:
                spread = self.strength * (DEPTH[0] + DEPTH[1] * depth**2)
                noisy = np.maximum(depth + g.normal(0.0, 1.0, depth.shape) * spread, 0.0)
                holes = (g.uniform(size=depth.shape) < self.strength * HOLES) | (depth == 0)
                known[name] = replace(known[name], depth=np.where(holes, 0.0, noisy).astype(np.float32))
        return replace(seen, rgb=rgb, geometry=known)


AXIS = Axis(
    name="camera_noise",
    doc="Grain in the colours, spread and holes in the depth of every camera.",
    change=Noise,
    alters=frozenset({"sensing"}),
    high=5.0,
    unit="1 = 6 of 255 grey levels, 5 mm at 1 m, 2 % holes",
)
