"""Latency: images and measured joints show how things were some ticks ago; the robot's own targets are current."""

from __future__ import annotations

from collections import deque

import mujoco
import numpy as np

from sapave.sim.axes._axis import Axis, Change
from sapave.sim.world import World


class Late(Change):
    """Remembers the last states and shows the oldest."""

    def __init__(self, name: str, strength: float, seed: int) -> None:
        super().__init__(name, strength, seed)
        self._past: deque[tuple[np.ndarray, np.ndarray, np.ndarray]] = deque(maxlen=round(strength))

    def start(self, world: World) -> None:
        """Nothing has happened yet."""
        self._past.clear()

    def tick(self, world: World) -> None:
        """Remember the moment that ends."""
        data = world.data
        self._past.append((data.qpos.copy(), data.mocap_pos.copy(), data.mocap_quat.copy()))

    def sensed(self, world: World) -> mujoco.MjData | None:
        """The moment `strength` ticks ago, or the first one."""
        if not self._past:
            return None
        data = world.spare_data
        data.qpos[:], data.mocap_pos[:], data.mocap_quat[:] = self._past[0]
        mujoco.mj_kinematics(world.model, data)
        mujoco.mj_camlight(world.model, data)
        return data


AXIS = Axis(
    name="latency",
    doc="Images and measured joints are some ticks old; the robot's own targets are current.",
    change=Late,
    alters=frozenset({"sensing"}),
    strength=3.0,
    unit="ticks of 40 ms",
    low=1.0,
    high=25.0,
    whole=True,
)
