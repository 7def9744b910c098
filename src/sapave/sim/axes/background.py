"""Background: other colours and textures of walls, worktops, wood, floor; things and robot stay as they are."""

from __future__ import annotations

import colorsys

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.layout import Layout

SATURATION, VALUE = (0.05, 0.45), (0.30, 0.90)
"""Ranges of the new colours: pale enough that a coloured thing still stands out."""
TILES = 0.5
"""Chance that a plain surface becomes tiled and a tiled one plain, at strength 1 or more."""


class Surfaces(Change):
    """Another decorator."""

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """Paint every texture that no movable thing wears; `strength` blends from the old colours to the new."""
        worn = _textures_of_things(spec)
        share = min(self.strength, 1.0)
        for texture in spec.textures:
            if texture.name in worn or texture.builtin == mujoco.mjtBuiltin.mjBUILTIN_NONE:
                continue
            g = self.rng(texture.name)
            first = np.array(colorsys.hsv_to_rgb(g.uniform(), g.uniform(*SATURATION), g.uniform(*VALUE)))
            second = np.clip(first * g.uniform(0.75, 0.92) + g.uniform(-0.05, 0.05, 3), 0, 1)
            for name, colour in (("rgb1", first), ("rgb2", second), ("markrgb", second)):
                old = np.asarray(getattr(texture, name))
                setattr(texture, name, ((1 - share) * old + share * colour).tolist())
            if texture.type == mujoco.mjtTexture.mjTEXTURE_2D and g.uniform() < TILES * share:
                plain = texture.builtin == mujoco.mjtBuiltin.mjBUILTIN_FLAT
                texture.builtin = mujoco.mjtBuiltin.mjBUILTIN_CHECKER if plain else mujoco.mjtBuiltin.mjBUILTIN_FLAT


def _textures_of_things(spec: mujoco.MjSpec) -> set[str]:
    """Names of textures on bodies that can move: their colours may be named in the instruction."""
    found: set[str] = set()
    for body in spec.bodies:
        if body.joints:
            for geom in body.geoms:
                if geom.material:
                    found |= {name for name in spec.material(geom.material).textures if name}
    return found


AXIS = Axis(
    name="background",
    doc="Other colours and textures of walls, worktops and furniture.",
    change=Surfaces,
    alters=frozenset({"surfaces"}),
    high=1.0,
    unit="1 = wholly new colours",
)
