"""Turning the arrays of one episode into what a LeRobot data set stores; safe to run in any process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from sapave.data import lerobot_format as lf
from sapave.data import stats as st
from sapave.data.video import encode_png, encode_video


@dataclass(frozen=True, kw_only=True)
class EncodedEpisode:
    """One episode ready for the disk; made by `encode_episode`, in any process."""

    table: pa.Table
    """Feature columns, without LeRobot's five index columns."""
    videos: dict[str, bytes]
    stats: dict[str, st.Stats]
    task: str
    extra: dict[str, Any] = field(default_factory=dict)


def encode_episode(
    features: lf.Features, fps: int, frames: Mapping[str, np.ndarray], task: str, extra: Mapping[str, Any] | None = None
) -> EncodedEpisode:
    """Encode arrays stacked over time [T, ...] for every feature; ValueError names the one that does not fit.

    video: uint8 [T, H, W, 3]; image: uint8 or uint16 (depth, mm) [T, H, W]; vector: [T, D], or [T] when D = 1.
    Columns named `label.*` get no statistics: no policy takes them as input.
    """
    if set(frames) != set(features):
        missing, unknown = sorted(set(features) - set(frames)), sorted(set(frames) - set(features))
        raise ValueError(f"episode: missing columns {missing}, unknown columns {unknown}; see features")
    length = len(next(iter(frames.values()))) if frames else 0
    if length == 0:
        raise ValueError("episode: found 0 frames, expected at least 1")
    columns: dict[str, pa.Array] = {}
    videos: dict[str, bytes] = {}
    stats: dict[str, st.Stats] = {}
    for name, feature in features.items():
        values = np.asarray(frames[name])
        _check(name, feature, values, length)
        is_picture = feature["dtype"] in ("video", "image")
        if feature["dtype"] == "video":
            videos[name] = encode_video(values, fps, feature["info"]["video.crf"])
        elif feature["dtype"] == "image":
            pictures = [{"bytes": encode_png(frame), "path": None} for frame in values]
            columns[name] = pa.array(pictures, lf.IMAGE_TYPE)
        else:
            columns[name] = lf.column(values, feature)
        if not name.startswith("label."):
            stats[name] = st.image_stats(values) if is_picture else st.vector_stats(values)
    table = pa.table(columns, schema=lf.data_schema(features))
    return EncodedEpisode(table=table, videos=videos, stats=stats, task=task, extra=dict(extra or {}))


def _check(name: str, feature: Mapping[str, Any], values: np.ndarray, length: int) -> None:
    shape = tuple(feature["shape"])
    if shape == (1,):
        fits = values.shape in ((length,), (length, 1))
    elif feature["dtype"] == "image":
        fits = values.shape == (length, *shape[:2]) and values.dtype in (np.uint8, np.uint16)
    elif feature["dtype"] == "video":
        fits = values.shape == (length, *shape) and values.dtype == np.uint8
    else:
        fits = values.shape == (length, *shape)
    if not fits:
        raise ValueError(
            f"episode column '{name}': found {values.dtype} {values.shape}, "
            f"expected {feature['dtype']} [{length}, {', '.join(map(str, shape))}]"
        )
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"episode column '{name}': found NaN or infinity, expected finite numbers")
