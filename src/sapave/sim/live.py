"""Watch a world in the browser (viser): every visible geom as a primitive, moved after each tick. Needs no OpenGL."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

from sapave.base import geometry

VISIBLE_GROUPS = (0, 1, 2)
"""Geom groups that the rendered images show too."""
PLANE_HALF = 2.0
"""Half side of a plane that the model calls endless [m]."""


class Live:
    """A viser server that shows one model."""

    def __init__(self, model: mujoco.MjModel, *, port: int = 8080) -> None:
        """Open the server on `port`; the page's address is printed by viser."""
        import viser

        self._model = model
        self._server = viser.ViserServer(port=port)
        self._server.scene.set_up_direction("+z")
        self._server.initial_camera.position = (1.15, -0.95, 1.75)
        self._server.initial_camera.look_at = (0.12, 0.0, 0.98)
        self.handles: dict[int, Any] = {}
        """viser's handle of every visible geom, by geom id."""
        for index in range(model.ngeom):
            if model.geom_group[index] in VISIBLE_GROUPS and colour(model, index)[3] > 0:
                self.handles[index] = add_geom(self._server.scene, model, index)
        self._text = self._server.gui.add_markdown("")

    def update(self, data: mujoco.MjData, text: str = "") -> None:
        """Move every geom to where `data` has it and show `text` beside the scene."""
        with self._server.atomic():
            for index, handle in self.handles.items():
                handle.position = data.geom_xpos[index]
                handle.wxyz = geometry.matrix_to_quat(data.geom_xmat[index].reshape(3, 3))
        if text != self._text.content:
            self._text.content = text

    def close(self) -> None:
        """Stop the server."""
        self._server.stop()


def colour(model: mujoco.MjModel, index: int) -> np.ndarray:
    """RGBA [4] in 0..1 of a geom: its material's, else its own."""
    material = model.geom_matid[index]
    return model.mat_rgba[material] if material >= 0 else model.geom_rgba[index]


def add_geom(scene: Any, model: mujoco.MjModel, index: int) -> Any:
    """Add one geom to a viser scene; the handle that moves it. ValueError for a type that viser cannot show."""
    size = model.geom_size[index]
    rgba = colour(model, index)
    kind = mujoco.mjtGeom(model.geom_type[index])
    name = f"/geoms/{index}"
    look: dict[str, Any] = {"color": tuple(int(255 * c) for c in rgba[:3])}
    if rgba[3] < 1:
        look["opacity"] = float(rgba[3])
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        return scene.add_box(name, dimensions=tuple(2 * size), **look)
    if kind == mujoco.mjtGeom.mjGEOM_PLANE:
        half = np.where(size[:2] > 0, size[:2], PLANE_HALF)
        return scene.add_box(name, dimensions=(2 * half[0], 2 * half[1], 0.002), **look)
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return scene.add_icosphere(name, radius=float(size[0]), **look)
    if kind == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        return scene.add_icosphere(name, radius=1.0, scale=tuple(size), **look)
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        return scene.add_cylinder(name, radius=float(size[0]), height=float(2 * size[1]), **look)
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        from trimesh import creation

        # trimesh measures a capsule's height between the centres of its caps, as MuJoCo's half length does
        shape = creation.capsule(height=float(2 * size[1]), radius=float(size[0]), count=[12, 12])
        return scene.add_mesh_simple(name, vertices=np.asarray(shape.vertices), faces=np.asarray(shape.faces), **look)
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[index]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        start, faces = model.mesh_faceadr[mesh], model.mesh_facenum[mesh]
        return scene.add_mesh_simple(
            name, vertices=model.mesh_vert[first : first + count], faces=model.mesh_face[start : start + faces], **look
        )
    raise ValueError(f"geom {index} ({kind.name}): the live view shows boxes, planes, balls, cylinders, meshes only")
