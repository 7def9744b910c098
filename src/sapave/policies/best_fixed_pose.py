"""The trained policy with its head at the one pose that shows most targets on average (bench/best_pose.py found it)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sapave.policies._entry import PolicyEntry
from sapave.policies._head import HeldAt, learned

POSE = Path(__file__).with_suffix(".json")
"""The pose and where it comes from; made anew by `python -m sapave.bench.best_pose`."""


def pose() -> np.ndarray:
    """Head pose [2] rad (yaw, pitch)."""
    found = json.loads(POSE.read_text())
    return np.array([found["yaw"], found["pitch"]])


def make(*, checkpoint: Path | None = None) -> HeldAt:
    """The policy of `checkpoint` (the shipped one by default) behind a camera that is held there."""
    return HeldAt(learned(checkpoint), pose())


POLICY = PolicyEntry(
    name="best_fixed_pose",
    doc="The trained policy, its head held at the pose that shows most targets on average.",
    make=make,
    learned=True,
)
