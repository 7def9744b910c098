"""Normalisation that is safe on near-constant dimensions, with statistics as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Normalizer:
    """x -> (x - mean) / std, with std floored so that a near-constant dimension cannot blow up."""

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, samples: np.ndarray, floor: float = 1e-2, centre: bool = True) -> Normalizer:
        """Statistics over the first axis of `samples` [N, ...]; std never below `floor` (same unit as x)."""
        if len(samples) == 0:
            raise ValueError("normalisation statistics: found 0 samples, expected at least 1")
        samples = np.asarray(samples, np.float64)
        mean = samples.mean(0) if centre else np.zeros(samples.shape[1:])
        std = np.sqrt(np.mean((samples - mean) ** 2, axis=0))
        return cls(mean=mean.astype(np.float32), std=np.maximum(std, floor).astype(np.float32))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Normalised values, same shape as x."""
        return (x - self.mean) / self.std

    def invert(self, z: np.ndarray) -> np.ndarray:
        """Values in the original unit, same shape as z."""
        return z * self.std + self.mean
