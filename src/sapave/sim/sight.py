"""Does the head camera see a thing? By rays instead of rendering, and blind to the robot's own arms."""

from __future__ import annotations

import mujoco
import numpy as np

from sapave.sim.robots._parts import GROUP
from sapave.sim.robots.g1 import FOVY
from sapave.sim.skills import camera_frame

WELL_SEEN = 0.6
"""Share of the sample points that must be free for a thing to count as seen."""
INNER = 0.9
"""The thing must lie inside this part of the image."""
_GROUPS = np.array([g != GROUP for g in range(6)], np.uint8)


def sample_points(centre: np.ndarray, radius: float, half_height: float) -> np.ndarray:
    """[9, 3] points of an upright thing [m]: middle, and a cross on its silhouette at three heights."""
    side = np.array([-centre[1], centre[0], 0.0]) / max(float(np.hypot(centre[0], centre[1])), 1e-6)
    across = (-0.7 * radius, 0.0, 0.7 * radius)
    up = np.array([0.0, 0.0, 1.0])
    return np.array([centre + a * side + h * half_height * up for h in (-0.7, 0.0, 0.7) for a in across])


def in_frame(head: np.ndarray, points: np.ndarray, aspect: float = 176 / 128, inner: float = INNER) -> bool:
    """Would all points [n, 3] m lie in the inner part of the head image at head pose [2] rad?"""
    eye, axes = camera_frame(head)
    x, y, z = ((points - eye) @ axes).T
    half = inner * np.tan(np.deg2rad(FOVY) / 2)
    return bool(np.all(z > 0.05) and np.all(np.abs(y) < half * z) and np.all(np.abs(x) < half * aspect * z))


def free_share(model: mujoco.MjModel, data: mujoco.MjData, head: np.ndarray, points: np.ndarray, body: int) -> float:
    """Share of points [n, 3] m of `body` that nothing but the robot or the body itself hides from head pose [2]."""
    eye, _ = camera_frame(head)
    rays = points - eye
    lengths = np.linalg.norm(rays, axis=1)
    n = len(points)
    geoms, distances = np.zeros(n, np.int32), np.zeros(n)
    directions = (rays / lengths[:, None]).ravel()
    mujoco.mj_multiRay(model, data, eye, directions, _GROUPS, 1, body, geoms, distances, None, n, 3.0)
    return float(np.mean((geoms < 0) | (distances > lengths)))
