"""Building blocks of the experts in plain numpy: where to look, how a hand meets an object, following a path of joints.

Everything about arms is written for the left one; `base/mirror.py` carries it to the right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from sapave.sim.robots._inspire import GRASP
from sapave.sim.robots.g1 import CAMERA, HEAD_LIMITS, NECK, TORSO
from sapave.sim.turns import turn_x, turn_y, turn_z

NECK_POSITION = np.add(NECK, TORSO)
"""[3] pivot of both head joints in the base frame [m]."""
PALM_DEPTH = -GRASP[1] - 0.014
"""From the grasp point to the palm's skin [m]."""
THUMB_ROTATION = 1.27
THUMB_ASIDE = (0.1, 0.4)
"""Bend and rotation of a thumb that comes from the side and swings in when the hand closes: for narrow places [rad]."""
QUICK, GENTLE = 0.15, 0.06
"""How fast a hand closes [rad/tick]; gently where the thumb comes from the side: else round things are thrown off."""


def gaze(point: np.ndarray) -> np.ndarray:
    """Head yaw and pitch [2] rad that bring a point [3] m of the base frame to the image centre, within limits."""
    return _gaze(*np.asarray(point, float).tolist()).copy()


@lru_cache(maxsize=256)
def _gaze(*point: float) -> np.ndarray:
    x, y, z = np.asarray(point) - NECK_POSITION
    flat, distance = np.hypot(x, y), np.sqrt(x * x + y * y + z * z)
    pitch = np.arctan2(z, flat) - np.arcsin(np.clip(CAMERA[2] / max(distance, 1e-6), -1, 1))
    return np.clip([np.arctan2(y, x), pitch], *np.transpose(HEAD_LIMITS))


def camera_frame(head: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Head camera in the base frame at head pose [2] rad: position [3] m and rotation [3, 3] (OpenCV axes)."""
    yaw, pitch = head
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    forward, left = np.array([cy * cp, sy * cp, sp]), np.array([-sy, cy, 0.0])
    up = np.array([-cy * sp, -sy * sp, cp])
    return NECK_POSITION + CAMERA[0] * forward + CAMERA[2] * up, np.stack([-left, -up, forward], axis=1)


@dataclass(frozen=True, kw_only=True)
class Grasp:
    """One way to meet an object with the left hand."""

    yaw: float
    """Heading of the fingers about z [rad], 0 = forward."""
    pitch: float
    """Fingers below the horizontal [rad]."""
    tilt: float
    """Roll of the palm towards the table [rad]: 0 = palm inward, thumb up; pi/2 = palm down."""
    height: float = 0.0
    """Grasp point above the object's centre [m]."""
    gap: float = 0.004
    """Between palm and object [m]."""
    reach: float = -0.004
    """Extra shift along the fingers [m]."""
    approach: float = 0.3
    """Direction of the last stretch: 0 = along the fingers, pi/2 = along the palm's normal [rad]."""
    close: tuple[float, float] = (1.2, 0.47)
    """Finger and thumb targets of the closed hand [rad]."""

    thumb: tuple[float, float] = (0.03, THUMB_ROTATION)
    """Bend and rotation of the open thumb [rad]."""
    closing: float = QUICK
    """How fast the hand closes [rad/tick]."""
    thumb_waits: float = 0.0
    """The thumb stays open until the fingers are closed by so much (share of `close`)."""

    def rotation(self) -> np.ndarray:
        """[3, 3] hand in base."""
        return turn_z(self.yaw) @ turn_y(self.pitch) @ turn_x(self.tilt)

    def position(self, centre: np.ndarray, extent: Callable[[np.ndarray], float]) -> np.ndarray:
        """Grasp point [3] m for an object at centre [3] m that reaches `extent(direction)` m from it."""
        rotation = self.rotation()
        heading = np.array([np.cos(self.yaw), np.sin(self.yaw), 0.0])
        thickness, length = extent(rotation[:, 1]), extent(-heading)
        offset = np.array([-self.reach - 1.6 * (length - 0.03), thickness + self.gap - PALM_DEPTH, 0.0])
        return centre + rotation @ offset + np.array([0.0, 0.0, self.height])

    def direction(self) -> np.ndarray:
        """[3] unit vector of the last stretch in the base frame."""
        return self.rotation() @ np.array([np.cos(self.approach), -np.sin(self.approach), 0.0])

    def closed(self) -> np.ndarray:
        """[6] hand targets of the closed hand [rad]."""
        finger, thumb = self.close
        return np.array([finger] * 4 + [thumb, THUMB_ROTATION])

    def close_step(self, hand: np.ndarray) -> np.ndarray:
        """One tick of closing from hand targets [6] rad: increments [6] rad."""
        step = np.clip(self.closed() - hand, -self.closing, self.closing)
        if float(np.mean(hand[:4])) < self.thumb_waits * self.close[0]:
            step[4:] = 0.0
        return step

    def opened(self) -> np.ndarray:
        """[6] hand targets of the hand ready to grasp [rad]."""
        return np.array([0.0] * 4 + list(self.thumb))

    def released(self) -> np.ndarray:
        """[6] hand targets that let go [rad]: the thumb swings aside, else a round thing stays wedged under it."""
        return np.array([0.0] * 4 + list(THUMB_ASIDE))


CORRIDOR = 0.06
"""An arm this close to its path follows it [rad]."""
BACK = 1.0
"""An arm beside its path heads for a point this many times as far back as it is outside the corridor."""


@dataclass(frozen=True)
class Path:
    """A polyline of joint angles [n, 7] to be followed from wherever the arm is."""

    points: np.ndarray

    @cached_property
    def _segments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts and spans [n - 1, 7] rad and squared lengths [n - 1] of the segments."""
        spans = np.diff(self.points, axis=0)
        return self.points[:-1], spans, np.maximum((spans**2).sum(1), 1e-9)

    def locate(self, angles: np.ndarray) -> tuple[int, float, float]:
        """Nearest point of the polyline: segment, fraction along it, and distance (largest joint difference) [rad].
        Of points equally near, the later one."""
        starts, spans, squares = self._segments
        fractions = np.clip(((angles - starts) * spans).sum(1) / squares, 0, 1)
        away = np.abs(starts + fractions[:, None] * spans - angles).max(1)
        best = len(away) - 1 - int(np.argmin(away[::-1] - 1e-6))
        return best, float(fractions[best]), float(away[best])

    def next_step(
        self, angles: np.ndarray, speed: float, *, corridor: float = CORRIDOR, slow: float = 1.0
    ) -> np.ndarray:
        """Increment [7] rad (largest entry <= speed) along the path; outside the corridor [rad] back along it, the
        farther the more, so that nothing is knocked over. `slow` scales the speed on the last segment."""
        segment, fraction, away = self.locate(angles)
        if segment == len(self.points) - 2 and away <= corridor:
            speed = speed * slow
        ahead = max(1.5 * speed, min(away, corridor))
        goal = self._ahead(segment, fraction, ahead - BACK * max(0.0, away - corridor))
        delta = goal - angles
        return delta * min(1.0, speed / max(float(np.abs(delta).max()), 1e-9))

    def _ahead(self, segment: int, fraction: float, distance: float) -> np.ndarray:
        """The point `distance` [rad] (largest joint) farther along; negative: before."""
        if distance < 0:
            return Path(self.points[::-1])._ahead(len(self.points) - 2 - segment, 1 - fraction, -distance)
        for i in range(segment, len(self.points) - 1):
            span = self.points[i + 1] - self.points[i]
            length = max(float(np.abs(span).max()), 1e-9)
            left = (1 - fraction) * length
            if distance <= left:
                return self.points[i] + (fraction + distance / length) * span
            distance, fraction = distance - left, 0.0
        return self.points[-1]


def grasps_for(half_height: float, centre: np.ndarray, side: str) -> list[list[Grasp]]:
    """Grasps worth trying, in groups, the most reliable first; `centre` [3] m of the thing, `side` the hand."""
    y = centre[1] if side == "left" else -centre[1]
    low = half_height < 0.04
    reaches = (-0.004, 0.006) if low else (0.006, 0.014, -0.004)
    if centre[2] > 1.0:
        yaws = np.clip(2.0 * y - 0.5, -0.7, 0.3) + np.array([0.0, 0.15, -0.15, 0.3, -0.3])
        shelf = [(t, p, h) for t in (0.6, 0.8, 0.4) for p in (0.0, -0.1, -0.25, -0.4) for h in (0.0, -0.008, 0.012)]
        more = [(t, p, h) for t in (1.2, 1.0, 0.15) for p in (-0.6, -0.45, -0.3, -0.1, 0.1) for h in (0.0, 0.02)]
        return [_crossed(yaws, shapes, reaches) for shapes in (shelf, more)]
    ahead = np.arctan2(y - 0.16, max(centre[0], 0.05) - 0.02)
    yaws = np.clip(ahead, -0.5, 1.2) + np.array([-0.35, -0.6, -0.1, -0.85, 0.2, 0.5, -1.1])
    heights = (-0.010, -0.006, -0.003) if low else (-0.006, 0.004, 0.015)
    tilts = (0.65, 0.5, 0.8) if low else (0.5, 0.3, 0.7)
    first = [(t, p, h) for t in tilts for p in (0.1, 0.25, -0.05) for h in heights]
    tilts, pitches = ((0.95, 0.65, 0.4), (0.4, 0.2, 0.0, -0.15)) if low else ((0.1, 0.4, 1.0, 1.25), (0.4, 0.2, 0.0))
    rest = [(t, p, h) for t in tilts for p in pitches for h in ((-0.005, -0.013, 0.0) if low else (-0.003, 0.01))]
    beside = [(t, p, h) for t in (0.65, 0.45, 1.05) for p in (0.2, 0.6, 0.4, 0.0) for h in heights]
    swung = _crossed(ahead + np.array([0.0, -0.2, 0.2, -0.4, 0.4]), beside, (0.002, -0.006))
    if half_height < 0.027:
        above = [(t, p, h) for t in (1.42,) for p in (0.3, 0.5) for h in (-0.006, -0.010)]
        swung = _crossed(np.array([-0.7, -0.5, -0.9, -0.3]), above, (0.0,)) + swung
    swung = [replace(g, thumb=THUMB_ASIDE, approach=1.1, closing=GENTLE) for g in swung]
    return [_crossed(yaws, first, reaches), swung, _crossed(yaws, rest, reaches)]


ROOM = ((0.012, 0.0), (0.012, 0.012), (0.022, 0.012))
"""More between palm and thing, and higher above its middle, for what bulges above the middle [m]."""


def last_grasps_for(half_height: float, centre: np.ndarray, side: str) -> list[list[Grasp]]:
    """As `grasps_for`, for when none of those fits: the palm farther off and higher up."""
    _, swung, *_ = (*grasps_for(half_height, centre, side), [])
    few = [g for g in swung if g.closing == GENTLE and g.reach > -0.006]
    return [[replace(g, gap=gap, height=g.height + up) for g in few] for gap, up in ROOM]


def _crossed(yaws: np.ndarray, shapes: list[tuple[float, float, float]], reaches: tuple[float, ...]) -> list[Grasp]:
    return [
        Grasp(yaw=float(yaw), pitch=pitch, tilt=tilt, height=height, reach=reach)
        for reach in reaches
        for tilt, pitch, height in shapes
        for yaw in yaws
    ]
