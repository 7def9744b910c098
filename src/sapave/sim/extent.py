"""How far a geom reaches in a direction: what a hand must know of an object's size."""

from __future__ import annotations

import mujoco
import numpy as np


def outline(model: mujoco.MjModel, geom: int) -> tuple[int, np.ndarray]:
    """Type of a geom, and its size [3] m or, of a mesh, its vertices [n, 3] m in the geom's frame."""
    kind = int(model.geom_type[geom])
    if kind != mujoco.mjtGeom.mjGEOM_MESH:
        return kind, model.geom_size[geom]
    mesh = model.geom_dataid[geom]
    first = model.mesh_vertadr[mesh]
    return kind, model.mesh_vert[first : first + model.mesh_vertnum[mesh]]


def support(kind: int, size: np.ndarray, at: np.ndarray, axes: np.ndarray, direction: np.ndarray) -> float:
    """Reach of one primitive or mesh (`size` as from `outline`) along a unit direction [3], from the object's centre
    [m]."""
    local = axes.T @ direction
    shapes = mujoco.mjtGeom
    if kind == shapes.mjGEOM_BOX:
        reach = float(np.abs(local) @ size)
    elif kind == shapes.mjGEOM_CYLINDER:
        reach = float(size[0] * np.hypot(local[0], local[1]) + size[1] * abs(local[2]))
    elif kind == shapes.mjGEOM_CAPSULE:
        reach = float(size[0] + size[1] * abs(local[2]))
    elif kind == shapes.mjGEOM_ELLIPSOID:
        reach = float(np.linalg.norm(local * size))
    elif kind == shapes.mjGEOM_MESH:
        reach = float((size @ local).max())
    else:
        reach = float(size[0])
    return reach + float(at @ direction)
