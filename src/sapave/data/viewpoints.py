"""Where a head can look to see each thing of a scene well: best views and regions of acceptable ones, all rendered.

One rendered picture of the instances at a head pose counts for every thing in it, so the poses that are tried lie on
one lattice of yaw and pitch for the whole scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.sim import conditions
from sapave.sim.gaze import gaze_at, head_at
from sapave.sim.skills import camera_frame

if TYPE_CHECKING:
    from sapave.sim.world import World

STEP = 0.13
"""Distance of the lattice's poses in yaw and pitch [rad]."""
SPAN = 0.3
"""Poses this near to the direction of a thing in yaw and pitch are tried [rad]: beyond, it is not central."""
LEAST = 12
"""A thing with fewer pixels is too small to be seen [px]."""
Node = tuple[int, int]
"""Indices of a lattice pose: yaw and pitch are STEP times these."""


@dataclass(frozen=True)
class Viewpoint:
    """How a thing can be looked at."""

    gaze: np.ndarray
    """[2] rad: the best view, verified by rendering there."""
    fraction: float
    """Visible fraction there."""
    region: tuple[Node, ...]
    """Acceptable poses of the lattice: at least 60 % visible, within 20 degrees of the axis, not cut by the border."""


def viewpoints(world: World, names: list[str]) -> dict[str, Viewpoint]:
    """The viewpoint of every thing that can be seen well from somewhere within the head's limits."""
    aims = {name: gaze_at(world.model, world.position(name)) for name in names}
    near = {name: _nodes_near(aim, world.robot.head_limits) for name, aim in aims.items()}
    seen = {node: _counts(world, node) for node in sorted({n for nodes in near.values() for n in nodes})}
    found = {}
    for name in names:
        view = _viewpoint(world, name, aims[name], near[name], seen)
        if view is not None:
            found[name] = view
    return found


def pose_of(node: Node | np.ndarray) -> np.ndarray:
    """Head pose [2] rad of a lattice node; of several [n, 2], those."""
    return np.array(node) * STEP


def acceptable(region: tuple[Node, ...] | list[Node], head: np.ndarray) -> bool:
    """Is head pose [2] rad in a region (its nearest lattice pose is acceptable)?"""
    node = tuple(int(v) for v in np.round(np.asarray(head) / STEP))
    return any(node == tuple(other) for other in region)


def _nodes_near(aim: np.ndarray, limits: np.ndarray) -> list[Node]:
    low = np.maximum(aim - SPAN, limits[:, 0])
    high = np.minimum(aim + SPAN, limits[:, 1])
    ranges = [range(int(np.ceil(a / STEP)), int(np.floor(b / STEP)) + 1) for a, b in zip(low, high, strict=True)]
    return [(i, j) for i in ranges[0] for j in ranges[1]]


def _counts(world: World, node: Node) -> tuple[np.ndarray, set[int]]:
    """Pixels of every instance at a pose [256], and the instances that the border cuts."""
    with head_at(world.model, world.data, pose_of(node)):
        ids = world.segment()
    border = np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]])
    return np.bincount(ids.ravel(), minlength=256), set(border.tolist())


def _viewpoint(world: World, name: str, aim: np.ndarray, nodes: list[Node], seen: dict[Node, Any]) -> Viewpoint | None:
    number, at = world.instances[name], world.position(name)
    centre = np.clip(aim, *world.robot.head_limits.T)
    with head_at(world.model, world.data, centre):
        alone, cosine = conditions.alone_pixels(world, name), _cosine(centre, at)
    if alone < LEAST:
        return None
    region = []
    for node in nodes:
        counts, cut = seen[node]
        slant = _cosine(pose_of(node), at)
        whole = alone * (cosine / max(slant, 0.3)) ** 3  # a thing covers more of the picture toward its border
        if slant >= np.cos(conditions.CENTRAL) and number not in cut and counts[number] >= conditions.SEEN * whole:
            region.append(node)
    tries = [centre, *(pose_of(n) for n in sorted(region, key=lambda n: float(np.abs(pose_of(n) - centre).sum())))]
    for pose in tries[:4]:
        fraction = conditions.from_gaze(world, pose, name)
        if fraction >= conditions.SEEN:
            return Viewpoint(np.asarray(pose, float), fraction, tuple(region))
    return None


def _cosine(head: np.ndarray, point: np.ndarray) -> float:
    """Cosine of the angle between the optical axis at head pose [2] rad and a point [3] m."""
    eye, rotation = camera_frame(head)
    way = point - eye
    return float(rotation[:, 2] @ way / np.linalg.norm(way))
