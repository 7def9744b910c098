"""Field of view: a head camera with another lens; its intrinsics say so."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout

ZOOM = 0.15
"""Change of the focal length at strength 1, as a share."""


class Lens(Change):
    """A longer or a shorter lens."""

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """Zoom in or out, whatever the episode draws."""
        camera = spec.camera("head")
        zoom = (1 + self.strength * ZOOM) ** float(self.rng().choice([-1.0, 1.0]))
        half = np.deg2rad(camera.fovy) / 2
        camera.fovy = float(np.rad2deg(2 * np.arctan(np.tan(half) / zoom)))


AXIS = Axis(
    name="field_of_view",
    doc="A head camera with a longer or a shorter lens; its intrinsics say so.",
    change=Lens,
    alters=frozenset({"camera"}),
    unit="1 = 15 % of the focal length",
)
