"""Leak tests of looking: what can be answered without seeing, without reading, without either.

Each baseline is fitted on the training split and asked for one look, like any policy: by ridge regression, which
answers a mean, and by the most similar training sample, which answers one of several places. A data set is worth
something only when they stay far below a policy that has both eyes and words.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

WORDS = 2048
"""Hashed words and pairs of words."""
THUMB = (16, 22)
"""Height and width that pictures are shrunk to."""
HEAD = (0.0, 0.3, 1.0)
"""Weights of the head pose in similarity that are tried [1/rad]."""
TOLERANCE = np.deg2rad(5.0)
"""One look is right when yaw and pitch both end this close to a verified best view [rad]."""
PENALTIES = (1.0, 10.0, 100.0, 1000.0)
"""Tried in this order on every fifth sample; the best is kept."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a sample gives and what answers it."""

    text: str
    head: np.ndarray
    """[2] rad where it looks from."""
    thumb: np.ndarray
    """[16, 22, 4] colour and depth, 0 to 1."""
    gaze: np.ndarray
    """[2] rad where it should look."""


Blind = Callable[[Asked], np.ndarray]
"""Sample -> head pose [2] rad after one look."""


def thumb(rgb: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """[16, 22, 4] of a picture uint8 [H, W, 3] and its depth [H, W] m."""
    height, width = THUMB
    rows, columns = rgb.shape[0] // height, rgb.shape[1] // width
    whole = np.concatenate([rgb / 255.0, np.clip(depth, 0, 3)[..., None] / 3.0], -1)
    cut = whole[: rows * height, : columns * width]
    return cut.reshape(height, rows, width, columns, 4).mean((1, 3)).astype(np.float32)


def word_features(text: str) -> np.ndarray:
    """[WORDS] counts of hashed words and pairs of words."""
    words = text.lower().split()
    out = np.zeros(WORDS, np.float32)
    for part in (*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False))):
        out[zlib.crc32(part.encode()) % WORDS] += 1
    return out


def blind_policies(train: Sequence[Asked]) -> dict[str, Blind]:
    """The baselines, fitted on samples of the training split; ValueError without any."""
    if not train:
        raise ValueError("leak tests: found no training samples, expected at least one")
    mean = np.mean([a.gaze - a.head for a in train], axis=0)
    return {
        "stay": lambda asked: asked.head,
        "mean_motion": lambda asked: asked.head + mean,
        "words_only": _ridge(train, lambda asked: word_features(asked.text)),
        "image_only": _ridge(train, lambda asked: asked.thumb.ravel()),
        "words_nearest": _nearest(train, lambda asked: word_features(asked.text)),
        "image_nearest": _nearest(train, lambda asked: asked.thumb.ravel()),
    }


def _ridge(train: Sequence[Asked], features: Callable[[Asked], np.ndarray]) -> Blind:
    """Gaze from features and head pose; the penalty is the best one on every fifth sample."""

    def row(asked: Asked) -> np.ndarray:
        head = asked.head
        return np.concatenate([features(asked), head, head**2, [head[0] * head[1], 1.0]])

    x = np.stack([row(a) for a in train]).astype(np.float64)
    y = np.stack([a.gaze for a in train]).astype(np.float64)
    held = np.arange(len(x)) % 5 == 4
    if not held.any():
        held[-1] = True

    def fit(mask: np.ndarray, penalty: float) -> np.ndarray:
        part = x[mask]
        return np.linalg.solve(part.T @ part + penalty * np.eye(x.shape[1]), part.T @ y[mask])

    def error(penalty: float) -> float:
        return float(np.median(np.abs(x[held] @ fit(~held, penalty) - y[held]).max(1)))

    weights = fit(np.ones(len(x), bool), min(PENALTIES, key=error))
    return lambda asked: row(asked) @ weights


def _nearest(train: Sequence[Asked], features: Callable[[Asked], np.ndarray]) -> Blind:
    """What the most similar training sample was answered: its gaze, or its motion from its own head pose. Similarity
    is the cosine of centred features, less `HEAD` times the distance of the head poses; both choices are those that
    are within TOLERANCE most often on every fifth sample."""
    x = np.stack([features(a) for a in train]).astype(np.float64)
    middle = x.mean(0)
    heads, gazes = np.stack([a.head for a in train]), np.stack([a.gaze for a in train])

    def unit(values: np.ndarray) -> np.ndarray:
        centred = values - middle
        return centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-9)

    known, held = unit(x), np.arange(len(x)) % 5 == 4

    def answer(asked: Asked, among: np.ndarray, weight: float, motion: bool) -> np.ndarray:
        away = np.linalg.norm(heads[among] - asked.head, axis=1)
        best = among[int(np.argmax(known[among] @ unit(features(asked).astype(np.float64)) - weight * away))]
        return asked.head + gazes[best] - heads[best] if motion else gazes[best]

    def hits(how: tuple[float, bool]) -> int:
        fitted, asked = np.flatnonzero(~held), [i for i in range(len(train)) if held[i]]
        return sum(bool(np.abs(answer(train[i], fitted, *how) - gazes[i]).max() <= TOLERANCE) for i in asked)

    weight, motion = max(((w, m) for w in HEAD for m in (False, True)), key=hits)
    return lambda asked: answer(asked, np.arange(len(train)), weight, motion)
