"""What the depth images seen so far say about the workspace: voxels free, occupied or unknown; and who sees what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sapave.base import geometry
from sapave.base.types import Geometry
from sapave.sim.robots.g1 import FOVY, HEAD_LIMITS, ROBOT
from sapave.sim.skills import camera_frame

LOW, HIGH = np.array([0.0, -0.6, 0.8]), np.array([0.6, 0.6, 1.3])
"""The space over the counters and on the shelf that the arms reach, in the base frame [m]."""
SIZE = 0.05
"""Edge of a voxel, but for maps that ask for another [m]."""
SURFACE = 0.6
"""A voxel this near to a measured point, along the optical axis, is occupied [edges]."""
OCCUPIED_PRIOR = 0.05
"""Chance that SIZE of unknown space hides what is behind it; most of the space over a counter is air."""
NEAR = 0.02
"""What is nearer to the camera is not seen [m]."""
UNKNOWN, FREE, OCCUPIED = 0, 1, 2


def shape(size: float = SIZE) -> tuple[int, int, int]:
    """Voxels of an edge [m] along x, y, z."""
    x, y, z = (int(n) for n in np.rint((HIGH - LOW) / size))
    return x, y, z


@lru_cache(maxsize=4)
def centres(size: float = SIZE) -> np.ndarray:
    """Middles of all voxels of an edge [m]: [n, 3] m."""
    axes = [LOW[i] + size * (np.arange(count) + 0.5) for i, count in enumerate(shape(size))]
    return np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)


def pixels(points: np.ndarray, matrix: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the camera-frame points [n, 3] m an image shows: their numbers [m], and their pixels [m, 2] (u, v)."""
    ahead = np.flatnonzero(points[:, 2] > NEAR)
    at = np.floor(geometry.project(matrix, points[ahead])).astype(int)
    inside = np.all((at >= 0) & (at < (width, height)), axis=1)
    return ahead[inside], at[inside]


def measured(seen: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Depth, intrinsics and camera_from_base; ValueError where one is missing."""
    if seen.depth is None or seen.intrinsics is None or seen.base_from_camera is None:
        raise ValueError("next_best_view: needs depth, intrinsics and pose of the head camera; some are missing")
    return seen.depth, np.asarray(seen.intrinsics, float), geometry.invert(np.asarray(seen.base_from_camera, float))


def shown(seen: Geometry, points: np.ndarray, own: float) -> float:
    """Share of base-frame points [n, 3] m that a depth image shows: nothing lies more than `own` [m] before them."""
    depth, matrix, pose = measured(seen)
    there = geometry.transform(pose, points)
    numbers, at = pixels(there, matrix, depth.shape[1], depth.shape[0])
    return float(np.sum(depth[at[:, 1], at[:, 0]] > there[numbers, 2] - own)) / len(points)


class Voxels:
    """The map: a state for each voxel, all unknown at first."""

    def __init__(self, size: float = SIZE) -> None:
        """`size`: edge of a voxel [m]."""
        self.size = size
        self.state = np.zeros(len(centres(size)), np.int8)

    @property
    def unknown(self) -> int:
        """Number of unknown voxels."""
        return int(np.count_nonzero(self.state == UNKNOWN))

    def see(self, seen: Geometry) -> None:
        """Take in one depth image; what was measured last counts. ValueError where geometry is missing."""
        depth, matrix, pose = measured(seen)
        points = geometry.transform(pose, centres(self.size))
        numbers, at = pixels(points, matrix, depth.shape[1], depth.shape[0])
        there = depth[at[:, 1], at[:, 0]]
        behind = (points[numbers, 2] - there) / self.size
        self.state[numbers[(there > 0) & (behind < -SURFACE)]] = FREE
        self.state[numbers[(there > 0) & (np.abs(behind) <= SURFACE)]] = OCCUPIED

    def share_seen(self, eye: np.ndarray, points: np.ndarray, own: float) -> float:
        """Expected share of points [n, 3] m that are seen from eye [3] m; occupied voxels hide what is behind them.

        Voxels within `own` [m] of the points' middle belong to what is looked at and hide nothing.
        """
        step = 0.4 * self.size
        farthest = max(float(np.linalg.norm(points - eye, axis=1).max()), step)
        way = eye + np.arange(0.0, 1.0, step / farthest)[:, None, None] * (points - eye)  # [s, n, 3]
        index, counts = np.floor((way - LOW) / self.size).astype(int), np.array(shape(self.size))
        inside = np.all((index >= 0) & (index < counts), axis=-1)
        inside &= np.linalg.norm(way - points.mean(0), axis=-1) > own
        flat = np.ravel_multi_index(tuple(np.moveaxis(np.clip(index, 0, counts - 1), -1, 0)), shape(self.size))
        state = np.where(inside, self.state[flat], FREE)
        through = (1 - OCCUPIED_PRIOR) ** (step / SIZE)
        passed = np.where(state == UNKNOWN, through, np.where(state == OCCUPIED, 0.0, 1.0))
        return float(passed.prod(axis=0).mean())


CELL = 16
"""Views are compared on an image of cells of so many pixels: about a voxel at arm's length [px]."""
SLAB = 2 * SIZE
"""Unknown voxels of a cell thin out the view of those that lie a slab or more behind them [m]."""
FAR = 1.6
"""Farther than any voxel from the eye [m]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """Head poses to choose from, and where each voxel would appear in each of them."""

    poses: np.ndarray
    """[m, 2] rad."""
    cell: np.ndarray
    """[m, n] int32: number of the cell, counted through all views; -1 outside the picture."""
    depth: np.ndarray
    """[m, n] float32 along the optical axis [m]."""
    cells: int
    """Per view."""
    filled: np.ndarray
    """[m * cells, slabs] voxels there, at least 1."""

    def gain(self, state: np.ndarray) -> np.ndarray:
        """Expected number of unknown voxels that each pose would show [m], for a map's state [n]."""
        total, slabs = self.filled.shape
        nearest = np.full(total, np.inf, np.float32)  # what is known to be there hides what is behind it
        solid = np.flatnonzero(state == OCCUPIED)
        cell, depth = self.cell[:, solid].ravel(), self.depth[:, solid].ravel()
        shown = cell >= 0
        np.minimum.at(nearest, cell[shown], depth[shown])
        open_ = np.flatnonzero(state == UNKNOWN)
        cell, depth = self.cell[:, open_].ravel(), self.depth[:, open_].ravel()
        shown = cell >= 0
        cell, depth = cell[shown], depth[shown]
        shown = depth < nearest[cell]
        place = cell[shown] * slabs + (depth[shown] / SLAB).astype(np.int32)
        count = np.bincount(place, minlength=total * slabs).reshape(total, slabs)
        through = (1 - OCCUPIED_PRIOR) ** (SLAB / SIZE * count / self.filled)
        before = np.cumprod(np.concatenate([np.ones((total, 1)), through[:, :-1]], axis=1), axis=1)
        return (count * before).sum(1).reshape(len(self.poses), self.cells).sum(1)


@lru_cache(maxsize=1)
def views() -> Views:
    """The head's whole range in steps of 0.2 rad in yaw and 0.24 rad in pitch."""
    (yaw_low, yaw_high), (pitch_low, pitch_high) = HEAD_LIMITS
    poses = np.array(
        [(y, p) for p in np.linspace(pitch_low, pitch_high, 8) for y in np.linspace(yaw_low, yaw_high, 15)]
    )
    width, height = ROBOT.cameras["head"]
    matrix = geometry.intrinsics(width, height, np.deg2rad(FOVY))
    across, down = width // CELL, height // CELL
    cell = np.full((len(poses), len(centres())), -1, np.int32)
    depth = np.zeros(cell.shape, np.float32)
    for i, pose in enumerate(poses):
        eye, axes = camera_frame(pose)
        points = (centres() - eye) @ axes
        numbers, at = pixels(points, matrix, width, height)
        cell[i, numbers] = (i * down + at[:, 1] // CELL) * across + at[:, 0] // CELL
        depth[i] = np.minimum(points[:, 2], FAR - 1e-3)
    cells, slabs = across * down, int(np.ceil(FAR / SLAB))
    shown = cell >= 0
    place = cell[shown] * slabs + (depth[shown] / SLAB).astype(np.int32)
    filled = np.maximum(np.bincount(place, minlength=len(poses) * cells * slabs), 1).reshape(-1, slabs)
    return Views(poses=poses, cell=cell, depth=depth, cells=cells, filled=filled)
