"""Packs an episodes folder (LeRobot v3, data/episodes.py) into arrays: every recorded frame is one row."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sapave.base.types import N_HEAD, N_OTHER, WRISTS
from sapave.data.episode_reader import EpisodeReader
from sapave.data.extra_views import array_of
from sapave.data.features import CHUNK, HEAD_CAMERA, HEAD_DEPTH, IMAGES, SEGMENTATION
from sapave.data.pack import TextTable, create

_COLUMNS = {
    "observation.intrinsics": "intrinsics",
    "observation.base_from_camera": "base_from_camera",
    "observation.head": "head",
    "observation.head_target": "head_target",
    "observation.other": "other",
    "observation.other_target": "other_target",
    "label.seg_target": "target",
    "label.seg_goal": "goal",
}


def pack_episodes(folder: Path, out: Path) -> dict[str, object]:
    """Write the arrays of pack.FRAME_ARRAYS and pack.ROW_ARRAYS, and of the wrist cameras where they were recorded;
    returns what the manifest should tell."""
    reader = EpisodeReader(folder)
    needed = [*_COLUMNS, "label.head", "label.other", HEAD_CAMERA, HEAD_DEPTH, SEGMENTATION]
    absent = [name for name in needed if name not in reader.features]
    if absent:
        raise ValueError(
            f"{folder}: no column {', '.join(absent)}; training needs episodes made by `sapave collect` "
            "(other LeRobot data sets carry no chunk labels)"
        )
    lengths = [int(n) for n in reader.meta("length")] if len(reader) else []
    count = sum(lengths)
    if count == 0:
        raise ValueError(f"{folder}: found 0 frames, expected at least 1")
    height, width = reader.features[SEGMENTATION]["shape"][:2]
    shapes = {
        "rgb": ((height, width, 3), "uint8"),
        "depth": ((height, width), "uint16"),
        "seg": ((height, width), "uint8"),
        "intrinsics": ((3, 3), "float32"),
        "base_from_camera": ((4, 4), "float32"),
        "head": ((N_HEAD,), "float32"),
        "head_target": ((N_HEAD,), "float32"),
        "other": ((N_OTHER,), "float32"),
        "other_target": ((N_OTHER,), "float32"),
        "target": ((), "uint8"),
        "goal": ((), "uint8"),
        "motion": ((N_HEAD,), "float32"),
        "head_chunk": ((CHUNK, N_HEAD), "float32"),
        "other_chunk": ((CHUNK, N_OTHER), "float32"),
        "frame": ((), "int64"),
        "text": ((), "int32"),
        "episode": ((), "int32"),
    }
    wrists = [name for name in WRISTS if f"{IMAGES}{name}" in reader.features]
    shapes |= {array_of(name): (shapes["rgb"][0], "uint8") for name in wrists}
    arrays = {name: create(out, name, (count, *shape), dtype) for name, (shape, dtype) in shapes.items()}
    texts = TextTable()
    at = 0
    for episode in reader:
        rows = slice(at, at + episode.length)
        columns = episode.columns([*_COLUMNS, "label.head", "label.other"])
        for column, name in _COLUMNS.items():
            arrays[name][rows] = columns[column].reshape(arrays[name][rows].shape)
        for column, name, size in (("label.head", "head_chunk", N_HEAD), ("label.other", "other_chunk", N_OTHER)):
            increments = columns[column].reshape(-1, CHUNK, size).astype(np.float64)
            arrays[name][rows] = np.cumsum(increments, axis=1)
        arrays["motion"][rows] = arrays["head_chunk"][rows][:, -1]
        arrays["rgb"][rows] = episode.frames(HEAD_CAMERA)
        for name in wrists:
            arrays[array_of(name)][rows] = episode.frames(f"{IMAGES}{name}")
        arrays["depth"][rows] = episode.frames(HEAD_DEPTH)
        arrays["seg"][rows] = episode.segmentation()
        arrays["text"][rows] = texts(episode.task)
        arrays["episode"][rows] = episode.index
        at += episode.length
    arrays["frame"][:] = np.arange(count)
    texts.save(out)
    return {"source": str(folder), "frames": count, "rows": count, "episodes": len(lengths)}
