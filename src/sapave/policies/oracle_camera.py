"""The expert moves the head, the trained policy the arms: what a perfect gaze would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sapave.base.types import ActionChunk, Observation, Policy
from sapave.policies._entry import PolicyEntry
from sapave.policies._head import learned, with_head
from sapave.policies.expert import ExpertPolicy


class OracleCamera:
    """Head stream from the expert, other stream from the policy, at every chunk."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.expert = policy, ExpertPolicy()

    def reset(self, seed: int) -> None:
        """Forget the last episode."""
        self.policy.reset(seed)
        self.expert.reset(seed)

    def bind(self, world: Any) -> None:
        """The world that the expert reads."""
        self.expert.bind(world)

    def act(self, observation: Observation) -> ActionChunk:
        """The policy's arms with the expert's gaze from this state."""
        return with_head(self.policy.act(observation), self.expert.act(None).head)


def make(*, checkpoint: Path | None = None) -> OracleCamera:
    """The expert's gaze over the arms of `checkpoint` (the shipped one by default)."""
    return OracleCamera(learned(checkpoint))


POLICY = PolicyEntry(
    name="oracle_camera",
    doc="Arms by the trained policy, head by the expert that knows where everything is.",
    make=make,
    learned=True,
)
