"""Rendering in software, fast: colour and metric depth from one call, instance ids, and where to aim the head."""

from __future__ import annotations

import atexit
import importlib
from functools import cache
from typing import Any

import mujoco
import numpy as np

from sapave.base import geometry
from sapave.sim.gl import ensure_gl


@cache
def _gl_context() -> Any:
    """The process's one OpenGL context (a second one renders nothing, silently)."""
    # mujoco picks its GLContext class when it is imported; a user may have imported it before us, so pick again.
    chosen = ensure_gl()
    module = importlib.import_module(f"mujoco.{chosen}") if chosen in ("osmesa", "egl") else mujoco
    try:
        context = module.GLContext(1024, 768)
        context.make_current()
    except (ImportError, RuntimeError) as error:  # the library is there, but no device that draws
        raise ValueError(
            f"MUJOCO_GL={chosen} cannot draw here ({str(error).split('. ')[0]}); try MUJOCO_GL=osmesa"
        ) from error
    atexit.register(context.free)
    return context


class Eye:
    """Renders one model; every image goes through the process's single OpenGL context."""

    def __init__(self, model: mujoco.MjModel) -> None:
        _gl_context()
        self._model = model
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 64)
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = (1, 1, 1, 0, 0, 0)
        self._options.sitegroup[:] = 0
        self._camera = mujoco.MjvCamera()
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)

    def close(self) -> None:
        """Free the GL buffers of this model."""
        self._context.free()

    def _update(self, data: mujoco.MjData, camera: str) -> None:
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = camera_id(self._model, camera)
        mujoco.mjv_updateScene(
            self._model, data, self._options, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )

    def _draw(self, width: int, height: int, depth: bool) -> tuple[np.ndarray, np.ndarray | None]:
        viewport = mujoco.MjrRect(0, 0, width, height)
        rgb = np.empty((height, width, 3), np.uint8)
        buffer = np.empty((height, width), np.float32) if depth else None
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)  # another eye may have drawn since
        mujoco.mjr_render(viewport, self._scene, self._context)
        mujoco.mjr_readPixels(rgb, buffer, viewport, self._context)
        return rgb[::-1], buffer[::-1] if buffer is not None else None

    def look(self, data: mujoco.MjData, camera: str, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        """RGB uint8 [H, W, 3] and depth float32 [H, W] m (along the optical axis) from one render call."""
        self._update(data, camera)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 0
        rgb, z = self._draw(width, height, depth=True)
        assert z is not None
        near = self._model.vis.map.znear * self._model.stat.extent
        far = self._model.vis.map.zfar * self._model.stat.extent
        return np.ascontiguousarray(rgb), (near / (1.0 - z * (1.0 - near / far))).astype(np.float32)

    def bodies(
        self, data: mujoco.MjData, camera: str, width: int, height: int, only: frozenset[int] | None = None
    ) -> np.ndarray:
        """Body id of the geom seen at each pixel, int32 [H, W]; -1 for none. `only` hides all other geoms (by id)."""
        self._update(data, camera)
        scene = self._scene
        if only is not None:
            self._keep(only)
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 1
        scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 1
        rgb, _ = self._draw(width, height, depth=False)
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 0
        scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 0
        table = np.full(scene.ngeom + 1, -1, np.int32)
        for i in range(scene.ngeom):
            geom = scene.geoms[i]
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.segid >= 0:
                table[geom.segid + 1] = self._model.geom_bodyid[geom.objid]
        index = (
            rgb[..., 0].astype(np.int32) + (rgb[..., 1].astype(np.int32) << 8) + (rgb[..., 2].astype(np.int32) << 16)
        )
        return table[np.minimum(index, scene.ngeom)]

    def _keep(self, only: frozenset[int]) -> None:
        """Make every geom but `only` transparent to the segmentation pass."""
        for i in range(self._scene.ngeom):
            geom = self._scene.geoms[i]
            if geom.objtype != mujoco.mjtObj.mjOBJ_GEOM or geom.objid not in only:
                geom.segid = -1


def camera_id(model: mujoco.MjModel, camera: str) -> int:
    """Index of a camera, or KeyError with the names that exist."""
    index = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_CAMERA, camera)
    if index < 0:
        names = ", ".join(model.camera(i).name for i in range(model.ncam))
        raise KeyError(f"unknown camera '{camera}' (there are: {names})")
    return index


def base_from_camera(data: mujoco.MjData, index: int) -> np.ndarray:
    """OpenCV camera pose [4, 4] in the base frame (MuJoCo's camera looks along -z with y up)."""
    rotation = data.cam_xmat[index].reshape(3, 3) * np.array([1.0, -1.0, -1.0])
    return geometry.make_pose(rotation, data.cam_xpos[index])


def intrinsics_of(model: mujoco.MjModel, index: int, width: int, height: int) -> np.ndarray:
    """Pinhole matrix [3, 3] px of a fixed camera at this image size."""
    return geometry.intrinsics(width, height, np.deg2rad(model.cam_fovy[index]))
