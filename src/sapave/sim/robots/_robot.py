"""What a robot is to the simulator: named joints in stream order, limits, a rest pose, cameras, and how to build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import mujoco
import numpy as np

from sapave.base.kinematics import Chain


class Builder(Protocol):
    """Adds a robot to a spec, standing at the world's origin and facing +x."""

    def __call__(self, spec: mujoco.MjSpec, *, meshes: bool = False) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Robot:
    """A robot of two streams: `head` (the camera's joints) and `other` (arms and hands)."""

    name: str
    head_joints: tuple[str, ...]
    """MuJoCo joint names, order of the head stream."""
    other_joints: tuple[str, ...]
    """MuJoCo joint names, order of the other stream."""
    limits: np.ndarray
    """[n, 2] joint limits [rad], head joints first, then the other stream."""
    step_limit: np.ndarray
    """[n] largest change of a joint target in one control tick [rad], same order."""
    rest_head: np.ndarray
    """Default head pose [rad]."""
    rest_other: np.ndarray
    """Default pose of arms and hands [rad]."""
    followers: Mapping[str, tuple[str, float]]
    """Coupled joints: joint -> (leading joint, ratio); each has a servo of its own that follows the leader's target."""
    chains: Mapping[str, Chain]
    """`left`, `right`: base to grasp point, from the other stream."""
    cameras: Mapping[str, tuple[int, int]]
    """Camera name -> default (width, height) px."""
    add: Builder = field(repr=False)
    """Build it into a spec."""

    @property
    def head_limits(self) -> np.ndarray:
        """[n_head, 2] rad."""
        return self.limits[: len(self.head_joints)]

    @property
    def other_limits(self) -> np.ndarray:
        """[n_other, 2] rad."""
        return self.limits[len(self.head_joints) :]

    @property
    def head_step(self) -> np.ndarray:
        """[n_head] rad per tick."""
        return self.step_limit[: len(self.head_joints)]

    @property
    def other_step(self) -> np.ndarray:
        """[n_other] rad per tick."""
        return self.step_limit[len(self.head_joints) :]
