"""Forward kinematics of serial chains in numpy, batched, from plain numbers (no simulator needed)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sapave.base.geometry import quat_to_matrix


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A fixed base, n hinges in a row, and a tip: the pose of the tip from the joint angles."""

    index: tuple[int, ...]
    """Where this chain's n joints stand in the stream's vector."""
    offsets: np.ndarray
    """[n, 3] origin of each hinge in the frame before it [m]."""
    rotations: np.ndarray
    """[n, 3, 3] orientation of each hinge's frame in the frame before it, at angle zero."""
    axes: np.ndarray
    """[n, 3] unit axis of each hinge in its own frame."""
    tip: np.ndarray
    """[3] the tip in the frame after the last hinge [m]."""

    @classmethod
    def from_numbers(
        cls,
        index: Sequence[int],
        offsets: Sequence[Sequence[float]],
        quats: Sequence[Sequence[float]],
        axes: Sequence[Sequence[float]],
        tip: Sequence[float],
    ) -> Chain:
        """From lists: n stream indices, offsets [n, 3] m, quaternions wxyz [n, 4], axes [n, 3], tip [3] m."""
        if not len(index) == len(offsets) == len(quats) == len(axes):
            raise ValueError(
                f"chain: {len(index)} indices, {len(offsets)} offsets, {len(quats)} quaternions, {len(axes)} axes;"
                " expected the same number of each"
            )
        return cls(
            index=tuple(int(i) for i in index),
            offsets=np.asarray(offsets, float),
            rotations=np.stack([quat_to_matrix(np.asarray(q)) for q in quats]),
            axes=np.asarray(axes, float),
            tip=np.asarray(tip, float),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain lists for a JSON file; `from_dict` reads them back."""
        return {
            "index": list(self.index),
            "offsets": self.offsets.tolist(),
            "rotations": self.rotations.tolist(),
            "axes": self.axes.tolist(),
            "tip": self.tip.tolist(),
        }

    @classmethod
    def from_dict(cls, numbers: Mapping[str, Any]) -> Chain:
        """A chain from what `to_dict` wrote; KeyError for a missing field."""
        return cls(
            index=tuple(numbers["index"]),
            offsets=np.asarray(numbers["offsets"], float),
            rotations=np.asarray(numbers["rotations"], float),
            axes=np.asarray(numbers["axes"], float),
            tip=np.asarray(numbers["tip"], float),
        )

    def __len__(self) -> int:
        return len(self.index)

    def pose(self, stream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tip position [..., 3] m and rotation [..., 3, 3] in the base frame, from a stream vector [..., N] rad."""
        angles = np.asarray(stream, float)[..., list(self.index)]
        return self.frames(angles)[:2]

    def frames(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """From joint angles [..., n] rad: tip position [..., 3], tip rotation [..., 3, 3], and in the base
        frame each hinge's origin [..., n, 3] and axis [..., n, 3]."""
        angles = np.asarray(angles, float)
        turns = self._turns(angles)
        position = np.zeros((*angles.shape[:-1], 3))
        rotation = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
        origins, directions = np.empty((*angles.shape, 3)), np.empty((*angles.shape, 3))
        for i in range(len(self)):
            position = position + rotation @ self.offsets[i]
            rotation = rotation @ self.rotations[i]
            origins[..., i, :] = position
            directions[..., i, :] = rotation @ self.axes[i]
            rotation = rotation @ turns[..., i, :, :]
        return position + rotation @ self.tip, rotation, origins, directions

    def jacobian(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tip position [..., 3], rotation [..., 3, 3] and Jacobian [..., 6, n] (linear over angular, base frame)."""
        position, rotation, origins, directions = self.frames(angles)
        arms = position[..., None, :] - origins
        ax, ay, az = directions[..., 0], directions[..., 1], directions[..., 2]
        rx, ry, rz = arms[..., 0], arms[..., 1], arms[..., 2]
        rows = np.empty((*ax.shape[:-1], 6, len(self)))
        rows[..., 0, :] = ay * rz - az * ry
        rows[..., 1, :] = az * rx - ax * rz
        rows[..., 2, :] = ax * ry - ay * rx
        rows[..., 3, :], rows[..., 4, :], rows[..., 5, :] = ax, ay, az
        return position, rotation, rows

    def _turns(self, angles: np.ndarray) -> np.ndarray:
        """Rotation of each hinge [..., n, 3, 3] about its axis (Rodrigues)."""
        cross, square = self._crosses
        return np.eye(3) + np.sin(angles)[..., None, None] * cross + (1 - np.cos(angles))[..., None, None] * square

    @cached_property
    def _crosses(self) -> tuple[np.ndarray, np.ndarray]:
        """Cross-product matrices of the axes [n, 3, 3], and their squares."""
        x, y, z = self.axes.T
        zero = np.zeros_like(x)
        cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
        return cross, cross @ cross
