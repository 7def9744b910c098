"""Conditions measured in rendered pixels: how much of a thing the head sees, and whether it could see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.base import geometry
from sapave.sim import cameras
from sapave.sim.gaze import gaze_at, head_at

if TYPE_CHECKING:
    from sapave.sim.world import World

CONDITIONS = ("unoccluded", "occluded", "out_of_view")
SEEN = 0.60
"""Visible fraction from which a thing counts as well in view."""
HIDDEN = (0.05, 0.40)
"""Visible fraction of an `occluded` target at the start."""
CENTRAL = np.deg2rad(20.0)
"""A well-viewed thing lies within this angle of the optical axis [rad]."""
THROWN = (0.05, 0.5)
"""What was put inside something else is thrown aside when physics begins: then it is farther than this from its place
[m], or still faster than this [m/s]."""
_WIDE = 1.6
"""The endless image is this many times wider, with the same focal length."""


def visible_fraction(world: World, name: str, segment: np.ndarray | None = None) -> float:
    """Pixels of the thing that the head camera sees / pixels it would cover alone on a much wider image."""
    ids = world.segment() if segment is None else segment
    seen = int(np.count_nonzero(ids == world.instances[name]))
    if seen == 0:
        return 0.0
    return min(1.0, seen / max(alone_pixels(world, name), 1))


def alone_pixels(world: World, name: str) -> int:
    """Pixels of the thing with everything else taken away, on an image 1.6 times as wide and high."""
    index = cameras.camera_id(world.model, "head")
    fovy = float(world.model.cam_fovy[index])
    world.model.cam_fovy[index] = np.rad2deg(2 * np.arctan(_WIDE * np.tan(np.deg2rad(fovy) / 2)))
    width, height = int(round(world.width * _WIDE)), int(round(world.height * _WIDE))
    alone = world.eye.bodies(world.data, "head", width, height, only=world.geoms(name))
    world.model.cam_fovy[index] = fovy
    return int(np.count_nonzero(alone >= 0))


def off_axis(world: World, name: str) -> float:
    """Angle between the optical axis and the thing's centre [rad]."""
    index = cameras.camera_id(world.model, "head")
    pose = cameras.base_from_camera(world.data, index)
    point = geometry.transform(geometry.invert(pose), world.position(name))
    return float(np.arctan2(np.hypot(point[0], point[1]), point[2]))


def from_gaze(world: World, gaze: np.ndarray, name: str) -> float:
    """Visible fraction of a thing if the head stood at gaze [2] rad; 0 when it is off the central 20 degrees."""
    with head_at(world.model, world.data, gaze):
        return visible_fraction(world, name) if off_axis(world, name) <= CENTRAL else 0.0


def best_view(world: World, name: str) -> tuple[np.ndarray, float] | None:
    """Nearest head pose [2] rad from which at least 60 % of the thing shows centrally, and its fraction there."""
    centre = gaze_at(world.model, world.position(name))
    offsets = np.array([(y, p) for y in (-0.26, -0.13, 0.0, 0.13, 0.26) for p in (-0.26, -0.13, 0.0, 0.13, 0.26)])
    order = np.argsort(np.abs(offsets).sum(1), kind="stable")
    for gaze in np.clip(centre + offsets[order], *world.robot.head_limits.T):
        fraction = from_gaze(world, gaze, name)
        if fraction >= SEEN:
            return gaze, fraction
    return None


def best_gaze(world: World, name: str) -> np.ndarray | None:
    """The head pose of `best_view`, or None."""
    view = best_view(world, name)
    return None if view is None else view[0]


def as_placed(world: World) -> bool:
    """Is everything still where the layout put it?"""
    for standing in world.layout.standings:
        at, name = np.asarray(standing.xy), standing.thing.name
        away = float(np.linalg.norm(world.position(name)[:2] - at))
        if away > THROWN[0] or float(np.linalg.norm(world.velocity(name)[:3])) > THROWN[1]:
            return False
    return True


def measures_as(world: World, condition: str) -> bool:
    """Does the start of this candidate measure as the condition, and is nothing thrown about? Also sets
    world.best_gaze."""
    if not as_placed(world):
        return False
    rest = world.robot.rest_head
    with head_at(world.model, world.data, rest):
        fraction = visible_fraction(world, world.target.name)
    low, high = HIDDEN
    fits = {"unoccluded": fraction >= SEEN, "occluded": low <= fraction <= high, "out_of_view": fraction == 0.0}
    if not fits[condition]:
        return False
    world.best_gaze = best_gaze(world, world.target.name)
    return world.best_gaze is not None
