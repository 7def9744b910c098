"""Contact sheet of every object: as small as the head camera sees it, and larger beside."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from sapave.base.shelf import shelf
from sapave.sim.cameras import Eye
from sapave.sim.control import set_physics
from sapave.sim.objects._family import Thing, add_thing, make_thing
from sapave.sim.robots.g1 import FOVY
from sapave.sim.skills import camera_frame, gaze

PLACE = np.array([0.28, 0.16])
"""Where on the counter the head camera sees each thing [m]."""
SMALL, LARGE = 64, 144
"""Side of the two pictures of an object [px]; the small one is cut out of a 176 x 128 image."""
_SPACING = 1.0
_TURN = -2.2
"""Yaw of every thing on the sheet [rad]."""


def every_object() -> list[Thing]:
    """One individual of each object on the shelf, in one of its colours."""
    things = []
    for family in shelf("sapave.sim.objects", "FAMILY").values():
        for i, model in enumerate(family.models):
            colours = model.colours or family.colours
            things.append(make_thing(f"thing{len(things)}", family, colours[i % len(colours)], 0, model=model.name))
    return things


def gathering(things: Sequence[Thing], *, spacing: float = _SPACING, yaw: float = _TURN) -> mujoco.MjSpec:
    """A floor with all things standing in a row along y, `spacing` [m] apart, and one camera like the head's."""
    spec = mujoco.MjSpec()
    set_physics(spec)
    quality = spec.visual.quality
    quality.offsamples, quality.numslices, quality.numstacks = 0, 14, 8
    spec.visual.map.znear, spec.visual.map.zfar = 0.02, 8.0
    spec.stat.extent = 1.0
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1024, 768
    # as bright as the kitchens (sim/scenes/_scene.py), but the same for every thing
    spec.visual.headlight.ambient = (0.4, 0.4, 0.4)
    spec.visual.headlight.diffuse = (0.25, 0.25, 0.25)
    spec.visual.headlight.specular = (0.0, 0.0, 0.0)
    for side in (-1, 1):
        light = spec.worldbody.add_light(pos=(0, 0, 3), dir=(0.25, -0.4 * side, -1.0), diffuse=(0.35, 0.35, 0.33))
        light.type = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
        light.castshadow = False
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=(1.0, spacing * len(things), 0.1),
        pos=(0, spacing * len(things) / 2, -0.1),
        rgba=(0.62, 0.60, 0.56, 1.0),
        contype=1,
        conaffinity=3,
    )
    for i, thing in enumerate(things):
        add_thing(spec, thing, np.array([0.0, spacing * i, thing.half_height + 0.001]), yaw)
    spec.worldbody.add_camera(name="eye", pos=(0, 0, 1), fovy=FOVY)
    return spec


def pictures(things: Sequence[Thing]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each thing the picture in the head camera's size and a larger one, uint8 [S, S, 3]."""
    model = gathering(things).compile()
    data = mujoco.MjData(model)
    eye = Eye(model)
    at = np.array([*PLACE, 0.86])
    where, axes = camera_frame(gaze(at))
    turn = axes * np.array([1.0, -1.0, -1.0])  # MuJoCo's cameras look along -z
    mujoco.mju_mat2Quat(model.cam_quat[0], turn.ravel())
    wide = np.rad2deg(2 * np.arctan(np.tan(np.deg2rad(FOVY) / 2) * SMALL / 128))
    pairs = []
    for i in range(len(things)):
        model.cam_pos[0] = where - at + [0.0, _SPACING * i, 0.03]
        model.cam_fovy[0] = FOVY
        mujoco.mj_forward(model, data)
        image = eye.look(data, "eye", 176, 128)[0]
        top, left = (128 - SMALL) // 2, (176 - SMALL) // 2
        model.cam_fovy[0] = wide
        large = eye.look(data, "eye", LARGE, LARGE)[0]
        pairs.append((image[top : top + SMALL, left : left + SMALL], large))
    eye.close()
    return pairs


def contact_sheet(things: Sequence[Thing], *, columns: int = 8) -> np.ndarray:
    """All pictures with the objects' names, uint8 [H, W, 3]."""
    from PIL import Image, ImageDraw

    gap, line = 6, 14
    width, height = LARGE + SMALL + 2 * gap, LARGE + line + gap
    rows = -(-len(things) // columns)
    canvas = Image.new("RGB", (columns * width + gap, rows * height + gap), (250, 250, 248))
    draw = ImageDraw.Draw(canvas)
    for i, (thing, (small, large)) in enumerate(zip(things, pictures(things), strict=True)):
        x, y = gap + i % columns * width, gap + i // columns * height
        canvas.paste(Image.fromarray(large), (x, y))
        canvas.paste(Image.fromarray(small), (x + LARGE + 2, y + LARGE - SMALL))
        draw.text((x, y + LARGE + 1), thing.model, fill=(20, 20, 20))
    return np.asarray(canvas)
