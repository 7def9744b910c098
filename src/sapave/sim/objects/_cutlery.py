"""What cutlery shares: a flat handle along y, lying; the head is at +y."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sapave.sim.objects._build import felt, skin
from sapave.sim.objects._family import BOX, RGB, Part, Shape
from sapave.sim.objects._mesh import Mesh, tube

HALF = 0.0075
"""Half height of the thickest piece, a handle [m]."""


def cutlery(
    g: np.random.Generator, handle: RGB, metal: RGB, head: Mesh, *, long: float, wide: float, grip: float, mass: float
) -> Shape:
    """A handle `long` m, up to half `wide` m broad, a neck, and a `head` whose neck end is at the origin."""
    length, half = long * g.uniform(0.97, 1.03), wide * g.uniform(0.97, 1.03)
    head = Mesh(head.vertices * g.uniform(0.96, 1.04), head.faces)
    path = np.array([[0, -length, 0], [0, -0.9 * length, 0], [0, -0.45 * length, 0], [0, -0.05 * length, 0]])
    sizes = [(0.7 * half, grip), (half, grip), (0.75 * half, grip), (0.6 * half, 0.8 * grip)]
    neck = tube(
        np.array([[0, -0.08 * length, 0], [0, 0.01, 0]]), [(0.45 * half, 0.0022), (0.45 * half, 0.0022)], sides=8
    )
    shift = (0.0, 0.35 * length, 0.0)
    low, high = head.bounds
    middle, extent = (low + high) / 2, (high - low) / 2
    parts: Sequence[Part] = (
        skin(tube(path, sizes, sides=8).at(shift), handle, density=0.6),
        skin(neck.at(shift), metal, density=2.0),
        skin(head.at(shift), metal, density=2.0),
        felt(BOX, (half * 0.9, length / 2, grip), (0.0, shift[1] - length / 2, 0.0)),
        felt(BOX, (extent[0] * 0.6, extent[1], max(extent[2], 0.002)), (middle[0], middle[1] + shift[1], middle[2])),
    )
    low = min(-grip, float(head.bounds[0, 2]))
    return Shape(parts=tuple(parts), radius=max(half, float(extent[0])), half_height=-low, mass=mass)
