"""Next-best-view that is told where the target is: the pose that is expected to show it, by the depth map alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.types import ActionChunk, Geometry, Observation
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import arrived, looking_at
from sapave.policies._voxels import Voxels, shown
from sapave.sim.robots.g1 import HEAD_LIMITS
from sapave.sim.sight import sample_points
from sapave.sim.skills import camera_frame, gaze

if TYPE_CHECKING:
    from sapave.sim.world import World

RADIUS, HALF_HEIGHT = 0.04, 0.045
"""A typical thing [m]; only its place is known."""
OWN = 0.08
"""Voxels this near to the target's middle are the target [m]."""
SEEN = 0.6
"""Expected share of the target from which a view is good enough ..."""
GOOD = 0.7
"""... and so is one that shows this much of what the best view shows."""
FINE = 0.025
"""Edge of a voxel [m]: coarser ones make things so thick that they seem to hide what stands near them."""
OFFSETS = np.array([(y, p) for y in (0.0, -0.13, 0.13, -0.26, 0.26) for p in (0.0, -0.13, 0.13, -0.26, 0.26)])
"""Views beside the centred one [rad]."""
CENTRAL = np.deg2rad(19.0)
"""The target stays this near to the optical axis, if the head's limits allow it [rad]."""


class NextBestViewOracle:
    """An upper bound for looking: place known, occlusion judged by what the camera has measured so far."""

    def __init__(self) -> None:
        self.map = Voxels(FINE)
        self._goal: np.ndarray | None = None
        self._world: World | None = None
        self._point: np.ndarray | None = None

    def reset(self, seed: int) -> None:
        """Forget map, world and target."""
        self.map, self._goal, self._world, self._point = Voxels(FINE), None, None, None

    def bind(self, world: Any) -> None:
        """The target is that of this world, wherever it is moved."""
        self._world = world

    def aim(self, point: np.ndarray) -> None:
        """The target is at point [3] m in the base frame."""
        self._point = np.asarray(point, float)

    def act(self, observation: Observation) -> ActionChunk:
        """Take in the depth image; go on to the chosen view, and stay there when it shows the target.

        ValueError before `bind` or `aim`, or without geometry.
        """
        if self._point is not None:
            target = self._point
        elif self._world is not None:
            target = self._world.position(self._world.target.name)
        else:
            raise ValueError("next_best_view_oracle: no target yet; call bind(world) or aim(point) after reset(seed)")
        seen = observation.geometry.get("head", Geometry())
        self.map.see(seen)
        here = np.asarray(observation.head_target, float)
        points = sample_points(target, RADIUS, HALF_HEIGHT)
        if self._goal is None:
            self._goal = self.choose(target)
        elif arrived(here, self._goal) and shown(seen, points, OWN) < SEEN:
            self._goal = self.choose(target)
        return looking_at(here, self._goal)

    def choose(self, target: np.ndarray) -> np.ndarray:
        """The most centred head pose [2] rad that is expected to show enough of a target at [3] m."""
        points = sample_points(target, RADIUS, HALF_HEIGHT)
        order = np.argsort(np.abs(OFFSETS).sum(1), kind="stable")
        poses = np.clip(gaze(target) + OFFSETS[order], *np.transpose(HEAD_LIMITS))
        shares = np.array([self._share(pose, target, points) for pose in poses])
        return poses[int(np.argmax(shares >= min(SEEN, GOOD * shares.max())))]

    def _share(self, pose: np.ndarray, target: np.ndarray, points: np.ndarray) -> float:
        """Expected share of the points [n, 3] m that a head pose shows; below 0 where the target is not central."""
        eye, axes = camera_frame(pose)
        ray = target - eye
        off_axis = float(np.arccos(np.clip(ray @ axes[:, 2] / np.linalg.norm(ray), -1.0, 1.0)))
        return self.map.share_seen(eye, points, OWN) if off_axis <= CENTRAL else -off_axis


POLICY = PolicyEntry(
    name="next_best_view_oracle",
    doc="Next-best-view that knows the target's place: an upper bound for looking; moves no arm.",
    make=NextBestViewOracle,
)
