"""Packs the frames and samples of a views folder (data/views.py) into arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base.chunks import approach
from sapave.base.types import N_OTHER
from sapave.data.pack import TextTable, create
from sapave.data.view_files import decode


def pack_views(folder: Path, out: Path) -> dict[str, object]:
    """Write the arrays of pack.FRAME_ARRAYS and pack.ROW_ARRAYS; returns what the manifest should tell."""
    shards = sorted(folder.glob("frames-*.parquet"))
    files = []
    for path in shards:
        samples = path.with_name(path.name.replace("frames-", "samples-"))
        if not samples.is_file():
            raise ValueError(f"{samples}: missing beside {path.name}; make the views again or remove the frames file")
        files.append((_open(path), _open(samples)))
    count = sum(frames.metadata.num_rows for frames, _ in files)
    if count == 0:
        raise ValueError(f"{folder}: found 0 frames, expected at least 1")
    height, width = _size(files[0][0])

    rgb = create(out, "rgb", (count, height, width, 3), "uint8")
    depth = create(out, "depth", (count, height, width), "uint16")
    seg = create(out, "seg", (count, height, width), "uint8")
    intrinsics = create(out, "intrinsics", (count, 3, 3), "float32")
    pose = create(out, "base_from_camera", (count, 4, 4), "float32")
    head = create(out, "head", (count, 2), "float32")
    other = create(out, "other", (count, N_OTHER), "float32")
    objects_at = create(out, "objects_at", (count + 1,), "int64")
    objects_at[0] = 0
    rest = _rest_pose()
    place: dict[int, int] = {}
    at = end = 0
    pictures = {"rgb": rgb, "depth_mm": depth, "seg": seg}
    with open(out / "objects.bin", "wb") as objects, ThreadPoolExecutor(os.cpu_count()) as pool:
        for frames, _ in files:
            for batch in frames.iter_batches(batch_size=256):
                columns = {name: batch.column(name) for name in batch.schema.names}
                numbers = columns["frame_id"].to_pylist()
                list(pool.map(_copy_pictures, range(batch.num_rows), *map(repeat, (columns, pictures, at, numbers))))
                for i in range(batch.num_rows):
                    number = numbers[i]
                    if number in place:
                        raise ValueError(f"{folder}: frame_id {number} appears twice; every frame needs its own")
                    place[number] = at
                    intrinsics[at] = np.reshape(columns["intrinsics"][i].as_py(), (3, 3))
                    pose[at] = np.reshape(columns["base_from_camera"][i].as_py(), (4, 4))
                    head[at] = columns["head"][i].as_py()
                    other[at] = columns["other"][i].as_py() if "other" in columns else rest
                    end += objects.write(columns["objects"][i].as_py().encode())
                    objects_at[at + 1] = end
                    at += 1
    for name in ("head", "other"):
        source = np.load(out / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        create(out, f"{name}_target", source.shape, "float32")[:] = source

    texts = TextTable()
    rows = _rows(folder, [samples for _, samples in files], place, texts, np.array(head))
    for name, value in rows.items():
        np.save(out / f"{name}.npy", value)
    texts.save(out)
    return {"source": str(folder), "frames": count, "rows": len(rows["frame"])}


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as problem:
        raise ValueError(f"{path}: not a whole parquet file ({problem}); remove it, run `sapave views` again") from None


def _size(file: pq.ParquetFile) -> tuple[int, int]:
    """Height and width of the first picture [px]; ValueError for a folder of the format before."""
    if not pa.types.is_struct(file.schema_arrow.field("rgb").type):
        raise ValueError("views: found the format of an earlier version; run `sapave views` again into a new folder")
    first = next(file.iter_batches(batch_size=1, columns=["seg"]))
    height, width = decode(first.column("seg")[0].as_py()["bytes"], np.uint8).shape
    return height, width


def _copy_pictures(
    i: int, columns: dict[str, Any], pictures: dict[str, np.ndarray], at: int, numbers: list[int]
) -> None:
    """Decode the pictures of row i into their arrays from `at` on; threads share the work, as PNG lets go of Python."""
    for name, array in pictures.items():
        try:
            picture = decode(columns[name][i].as_py()["bytes"], array.dtype.type)
        except ValueError as error:
            raise ValueError(f"frame {numbers[i]}: {name}: {error}") from None
        if picture.shape != array.shape[1:]:
            raise ValueError(f"frame {numbers[i]}: {name} has shape {picture.shape}, expected {array.shape[1:]}")
        array[at + i] = picture


def nearest(regions: Sequence[Sequence[int] | None], motion: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Head motions [S, 2] rad from `heads` [S, 2] into each region of acceptable poses (a flat list of pairs of
    lattice indices): none from an acceptable pose, else to the nearest one whose four neighbours are acceptable too, so
    that a small error does no harm; where there is none, to the best view, `motion` [S, 2]."""
    from sapave.data.viewpoints import acceptable, pose_of

    out = motion.copy()
    for i, flat in enumerate(regions):
        region = set(zip(flat[::2], flat[1::2], strict=True)) if flat else set()
        inner = [(y, p) for y, p in region if {(y - 1, p), (y + 1, p), (y, p - 1), (y, p + 1)} <= region]
        if acceptable(tuple(region), heads[i]):
            out[i] = 0.0
        elif inner:
            moves = pose_of(np.array(sorted(inner))) - heads[i]
            out[i] = moves[np.hypot(*moves.T).argmin()]
    return out


def _rows(
    folder: Path, files: list[pq.ParquetFile], place: dict[int, int], texts: TextTable, heads: np.ndarray
) -> dict[str, np.ndarray]:
    """The samples as row arrays, sorted by frame; `heads` [F, 2] rad are the frames' poses."""
    frame, text, target, goal, motion, commit, came, regions = [], [], [], [], [], [], [], []
    columns = ["frame_id", "instruction", "target", "goal", "motion", "commit"]
    for file in files:
        table = file.read(columns=columns)
        for name, found in (("looked_from", came), ("region", regions)):
            known = name in file.schema_arrow.names
            found += file.read(columns=[name])[name].to_pylist() if known else [None] * table.num_rows
        for number, words, target_id, goal_id, move, done in zip(*(table[c].to_pylist() for c in columns), strict=True):
            if number not in place:
                raise ValueError(f"{folder}: a sample names frame_id {number}, which no frames file holds")
            frame.append(place[number])
            text.append(texts(words))
            target.append(target_id)
            goal.append(goal_id or 0)
            motion.append(move)
            commit.append(done)
    order = np.argsort(np.asarray(frame, np.int64), kind="stable")
    moves = np.asarray(motion, np.float32).reshape(-1, 2)[order]
    began = np.array([pose or (np.nan, np.nan) for pose in came], np.float32).reshape(-1, 2)[order]
    told = {} if np.isnan(began).all() else {"looked_from": began}
    told |= {"commit": np.asarray(commit, bool)[order]} if any(commit) else {}  # the first road's views do not tell
    if any(regions):
        told["near"] = nearest(regions, np.asarray(motion, np.float32), heads[np.asarray(frame, np.int64)])[order]
    return told | {
        "frame": np.asarray(frame, np.int64)[order],
        "text": np.asarray(text, np.int32)[order],
        "target": np.asarray(target, np.uint8)[order],
        "goal": np.asarray(goal, np.uint8)[order],
        "motion": moves,
        "head_chunk": approach(moves).astype(np.float32),
    }


def _rest_pose() -> np.ndarray:
    """Arm and hand joints in the views: the robot's rest pose [26] rad."""
    from sapave.sim.robots.g1 import ROBOT

    return np.asarray(ROBOT.rest_other, np.float32)
