"""A scripted scan with a detector: the head sweeps a grid until the target shows, then turns straight to it.

The rival of looking for what the words ask for: it needs no words, only a detector that knows the target, and pays for
it with head travel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.types import ActionChunk, Observation
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import looking_at
from sapave.policies.scan import ARRIVED, DETECTED, stops
from sapave.sim.skills import gaze

if TYPE_CHECKING:
    from sapave.sim.world import World


class ScanDetector:
    """Moves no arm. `looks`: how many it may need, more than policies that know where to look are given."""

    looks = 11

    def __init__(self) -> None:
        self._world: World | None = None
        self._stops: list[np.ndarray] | None = None

    def reset(self, seed: int) -> None:
        """Scan anew."""
        self._world = self._stops = None

    def bind(self, world: Any) -> None:
        """The world that the detector reads."""
        self._world = world

    def act(self, observation: Observation) -> ActionChunk:
        """Turn to the target once the detector knows it, else to the next stop; ValueError before `bind`."""
        if self._world is None:
            raise ValueError("scan_detector: no world yet; call bind(world) after reset(seed)")
        here = np.asarray(observation.head_target, float)
        name = self._world.target.name
        if self._world.visible_fraction(name) >= DETECTED:
            return looking_at(here, gaze(self._world.position(name)))
        if self._stops is None:
            self._stops = stops(here)
        if self._stops and np.abs(here - self._stops[0]).max() < ARRIVED:
            self._stops = self._stops[1:]
        return looking_at(here, self._stops[0] if self._stops else here)


POLICY = PolicyEntry(
    name="scan_detector",
    doc="A scripted scan until a perfect detector sees the target, then a turn to it; moves no arm.",
    make=ScanDetector,
)
