"""Chunks of actions: increments per tick at the door, cumulative offsets inside the loss."""

from __future__ import annotations

import numpy as np


def to_cumulative(increments: np.ndarray) -> np.ndarray:
    """Offsets from the current target [k, D] of increments per tick [k, D]."""
    return np.cumsum(increments, axis=-2)


def to_increments(cumulative: np.ndarray) -> np.ndarray:
    """Increments per tick [k, D] of offsets from the current target [k, D]."""
    return np.diff(cumulative, axis=-2, prepend=np.zeros_like(cumulative[..., :1, :]))


def clip_increments(increments: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Follow the same path under a speed limit [D] per tick: what one tick cannot do, the next ones catch up."""
    wanted = np.cumsum(increments, axis=0)
    done = np.zeros(increments.shape[1:])
    out = np.empty_like(increments)
    for i, goal in enumerate(wanted):
        out[i] = np.clip(goal - done, -limit, limit)
        done = done + out[i]
    return out


def approach(motion: np.ndarray, gain: float = 0.6, limit: float = 0.12, k: int = 16) -> np.ndarray:
    """Cumulative chunk [..., k, D] that brings a joint by `motion` [..., D] rad (the head rule).

    Each tick moves clip(gain * what remains, -limit, limit) per axis [rad]; the experts' heads and the labels of
    the views follow this one rule.
    """
    motion = np.asarray(motion)
    done = np.zeros_like(motion)
    rows = []
    for _ in range(k):
        done = done + np.clip(gain * (motion - done), -limit, limit)
        rows.append(done)
    return np.stack(rows, axis=-2)
