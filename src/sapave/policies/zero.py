"""The policy that never moves: the floor that every task must fail at."""

from __future__ import annotations

import numpy as np

from sapave.base.types import N_HEAD, N_OTHER, ActionChunk, Observation
from sapave.policies._entry import PolicyEntry


class Zero:
    """Answers every observation with `rows` rows of zeros."""

    def __init__(self, rows: int = 16) -> None:
        if rows < 1:
            raise ValueError(f"zero: found rows={rows}, expected at least 1")
        self.rows = rows

    def reset(self, seed: int) -> None:
        """Nothing to forget."""

    def act(self, observation: Observation | None) -> ActionChunk:
        """A chunk of zeros: head [rows, 2], other [rows, 26]."""
        return ActionChunk(head=np.zeros((self.rows, N_HEAD)), other=np.zeros((self.rows, N_OTHER)))


POLICY = PolicyEntry(name="zero", doc="Never moves; every task must fail.", make=Zero, needs_images=False)
