"""How a thing lies on its side: with its top along +x before it is turned about the vertical."""

from __future__ import annotations

import numpy as np

from sapave.base.geometry import matrix_to_quat, quat_to_matrix
from sapave.sim.extent import support
from sapave.sim.objects._family import Shape
from sapave.sim.turns import turn_y, turn_z


def lying_quat(shape: Shape) -> np.ndarray:
    """Orientation [4] wxyz on the broader of its sides."""
    return _lying(shape)[0]


def lying_height(shape: Shape) -> float:
    """From the support to the centre of the lying thing [m]."""
    return _lying(shape)[1]


def reach(shape: Shape, direction: np.ndarray) -> float:
    """How far what is felt of a thing goes from its centre in a direction [3] of its own frame [m]."""
    parts = [p for p in shape.parts if p.solid]
    return max(
        support(
            int(p.shape),
            np.asarray(p.size) if p.mesh is None else p.mesh.vertices,
            np.asarray(p.pos),
            quat_to_matrix(np.asarray(p.quat)),
            direction,
        )
        for p in parts
    )


def _lying(shape: Shape) -> tuple[np.ndarray, float]:
    found = []
    for roll in (0.0, np.pi / 2):
        rotation = turn_y(np.pi / 2) @ turn_z(roll)
        found.append((rotation, reach(shape, rotation.T @ np.array([0.0, 0.0, -1.0]))))
    rotation, height = min(found, key=lambda f: round(f[1], 4))
    return matrix_to_quat(rotation), height
