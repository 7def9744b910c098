"""The trained policy with its head at the one pose that shows most targets on average (bench/best_pose.py found it)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sapave.base.shelf import choose
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import HeldAt, learned

POSE = Path(__file__).with_suffix(".json")
"""The pose of each suite and where it comes from; made anew by `python -m sapave.bench.best_pose --suite NAME`."""


def suites() -> tuple[str, ...]:
    """The suites whose pose was measured."""
    return tuple(json.loads(POSE.read_text()))


def pose(suite: str = "kitchens") -> np.ndarray:
    """Head pose [2] rad (yaw, pitch) of a suite; KeyError with the nearest name for one that was not measured."""
    found = choose(json.loads(POSE.read_text()), suite, "suite with a measured pose")
    return np.array([found["yaw"], found["pitch"]])


def make(*, checkpoint: Path | None = None, suite: str = "kitchens") -> HeldAt:
    """The policy of `checkpoint` (the shipped one by default) behind a camera that is held at the suite's pose."""
    return HeldAt(learned(checkpoint), pose(suite))


POLICY = PolicyEntry(
    name="best_fixed_pose",
    doc="The trained policy, its head held at the pose that shows most targets on average.",
    make=make,
    learned=True,
    suites=suites,
)
