"""Rotations of a hand as matrices [3, 3]: about an axis, leaning, straightened."""

from __future__ import annotations

import numpy as np


def turn_x(angle: float) -> np.ndarray:
    """Rotation [3, 3] about x [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


def turn_y(angle: float) -> np.ndarray:
    """Rotation [3, 3] about y [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1.0, 0], [-s, 0, c]])


def turn_z(angle: float) -> np.ndarray:
    """Rotation [3, 3] about z [rad]."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def lean_down(rotation: np.ndarray, angle: float) -> np.ndarray:
    """The hand with its fingers `angle` [rad] lower."""
    heading = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return turn_z(heading) @ turn_y(angle) @ turn_z(-heading) @ rotation


def straightened(rotation: np.ndarray, up: np.ndarray) -> np.ndarray:
    """The smallest turn of a hand's rotation [3, 3] that brings a direction `up` [3] of the hand's frame upright."""
    now = rotation @ up
    axis = np.cross(now, [0.0, 0.0, 1.0])
    sin = float(np.linalg.norm(axis))
    if sin < 1e-6:
        return rotation
    x, y, z = axis / sin
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return (np.eye(3) + sin * k + (1 - now[2]) * (k @ k)) @ rotation
