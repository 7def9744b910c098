"""The robot seen in the mirror of its own middle plane (y -> -y): what one hand does, the other could do."""

from __future__ import annotations

import numpy as np

ARM = np.array([1.0, -1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
"""Signs of the seven joints of an arm (pitch, roll, yaw, elbow, wrist roll, pitch, yaw)."""
_SWAP = np.r_[7:14, 0:7, 20:26, 14:20]
_SIGN = np.r_[ARM, ARM, np.ones(12)]
HEAD = np.array([-1.0, 1.0])
"""Signs of yaw and pitch."""
POINT = np.array([1.0, -1.0, 1.0])


def mirror_point(point: np.ndarray) -> np.ndarray:
    """A point [..., 3] m."""
    return point * POINT


def mirror_arm(angles: np.ndarray) -> np.ndarray:
    """Joint angles [..., 7] rad of the other arm."""
    return angles * ARM


def mirror_head(angles: np.ndarray) -> np.ndarray:
    """Head joints [..., 2] rad, or motion of them."""
    return angles * HEAD


def mirror_other(angles: np.ndarray) -> np.ndarray:
    """Arms and hands [..., 26] rad, or motion of them: left and right change places."""
    return angles[..., _SWAP] * _SIGN


def mirror_rotation(rotation: np.ndarray) -> np.ndarray:
    """A hand's rotation [3, 3], mirrored in the base frame and in the hand's own."""
    return np.diag(POINT) @ rotation @ np.diag(POINT)
