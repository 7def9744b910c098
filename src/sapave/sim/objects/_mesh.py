"""Closed meshes made by rule: turned on a lathe, swept along a path, stacked from sections; normals point outward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIDES = 16
"""Corners of a round section: round enough at 176 x 128 px, cheap in software OpenGL."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles: `vertices` [n, 3] m and `faces` [m, 3], counter-clockwise seen from outside."""

    vertices: np.ndarray
    faces: np.ndarray

    @property
    def volume(self) -> float:
        """Enclosed volume [m^3]."""
        a, b, c = np.moveaxis(self.vertices[self.faces], 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0)

    @property
    def bounds(self) -> np.ndarray:
        """Lowest and highest corner [2, 3] m."""
        return np.array([self.vertices.min(0), self.vertices.max(0)])

    def at(self, pos: Sequence[float] = (0.0, 0.0, 0.0), rotation: np.ndarray | None = None) -> Mesh:
        """Turned by `rotation` [3, 3] (not mirrored), then moved by `pos` [3] m."""
        turned = self.vertices if rotation is None else self.vertices @ np.asarray(rotation).T
        return Mesh(turned + np.asarray(pos, float), self.faces)


def join(*meshes: Mesh) -> Mesh:
    """Several closed meshes as one."""
    starts = np.cumsum([0] + [len(m.vertices) for m in meshes[:-1]])
    faces = [m.faces + start for m, start in zip(meshes, starts, strict=True)]
    return Mesh(np.concatenate([m.vertices for m in meshes]), np.concatenate(faces))


def loft(sections: np.ndarray, *, closed: bool = False) -> Mesh:
    """Skin over sections [k, n, 3] m, each counter-clockwise seen from the end of the row; the ends get lids, or, when
    `closed`, are joined to each other."""
    sections = np.asarray(sections, float)
    k, n = sections.shape[:2]
    here = np.arange(n)
    after = (here + 1) % n
    faces = []
    for i in range(k if closed else k - 1):
        low, high = i * n, (i + 1) % k * n
        faces.append(np.stack([low + here, low + after, high + after], 1))
        faces.append(np.stack([low + here, high + after, high + here], 1))
    vertices = sections.reshape(-1, 3)
    if not closed:
        last = (k - 1) * n
        faces.append(np.stack([np.full(n, k * n), after, here], 1))
        faces.append(np.stack([np.full(n, k * n + 1), last + here, last + after], 1))
        vertices = np.concatenate([vertices, sections[[0, -1]].mean(1)])
    return Mesh(vertices, np.concatenate(faces))


def circle(sides: int = SIDES) -> np.ndarray:
    """Corners [n, 2] of a regular polygon with unit radius."""
    angles = 2 * np.pi * np.arange(sides) / sides
    return np.stack([np.cos(angles), np.sin(angles)], 1)


def lathe(profile: Sequence[tuple[float, float]], *, sides: int = SIDES, ring: bool = False) -> Mesh:
    """Turned about z: (radius, height) [m] from the middle of the underside outward and up, perhaps over a rim and down
    the inside; both ends get lids. `ring`: the profile is a loop that does not meet the axis."""
    outline = np.asarray(profile, float)
    flat = outline[:, None, :1] * circle(sides)
    heights = np.broadcast_to(outline[:, None, 1:], (*flat.shape[:2], 1))
    return loft(np.concatenate([flat, heights], 2), closed=ring)


def ball(radii: Sequence[float], *, rows: int = 8, sides: int = SIDES) -> Mesh:
    """Ellipsoid with half axes [3] m."""
    t = np.linspace(-np.pi / 2, np.pi / 2, rows + 1)[1:-1]
    mesh = lathe(list(zip(np.cos(t), np.sin(t), strict=True)), sides=sides)
    vertices = mesh.vertices.copy()
    vertices[-2:, 2] = (-1.0, 1.0)
    return Mesh(vertices * np.asarray(radii, float), mesh.faces)


def stack(outline: np.ndarray, levels: Sequence[tuple[float, float]]) -> Mesh:
    """Outline [n, 2] m, counter-clockwise and star-shaped, at each of `levels`: (scale, z [m]) upward."""
    flat = np.array([scale * np.asarray(outline, float) for scale, _ in levels])
    heights = np.broadcast_to(np.array([z for _, z in levels])[:, None, None], (*flat.shape[:2], 1))
    return loft(np.concatenate([flat, heights], 2))


def rounded(a: float, b: float, corner: float, steps: int = 3) -> np.ndarray:
    """Outline [4 * steps, 2] of a rectangle with half sides a, b and round corners [m]."""
    angles = np.linspace(0, np.pi / 2, steps)
    arc = corner * np.stack([np.cos(angles), np.sin(angles)], 1)
    points = []
    for i, (x, y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        c, s = np.cos(i * np.pi / 2), np.sin(i * np.pi / 2)
        points.append(arc @ np.array([[c, s], [-s, c]]) + [x * (a - corner), y * (b - corner)])
    return np.concatenate(points)


def slab(a: float, b: float, h: float, corner: float, edge: float = 0.0) -> Mesh:
    """Box with half sides a, b, h, round upright corners and slightly bevelled edges [m]."""
    outline = rounded(a, b, corner)
    if edge <= 0:
        return stack(outline, [(1, -h), (1, h)])
    inner = 1 - edge / max(a, b)
    return stack(outline, [(inner, -h), (1, -h + edge), (1, h - edge), (inner, h)])


def tube(
    path: np.ndarray, radii: Sequence[float] | Sequence[tuple[float, float]], *, sides: int = 10, closed: bool = False
) -> Mesh:
    """Round or flat (half width, half height) tube along a path [k, 3] m; closed: a ring."""
    path, sizes = np.asarray(path, float), np.asarray(radii, float)
    sizes = np.stack([sizes, sizes], 1) if sizes.ndim == 1 else sizes
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0)
    if not closed:
        ahead[0], ahead[-1] = path[1] - path[0], path[-1] - path[-2]
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    # the reference is the direction that the path leaves most: frames then never flip along planar paths
    flat = np.linalg.svd(path - path.mean(0))[2][2]
    across = np.cross(ahead, flat)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(across, ahead)
    ring = circle(sides)
    skin = ring[None, :, :1] * (across * sizes[:, :1])[:, None] + ring[None, :, 1:] * (up * sizes[:, 1:])[:, None]
    mesh = loft(path[:, None] + skin, closed=closed)
    return mesh if mesh.volume > 0 else Mesh(mesh.vertices, mesh.faces[:, ::-1])
