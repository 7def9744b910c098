"""Chance is an argument: generators from (root, words, numbers), and which seeds belong to which split."""

from __future__ import annotations

import hashlib

import numpy as np

SPLIT_RANGES = {
    "train": (0, 1_000_000),
    "val": (1_000_000, 2_000_000),
    "test": (2_000_000, 3_000_000),
}
"""Episode seeds of each split [lo, hi). Scenes' layouts, object looks and wordings follow the split."""
VIEW_SEEDS = 400_000
"""The last so many seeds of each split belong to the scenes of views; no recorded episode uses them."""


def rng(root: int, *words: str | int) -> np.random.Generator:
    """A generator that depends on `root` and the words only: same words, same stream, anywhere."""
    text = "\x1f".join([str(int(root)), *(str(w) for w in words)])
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))


def split_of(seed: int) -> str:
    """The split that owns an episode seed (`train`, `val`, `test`); ValueError outside all ranges."""
    for name, (low, high) in SPLIT_RANGES.items():
        if low <= seed < high:
            return name
    raise ValueError(f"seed {seed}: expected 0 <= seed < 3000000 (train | val | test ranges in base/seeds.py)")
