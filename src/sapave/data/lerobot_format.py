"""The LeRobot v3.0 layout on disk: paths, features, arrow schemas and the tables of meta/."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base.runs import atomic
from sapave.data import stats as st
from sapave.data.video import DEFAULT_CRF, GOP, PRESET

VERSION = "v3.0"
CHUNK_SIZE = 1000
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
EXTRA = "sapave/"
"""Prefix of our own columns in the episodes table."""

DEFAULT_FEATURES: dict[str, dict[str, Any]] = {
    "timestamp": {"dtype": "float32", "shape": [1], "names": None},
    "frame_index": {"dtype": "int64", "shape": [1], "names": None},
    "episode_index": {"dtype": "int64", "shape": [1], "names": None},
    "index": {"dtype": "int64", "shape": [1], "names": None},
    "task_index": {"dtype": "int64", "shape": [1], "names": None},
}
_ARROW = {"float32": pa.float32(), "float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}
IMAGE_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

Features = dict[str, dict[str, Any]]


def vector(size: int, names: Sequence[str] | None = None, dtype: str = "float32") -> dict[str, Any]:
    """A column of `size` numbers per frame (plain numbers when size is 1)."""
    return {"dtype": dtype, "shape": [size], "names": list(names) if names is not None else None}


def video(height: int, width: int, fps: int, crf: int = DEFAULT_CRF) -> dict[str, Any]:
    """A colour camera kept as AV1 mp4."""
    info = {
        "video.height": height,
        "video.width": width,
        "video.codec": "av1",
        "video.pix_fmt": "yuv420p",
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
        "video.g": GOP,
        "video.crf": crf,
        "video.preset": PRESET,
        "video.fast_decode": 0,
        "video.video_backend": "pyav",
        "video.extra_options": {},
        "is_depth_map": False,
    }
    return {"dtype": "video", "shape": [height, width, 3], "names": ["height", "width", "channels"], "info": info}


def image(height: int, width: int, *, depth: bool = False) -> dict[str, Any]:
    """A one-channel picture kept as PNG inside the data file: exact, where a video codec would blur depth and ids."""
    info = {"is_depth_map": True, "depth_unit": "mm"} if depth else {"is_depth_map": False}
    return {"dtype": "image", "shape": [height, width, 1], "names": ["height", "width", "channels"], "info": info}


def data_schema(features: Mapping[str, Mapping[str, Any]]) -> pa.Schema:
    """Arrow schema of a data file: every feature that is not a video, with the marks Hugging Face datasets reads."""
    fields, marks = [], {}
    for name, feature in features.items():
        dtype, shape = feature["dtype"], list(feature["shape"])
        if dtype == "video":
            continue
        if dtype == "image":
            fields.append(pa.field(name, IMAGE_TYPE))
            marks[name] = {"_type": "Image"}
            continue
        if dtype not in _ARROW or len(shape) != 1:
            raise ValueError(f"feature '{name}': found {dtype} {shape}, expected video, image or 1-D {list(_ARROW)}")
        value = {"dtype": dtype, "_type": "Value"}
        if shape[0] == 1:
            fields.append(pa.field(name, _ARROW[dtype]))
            marks[name] = value
        else:
            fields.append(pa.field(name, pa.list_(_ARROW[dtype], shape[0])))
            marks[name] = {"feature": value, "length": shape[0], "_type": "List"}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": marks}})})


def column(values: np.ndarray, feature: Mapping[str, Any]) -> pa.Array:
    """Arrow array of numbers [T] or [T, D] for one vector feature."""
    kind, size = _ARROW[feature["dtype"]], feature["shape"][0]
    flat = pa.array(np.ascontiguousarray(values).reshape(-1), kind)
    return flat if size == 1 else pa.FixedSizeListArray.from_arrays(flat, size)


def tasks_table(tasks: Sequence[str]) -> pa.Table:
    """meta/tasks.parquet: task strings are the pandas index, `task_index` their number."""

    def mark(name: str, kind: str, numpy: str) -> dict[str, Any]:
        return {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy, "metadata": None}

    pandas = {
        "index_columns": ["task"],
        "column_indexes": [
            {
                "name": None,
                "field_name": None,
                "pandas_type": "unicode",
                "numpy_type": "object",
                "metadata": {"encoding": "UTF-8"},
            }
        ],
        "columns": [mark("task_index", "int64", "int64"), mark("task", "unicode", "object")],
        "attributes": {},
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.3.3",
    }
    schema = pa.schema([("task_index", pa.int64()), ("task", pa.string())], {"pandas": json.dumps(pandas)})
    return pa.table({"task_index": list(range(len(tasks))), "task": list(tasks)}, schema=schema)


def list_of(kind: pa.DataType) -> pa.DataType:
    """A list type whose items are named as parquet names them, so that a table read again writes the same bytes."""
    return pa.list_(pa.field("element", kind))


def stats_columns(stats: Mapping[str, st.Stats]) -> dict[str, pa.Array]:
    """One-row columns `stats/<feature>/<key>` of the episodes table."""
    columns = {}
    for name, entries in stats.items():
        for key, value in entries.items():
            kind: pa.DataType = pa.int64() if key == "count" else pa.float64()
            for _ in range(value.ndim):
                kind = list_of(kind)
            columns[f"stats/{name}/{key}"] = pa.array([value.tolist()], kind)
    return columns


def stats_of_row(row: Mapping[str, Any]) -> dict[str, st.Stats]:
    """Undo `stats_columns` for one row of the episodes table given as plain Python values."""
    stats: dict[str, st.Stats] = {}
    for name, value in row.items():
        if name.startswith("stats/"):
            feature, key = name[len("stats/") :].rsplit("/", 1)
            stats.setdefault(feature, {})[key] = np.array(value)
    return stats


def read_json(path: Path) -> Any:
    """JSON of a file; ValueError in one line when it is missing or damaged."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ValueError(f"{path}: file is missing; is this a LeRobot v3.0 data set?") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not JSON ({error}); put the file back or collect the data set again") from error


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A parquet file; ValueError in one line when it is missing or damaged."""
    with open_parquet(path) as file:
        try:
            return file.read(columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise damaged(path, error) from error


def open_parquet(path: Path) -> pq.ParquetFile:
    """An open parquet file; ValueError in one line when it is missing or damaged."""
    if not path.is_file():
        raise ValueError(f"{path}: file is missing; put it back or collect the data set again")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ValueError:
    """The one line about a parquet file that cannot be read."""
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ValueError(f"{path}: truncated or damaged ({reason}); put it back or collect the data set again")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a parquet file atomically, compressed as LeRobot does."""
    with atomic(path) as partial:
        pq.write_table(table, partial, compression="snappy")


def write_bytes(data: bytes, path: Path) -> None:
    """Write bytes atomically."""
    with atomic(path) as partial:
        partial.write_bytes(data)
