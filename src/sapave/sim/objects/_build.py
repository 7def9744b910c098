"""Pieces that families share: drawn meshes with mass, felt but unseen primitives, hollow vessels with real walls."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from sapave.sim.objects._family import BOX, CAPSULE, CYLINDER, MESH, RGB, Cavity, Part, Shape
from sapave.sim.objects._mesh import Mesh, lathe, tube

WALLS = 10
"""Flat pieces of a round wall: enough for fingers and for poured balls."""
LIFT = 0.003
"""Walls end this far above the underside, so that a standing vessel touches with its bottom only [m]."""


def skin(mesh: Mesh, rgb: RGB, *, density: float = 1.0, alpha: float = 1.0) -> Part:
    """A drawn mesh that carries mass by its volume, `density` relative to the object's other meshes."""
    return Part(shape=MESH, mesh=mesh, rgb=rgb, solid=False, weight=density * mesh.volume, alpha=alpha)


def felt(
    shape: mujoco.mjtGeom,
    size: tuple[float, ...],
    pos: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    quat: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0),
    grip: bool = True,
) -> Part:
    """A primitive that touches but is not drawn and weighs nothing."""
    return Part(shape=shape, size=size, pos=pos, quat=quat, drawn=False, weight=0.0, grip=grip)


def darker(rgb: RGB, by: float = 0.6) -> RGB:
    """The same colour in shadow."""
    return rgb[0] * by, rgb[1] * by, rgb[2] * by


def lighter(rgb: RGB, by: float = 0.5) -> RGB:
    """The same colour mixed with white."""
    return 1 - (1 - rgb[0]) * by, 1 - (1 - rgb[1]) * by, 1 - (1 - rgb[2]) * by


def wall(low: tuple[float, float], high: tuple[float, float], thick: float, *, pieces: int = WALLS) -> list[Part]:
    """A round wall from (outer radius, height) `low` to `high` [m], as a ring of felt boxes."""
    (r0, z0), (r1, z1) = low, high
    lean, length = np.arctan2(r1 - r0, z1 - z0), np.hypot(r1 - r0, z1 - z0)
    # the boxes' outer faces lie between the corners and the middles of the drawn round's sides
    radius = (r0 + r1) / 2 - thick / 2 * np.cos(lean)
    z = (z0 + z1) / 2 + thick / 2 * np.sin(lean)
    half = max(r0, r1) * np.tan(np.pi / pieces)
    parts = []
    for i in range(pieces):
        angle = 2 * np.pi * i / pieces
        c, s, cl, sl = np.cos(angle / 2), np.sin(angle / 2), np.cos(lean / 2), np.sin(lean / 2)
        parts.append(
            felt(
                BOX,
                (thick / 2, half, length / 2),
                (radius * np.cos(angle), radius * np.sin(angle), z),
                quat=(c * cl, -s * sl, c * sl, s * cl),
            )
        )
    return parts


def vessel(
    outline: Sequence[tuple[float, float]],
    thick: float,
    rgb: RGB,
    *,
    mass: float,
    inside: RGB | None = None,
    alpha: float = 1.0,
    floor: float = 0.004,
    steps: tuple[int, ...] = (),
    extra: Sequence[Part] = (),
    radius: float | None = None,
) -> Shape:
    """A round open vessel from its outer outline, (radius, height) [m] from the foot (height 0) up to the rim.

    `steps`: numbers of the outline's points between which the wall is felt as straight (default: foot to rim);
    `inside`: colour of the inner face, drawn as a thin lining; `extra`: handles and the like, about the same centre.
    """
    outer = np.asarray(outline, float)
    top = outer[-1, 1]
    middle = top / 2
    points = outer - [0.0, middle]
    inner = [(max(r - thick, 0.0), z) for r, z in points if z > points[0, 1] + floor]
    inner.insert(0, (float(np.interp(points[0, 1] + floor, points[:, 1], points[:, 0])) - thick, points[0, 1] + floor))
    body = lathe([*map(tuple, points), *inner[::-1]])
    parts = [skin(body, rgb, alpha=alpha)]
    if inside is not None:
        lining = [(max(r - 0.0007, 0.0), z + 0.0007) for r, z in inner]
        lid = [(0.0, lining[0][1] - 0.0005), *[(r + 0.0005, z) for r, z in lining], *lining[::-1]]
        parts.append(Part(shape=MESH, mesh=lathe(lid), rgb=inside, solid=False, weight=0.0))
    steps = steps or (0, len(points) - 1)
    for i, j in zip(steps[:-1], steps[1:], strict=True):
        low, high = points[i].copy(), points[j]
        if i == steps[0]:
            share = LIFT / max(high[1] - low[1], 1e-6)
            low = low + share * (high - low)
        parts += wall(tuple(low), tuple(high), thick)
    foot = float(points[0, 0])
    parts.append(felt(CYLINDER, (foot * 0.97, floor / 2), (0, 0, float(points[0, 1]) + floor / 2)))
    parts += extra
    half_depth = points[0, 1] + (top + floor) / 2
    return Shape(
        parts=tuple(parts),
        radius=float(outer[:, 0].max()) if radius is None else radius,
        half_height=float(middle),
        mass=mass,
        cavity=Cavity(
            radius=float(np.interp(half_depth, points[:, 1], points[:, 0])) - thick,
            depth=float(top - floor),
            floor=float(points[0, 1] + floor),
            wall=thick,
            profile=tuple((float(r), float(z)) for r, z in inner),
        ),
    )


def handle(radius: float, low: float, high: float, out: float, rgb: RGB, *, thick: float = 0.0045) -> list[Part]:
    """A C-shaped handle on the +x side of a vessel, from height `low` to `high`, sticking `out` [m] beyond `radius`."""
    t = np.linspace(-np.pi / 2, np.pi / 2, 7)
    middle, half = (low + high) / 2, (high - low) / 2
    x, z = radius - 0.004 + (out + 0.004) * np.cos(t) ** 0.7, middle + half * np.sin(t)
    path = np.stack([x, np.zeros(len(t)), z], 1)
    bar = felt(BOX, (thick * 0.9, thick, half * 0.7), (radius + out, 0.0, middle), grip=False)
    arms = [felt(BOX, (out / 2, thick, thick * 0.8), (radius + out / 2, 0.0, z), grip=False) for z in (low, high)]
    return [skin(tube(path, [thick] * len(t), sides=6), rgb), bar, *arms]


def turned(outline: Sequence[tuple[float, float]], rgb: RGB, *, density: float = 1.0) -> Part:
    """A solid turned piece from its outline, (radius, height) [m] from below upward, in the object's frame."""
    return skin(lathe(outline), rgb, density=density)


def post(radius: float, low: float, high: float, *, grip: bool = True) -> Part:
    """A felt upright cylinder between the heights `low` and `high` [m]."""
    return felt(CYLINDER, (radius, (high - low) / 2), (0.0, 0.0, (low + high) / 2), grip=grip)


def rod(
    a: Sequence[float], b: Sequence[float], radius: float, *, shape: mujoco.mjtGeom = CAPSULE, grip: bool = True
) -> Part:
    """A felt capsule (its axis from a to b [3] m)."""
    start, end = np.asarray(a, float), np.asarray(b, float)
    length = float(np.linalg.norm(end - start))
    d = (end - start) / length
    # the turn from +z to the direction d, half the angle between them
    q = np.array([1 + d[2], -d[1], d[0], 0.0]) if d[2] > -0.999 else np.array([0.0, 1.0, 0.0, 0.0])
    w, x, y, z = (q / np.linalg.norm(q)).tolist()
    px, py, pz = ((start + end) / 2).tolist()
    return felt(shape, (radius, length / 2), (px, py, pz), quat=(w, x, y, z), grip=grip)
