"""What fruit and vegetables share: stems and leaves, bodies that lie along y."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sapave.sim.objects._build import felt, rod, skin
from sapave.sim.objects._family import BOX, RGB, Part
from sapave.sim.objects._mesh import Mesh, stack, tube

LEAF: RGB = (0.24, 0.46, 0.16)
STEM: RGB = (0.36, 0.26, 0.14)
FLAT = 0.55
"""Half width of the flat underside of what lies, relative to its radius."""


def star(radius: float, z: float, *, points: int = 5, rgb: RGB = LEAF) -> Part:
    """Small leaves around a stem on top of a fruit, their middle at height z [m]."""
    angles = np.pi * np.arange(2 * points) / points
    reach = np.where(np.arange(2 * points) % 2 == 0, radius, 0.35 * radius)
    outline = np.stack([reach * np.cos(angles), reach * np.sin(angles)], 1)
    return skin(stack(outline, [(1.0, z - 0.004), (0.5, z + 0.002)]), rgb, density=0.05)


def stem(z: float, length: float = 0.012, *, thick: float = 0.003, rgb: RGB = STEM) -> Part:
    """A short stalk from height z [m] up, a little bent."""
    path = np.array([[0, 0, z - 0.004], [0.001, 0, z + 0.5 * length], [0.004, 0, z + length]])
    return skin(tube(path, [thick, thick * 0.8, thick * 1.2], sides=6), rgb, density=0.1)


def lying(path: np.ndarray, radii: Sequence[float], *, sides: int = 12) -> tuple[Mesh, list[Part]]:
    """A tapered round body along a path [k, 3] m, and what is felt of it between every second point: a capsule, and a
    flat underside, since no grown thing rolls as well as a capsule does."""
    points = np.asarray(path, float)
    parts = []
    for i in range(0, len(points) - 1, 2):
        j = min(i + 2, len(points) - 1)
        radius = float(np.mean(radii[i : j + 1]))
        along = (points[j] - points[i]) / np.linalg.norm(points[j] - points[i])
        # a capsule's round ends reach beyond its axis; the drawn body ends flat
        first, last = (0.7 * radius * along if end else 0.0 * along for end in (i == 0, j == len(points) - 1))
        parts.append(rod(points[i] + first, points[j] - last, radius))
        x, y, z = ((points[i] + points[j]) / 2).tolist()
        dx, dy, _ = points[j] - points[i]
        half = np.arctan2(-dx, dy) / 2
        foot = (FLAT * radius, float(np.hypot(dx, dy)) / 2, 0.1 * radius)
        parts.append(
            felt(BOX, foot, (x, y, z - 0.9 * radius), quat=(float(np.cos(half)), 0.0, 0.0, float(np.sin(half))))
        )
    return tube(points, list(radii), sides=sides), parts
