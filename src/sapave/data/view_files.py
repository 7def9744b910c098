"""The files of a views folder: parquet shards of frames and samples, images as PNG, each pair sealed by a checksum.

`datasets.load_dataset(folder, "frames")` and `(folder, "samples")` read them as they are: the schema says which columns
are images, and the folder's README.md names the two tables.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base import runs

FORMAT = "sapave-views-2"
TABLES = ("frames", "samples")
Key = tuple[int, int]
"""A sample: its frame, and which of the frame's samples it is."""
IMAGES = {"rgb": np.uint8, "depth_mm": np.uint16, "seg": np.uint8}
"""Columns of the frames table that hold pictures, and the type of their pixels."""
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_FLOATS, _INTS = pa.list_(pa.float64()), pa.list_(pa.int16())
SCHEMAS = {
    "frames": pa.schema(
        [
            ("frame_id", pa.int64()), ("scene", pa.string()), ("seed", pa.int64()),
            ("rgb", _IMAGE), ("depth_mm", _IMAGE), ("seg", _IMAGE),
            ("intrinsics", _FLOATS), ("base_from_camera", _FLOATS), ("head", _FLOATS), ("other", _FLOATS),
            ("objects", pa.string()),
        ]
    ),
    "samples": pa.schema(
        [
            ("frame_id", pa.int64()), ("instruction", pa.string()), ("kind", pa.string()),
            ("template", pa.string()), ("said", pa.list_(pa.string())),
            ("form", pa.string()), ("steps", pa.list_(_INTS)), ("step", pa.int16()), ("target", pa.int16()),
            ("goal", pa.int16()), ("motion", _FLOATS), ("region", _INTS), ("commit", pa.bool_()),
            ("visible_before", pa.float64()), ("visible_after", pa.float64()), ("difficulty", pa.string()),
            ("looked_from", _FLOATS),
        ]
    ),
}  # fmt: skip


def shard_path(folder: Path, table: str, index: int) -> Path:
    """Where a shard of a table lies."""
    return folder / f"{table}-{index:05d}.parquet"


def _seal_path(folder: Path, index: int) -> Path:
    return folder / "seals" / f"{index:05d}.json"


def encode(picture: np.ndarray) -> bytes:
    """PNG of uint8 [H, W], uint8 [H, W, 3] or uint16 [H, W]; without loss."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=1)
    return out.getvalue()


def decode(data: bytes, dtype: type) -> np.ndarray:
    """The picture of a PNG; ValueError when it is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        return np.array(Image.open(io.BytesIO(data))).astype(dtype, copy=False)
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"found no whole PNG of {len(data)} bytes ({error})") from None


def pack_shard(frames: Sequence[dict], samples: Sequence[dict]) -> dict[str, bytes]:
    """Both tables of a shard as the bytes of their files; pictures as arrays, or encoded already."""
    pictures = [frame | {name: _cell(frame[name], frame["frame_id"], name) for name in IMAGES} for frame in frames]
    packed = {}
    for table, rows in (("frames", pictures), ("samples", samples)):
        schema, out = SCHEMAS[table].with_metadata(_features(table)), io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows), schema), out, compression="zstd", compression_level=1)
        packed[table] = out.getvalue()
    return packed


def keep_shard(folder: Path, index: int, packed: Mapping[str, bytes], scenes: int | None = None) -> None:
    """Write the files of a packed shard, then the seal that makes it count; `scenes`: of how many it was made."""
    seal: dict[str, Any] = {}
    for table in TABLES:
        path = shard_path(folder, table, index)
        with runs.atomic(path) as partial:
            partial.write_bytes(packed[table])
        seal[path.name] = hashlib.sha256(packed[table]).hexdigest()
    runs.write_json(_seal_path(folder, index), seal if scenes is None else seal | {"scenes": scenes})


def write_shard(folder: Path, index: int, frames: Sequence[dict], samples: Sequence[dict]) -> None:
    """Pack a shard and keep it in `folder`."""
    keep_shard(folder, index, pack_shard(frames, samples))


def _cell(picture: Any, number: int, name: str) -> Any:
    if isinstance(picture, np.ndarray):
        return {"bytes": encode(picture), "path": f"{number}.{name}.png"}
    return picture


def whole(folder: Path, index: int, scenes: int | None = None) -> bool:
    """Is this shard complete: sealed, every file as the seal says, and of so many `scenes` where the seal knows?"""
    try:
        seal = json.loads(_seal_path(folder, index).read_text())
        made_of = seal.pop("scenes", None)
        if None not in (made_of, scenes) and made_of != scenes:
            return False
        return all(_digest(folder / name) == digest for name, digest in seal.items()) and len(seal) == len(TABLES)
    except (OSError, ValueError):
        return False


def samples_of(frames: Path) -> list[dict[str, Any]]:
    """The samples of a shard, given its frames file."""
    return pq.read_table(frames.with_name(frames.name.replace("frames-", "samples-"))).to_pylist()


def numbered(samples: list[dict[str, Any]]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """Samples of a shard with their keys."""
    counts: dict[int, int] = {}
    for sample in samples:
        index = counts.get(sample["frame_id"], 0)
        counts[sample["frame_id"]] = index + 1
        yield (sample["frame_id"], index), sample


def shards(folder: Path) -> list[Path]:
    """The frames files of a views folder; ValueError when there is none."""
    found = sorted(folder.glob("frames-*.parquet"))
    if not found:
        raise ValueError(f"{folder}: found no frames-*.parquet, expected a folder written by `sapave views`")
    return found


def _digest(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _features(table: str) -> dict[bytes, bytes]:
    """What Hugging Face's `datasets` needs to decode the pictures."""

    def feature(kind: pa.DataType) -> Any:
        if kind == _IMAGE:
            return {"_type": "Image"}
        if pa.types.is_list(kind):
            return {"feature": feature(kind.value_type), "_type": "List"}
        return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}

    found = {field.name: feature(field.type) for field in SCHEMAS[table]}
    return {b"huggingface": json.dumps({"info": {"features": found}}).encode()}
