"""Arms by one policy, head by another rule: what the camera's own share in a success is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sapave.base.types import N_HEAD, N_OTHER, ActionChunk, Observation, Policy
from sapave.sim.robots.g1 import HEAD_STEP

ROWS = 16
ARRIVED = 1e-3
"""So near to where they were sent, the head's targets are there [rad]."""


def learned(checkpoint: Path | None) -> Policy:
    """The trained policy of a checkpoint folder; the shipped one by default."""
    from sapave.policies.sapave import SaPaVePolicy

    return SaPaVePolicy(checkpoint=checkpoint)


def toward(head: np.ndarray, goal: np.ndarray, rows: int = ROWS) -> np.ndarray:
    """Increments [rows, 2] rad that bring the head's targets from head [2] to goal [2], each joint at full speed."""
    way = np.asarray(goal, float) - np.asarray(head, float)
    done = np.clip(way, -HEAD_STEP * np.arange(1, rows + 1)[:, None], HEAD_STEP * np.arange(1, rows + 1)[:, None])
    return np.diff(done, axis=0, prepend=np.zeros((1, N_HEAD)))


def arrived(head: np.ndarray, goal: np.ndarray) -> bool:
    """Are the head's targets [2] rad at their goal?"""
    return bool(np.abs(np.asarray(goal, float) - head).max() < ARRIVED)


def looking_at(head: np.ndarray, goal: np.ndarray) -> ActionChunk:
    """A chunk that brings the head's targets from head [2] all the way to goal [2] rad; everything else stays still."""
    ticks = int(np.ceil(float(np.abs(np.asarray(goal, float) - head).max()) / HEAD_STEP))
    rows = toward(head, goal, max(ROWS, ticks))
    return ActionChunk(head=rows, other=np.zeros((len(rows), N_OTHER)))


def with_head(chunk: ActionChunk, head: np.ndarray) -> ActionChunk:
    """The chunk with another head stream [k, 2], as long as both have rows."""
    rows = min(len(chunk.head), len(head))
    return ActionChunk(head=head[:rows], other=chunk.other[:rows], dt=chunk.dt, executed=chunk.executed)


class HeldAt:
    """A policy whose head goes to one pose and stays there."""

    def __init__(self, policy: Policy, pose: np.ndarray) -> None:
        self.policy, self.pose = policy, pose

    def reset(self, seed: int) -> None:
        """Forget the last episode."""
        self.policy.reset(seed)

    def act(self, observation: Observation) -> ActionChunk:
        """Arms as the policy says; the head on its way to the pose, or still."""
        chunk = self.policy.act(observation)
        return with_head(chunk, toward(observation.head_target, self.pose, len(chunk.head)))
