"""A scripted scan, then the trained policy: the head sweeps a grid until a perfect detector knows the target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.types import N_OTHER, ActionChunk, Observation, Policy
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import learned, toward

if TYPE_CHECKING:
    from sapave.sim.world import World

YAWS, PITCHES = (-1.2, -0.6, 0.0, 0.6, 1.2), (-0.85, -0.25)
"""The grid [rad]: its pictures overlap (82 x 65 degrees each) and cover counters and shelf."""
DETECTED = 0.10
"""The detector knows the target from this visible fraction on; it reads the simulator and never errs."""
ARRIVED = 0.05
"""The head has reached a stop when it is this near [rad]."""


def stops(start: np.ndarray) -> list[np.ndarray]:
    """Head poses [2] rad in the order of the scan: the lower row outward from the nearer end, the upper row back."""
    yaws = sorted(YAWS, reverse=bool(start[0] > 0))
    return [np.array([yaw, PITCHES[0]]) for yaw in yaws] + [np.array([yaw, PITCHES[1]]) for yaw in reversed(yaws)]


class Scan:
    """Arms rest while the head scans; from the first sight on, all is the policy's."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.handed_over = False
        self._world: World | None = None
        self._stops: list[np.ndarray] | None = None

    def reset(self, seed: int) -> None:
        """Scan anew."""
        self.policy.reset(seed)
        self.handed_over, self._stops, self._world = False, None, None

    def bind(self, world: Any) -> None:
        """The world that the detector reads."""
        self._world = world

    def act(self, observation: Observation) -> ActionChunk:
        """Go on scanning, or act; ValueError before `bind`."""
        if self._world is None:
            raise ValueError("scan: no world yet; call bind(world) after reset(seed)")
        if self._stops is None:
            self._stops = stops(observation.head)
        if self._stops and np.abs(observation.head - self._stops[0]).max() < ARRIVED:
            self._stops = self._stops[1:]
        if not self.handed_over:
            self.handed_over = not self._stops or self._world.visible_fraction() >= DETECTED
        if self.handed_over:
            return self.policy.act(observation)
        head = toward(observation.head_target, self._stops[0])
        return ActionChunk(head=head, other=np.zeros((len(head), N_OTHER)))


def make(*, checkpoint: Path | None = None) -> Scan:
    """The scan before the policy of `checkpoint` (the shipped one by default)."""
    return Scan(learned(checkpoint))


POLICY = PolicyEntry(
    name="scan",
    doc="A scripted scan until a perfect detector sees the target, then the trained policy.",
    make=make,
    learned=True,
)
