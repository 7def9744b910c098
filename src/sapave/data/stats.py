"""Statistics of LeRobot data sets: per episode, and joined over episodes without the frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
KEYS = ("min", "max", "mean", "std", "count", *QUANTILES)

Stats = dict[str, np.ndarray]


def vector_stats(values: np.ndarray) -> Stats:
    """Statistics over the first axis of values [T] or [T, D]; every entry has shape [D], `count` [1]."""
    values = np.asarray(values, np.float64)
    values = values.reshape(len(values), -1)
    return _stats(values, len(values))


def image_stats(frames: np.ndarray) -> Stats:
    """Per channel over frames [T, H, W] or [T, H, W, C]; entries [C, 1, 1], `count` [1] = T.

    uint8 is scaled to 0..1, as LeRobot does; uint16 (depth, mm) stays in its unit. About every 1/32 of the height
    and width is looked at, so that this costs less than encoding.
    """
    stride = max(1, min(frames.shape[1:3]) // 32)
    pixels = frames[:, ::stride, ::stride]
    channels = frames.shape[3] if frames.ndim == 4 else 1
    scale = 255.0 if frames.dtype == np.uint8 else 1.0
    stats = _stats(pixels.reshape(-1, channels).astype(np.float64) / scale, len(frames))
    return {key: value if key == "count" else value.reshape(channels, 1, 1) for key, value in stats.items()}


def _stats(values: np.ndarray, count: int) -> Stats:
    quantiles = np.quantile(values, list(QUANTILES.values()), axis=0)
    return {
        "min": values.min(0),
        "max": values.max(0),
        "mean": values.mean(0),
        "std": values.std(0),
        "count": np.array([count]),
        **dict(zip(QUANTILES, quantiles, strict=True)),
    }


def join(parts: Iterable[Mapping[str, Stats]]) -> dict[str, Stats]:
    """Statistics per feature of all parts together: exact but for quantiles, which are means weighted by count."""
    total: dict[str, Stats] = {}
    for part in parts:
        for name, stats in part.items():
            total[name] = _join_two(total[name], stats) if name in total else dict(stats)
    return total


def _join_two(a: Stats, b: Stats) -> Stats:
    n_a, n_b = float(a["count"][0]), float(b["count"][0])
    share = n_b / (n_a + n_b)
    delta = b["mean"] - a["mean"]
    variance = a["std"] ** 2 * (1 - share) + b["std"] ** 2 * share + delta**2 * share * (1 - share)
    return {
        "min": np.minimum(a["min"], b["min"]),
        "max": np.maximum(a["max"], b["max"]),
        "mean": a["mean"] + delta * share,
        "std": np.sqrt(variance),
        "count": a["count"] + b["count"],
        **{key: a[key] * (1 - share) + b[key] * share for key in QUANTILES},
    }
