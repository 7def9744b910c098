"""What is added to an expert's clean chunk when it is played: noise, and now and then a push in one direction."""

from __future__ import annotations

import numpy as np

from sapave.base.types import ActionChunk

STILL_NOISE = 0.12
"""Share of the noise that is left while the arm stands still."""


class Disturbance:
    """Noise on every tick and, now and then, a push of 4-9 ticks; hardly any while the arm stands still, so that a
    finished episode can come to rest."""

    def __init__(self, rng: np.random.Generator, noise: float, looks: bool) -> None:
        """`noise`: standard deviation per increment [rad]; `looks` False keeps the head still."""
        self.rng, self.noise, self.looks = rng, noise, looks
        self._kick, self._kick_left = np.zeros(28), 0

    def __call__(self, clean: ActionChunk) -> ActionChunk:
        """The chunk to be played; the clean one itself without noise."""
        if self.noise <= 0:
            return clean
        rng, both = self.rng, np.concatenate([clean.head, clean.other], axis=1)
        for row in both:
            moving = bool(np.abs(row[2:16]).max() > 0.02)
            if moving and self._kick_left == 0 and rng.random() < 0.02:
                self._kick = rng.normal(0.0, 1.6 * self.noise, 28)
                self._kick_left = int(rng.integers(4, 10))
            row += rng.normal(0.0, self.noise if moving else STILL_NOISE * self.noise, 28)
            if self._kick_left > 0:
                row += self._kick
                self._kick_left -= 1
        if not self.looks:
            both[:, :2] = 0.0
        return ActionChunk(head=both[:, :2], other=both[:, 2:])
