"""Next-best-view by volumetric information gain: the head turns to where it would see most of what is still unknown."""

from __future__ import annotations

import numpy as np

from sapave.base.types import ActionChunk, Geometry, Observation
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import arrived, looking_at
from sapave.policies._voxels import Voxels, views

LOOKED = 0.15
"""A pose this near to one that was looked from is not chosen again [rad]."""
ENOUGH = 3.0
"""A view that promises fewer new voxels is not worth a turn."""


class NextBestView:
    """Reads no words and moves no arm: it explores the workspace, view after view, until nothing is left to see."""

    def __init__(self) -> None:
        self.map = Voxels()
        self.promised = 0.0
        """New voxels that the view on the way is expected to show; 0 when the head stays."""
        self._goal: np.ndarray | None = None
        self._looked: list[np.ndarray] = []

    def reset(self, seed: int) -> None:
        """Nothing is known, and nothing was looked at."""
        self.map, self.promised, self._goal, self._looked = Voxels(), 0.0, None, []

    def act(self, observation: Observation) -> ActionChunk:
        """Take in the depth image; go on to the chosen view, or choose the next. ValueError without geometry."""
        self.map.see(observation.geometry.get("head", Geometry()))
        here = np.asarray(observation.head_target, float)
        if self._goal is None or arrived(here, self._goal):
            self._looked.append(here)
            self._goal = self.choose(here)
        return looking_at(here, self._goal)

    def choose(self, here: np.ndarray) -> np.ndarray:
        """The head pose [2] rad with the largest expected number of unknown voxels seen; of equals, the nearest."""
        poses, gain = views().poses, views().gain(self.map.state)
        away = np.abs(poses[:, None] - np.array(self._looked)).max(-1).min(-1)
        gain = np.where(away < LOOKED, 0.0, gain)
        best = int(np.argmax(np.round(gain, 6) - 1e-6 * np.abs(poses - here).sum(1)))
        self.promised = float(gain[best]) if gain[best] >= ENOUGH else 0.0
        return poses[best].copy() if self.promised else here


POLICY = PolicyEntry(
    name="next_best_view",
    doc="Turns the head to where it would see most of the unknown space; reads no words, moves no arm.",
    make=NextBestView,
)
