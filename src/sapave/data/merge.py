"""Joining LeRobot data sets into one with few, large files, in an order that does not depend on who made them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base.runs import write_json
from sapave.data import lerobot_format as lf
from sapave.data import stats as st
from sapave.data.encode import EncodedEpisode
from sapave.data.episode_reader import EpisodeReader
from sapave.data.episodes import default_columns, episode_row, info_of
from sapave.data.video import concatenate_videos


@dataclass
class _File:
    """Episodes that will share one data file and one mp4 per camera."""

    members: list[tuple[EpisodeReader, dict[str, Any]]] = field(default_factory=list)
    size: int = 0


def merge(roots: Sequence[Path], out: Path, *, order: str = "sapave/seed", megabytes: float = 50.0) -> int:
    """Join data sets with the same features into the new folder `out`; the number of episodes.

    Episodes are sorted by the column `order` of the episodes table (by root and index where it is absent), so the
    result is the same bytes however the episodes were spread over `roots`. Sources must hold one episode per file.
    `out` appears only when it is whole. ValueError when the sources differ or are damaged.
    """
    readers = [EpisodeReader(root) for root in roots]
    if not readers:
        raise ValueError("merge: found 0 data sets, expected at least 1")
    if out.exists():
        raise ValueError(f"{out}: already exists; remove it or name another folder")
    for reader in readers:
        for key in ("fps", "features", "robot_type"):
            if reader.info[key] != readers[0].info[key]:
                raise ValueError(f"{reader.root}: '{key}' differs from that of {readers[0].root}; cannot be merged")
    rows = [(reader, row) for reader in readers for row in reader.rows()]
    if rows and all(order in row for _, row in rows):
        rows.sort(key=lambda pair: pair[1][order])
    videos = [name for name, feature in readers[0].features.items() if feature["dtype"] == "video"]
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    _write(partial, readers[0], _split(rows, videos, megabytes), videos)
    partial.rename(out)
    return len(rows)


def _split(rows: list[tuple[EpisodeReader, dict[str, Any]]], videos: list[str], megabytes: float) -> list[_File]:
    files = [_File()]
    for reader, row in rows:
        paths = [reader.data_path(row), *(reader.video_path(row, name) for name in videos)]
        for path in paths:
            if not path.is_file():
                raise ValueError(f"{path}: file is missing; put it back or collect the data set again")
        size = sum(path.stat().st_size for path in paths)
        if files[-1].members and files[-1].size + size > megabytes * 1e6:
            files.append(_File())
        files[-1].members.append((reader, row))
        files[-1].size += size
    return files


def _write(root: Path, first: EpisodeReader, files: list[_File], videos: list[str]) -> None:
    fps, frames = int(first.fps), 0
    own = {name: f for name, f in first.features.items() if name not in lf.DEFAULT_FEATURES}
    schema = lf.data_schema({**own, **lf.DEFAULT_FEATURES})
    tasks: dict[str, int] = {}
    total: dict[str, st.Stats] = {}
    rows: list[pa.Table] = []
    for number, file in enumerate(files):
        place = divmod(number, lf.CHUNK_SIZE)
        starts = np.cumsum([0, *(row["length"] for _, row in file.members)]) / fps
        path = root / lf.DATA_PATH.format(chunk_index=place[0], file_index=place[1])
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, schema, compression="snappy") as writer:
            for (reader, row), start in zip(file.members, starts, strict=False):
                task = tasks.setdefault(row["tasks"][0], len(tasks))
                defaults = default_columns(len(rows), frames, row["length"], task, fps)
                names = [name for name in schema.names if name not in defaults]
                table = reader.table(row, names).select(names)
                for name, values in defaults.items():
                    table = table.append_column(name, lf.column(values, lf.DEFAULT_FEATURES[name]))
                writer.write_table(table.cast(schema))
                stats = lf.stats_of_row(row) | {name: st.vector_stats(values) for name, values in defaults.items()}
                extra = {key[len(lf.EXTRA) :]: value for key, value in row.items() if key.startswith(lf.EXTRA)}
                episode = EncodedEpisode(
                    table=table, videos=dict.fromkeys(videos, b""), stats={}, task=row["tasks"][0], extra=extra
                )
                rows.append(episode_row(len(rows), frames, place, episode, stats, fps, float(start), meta_file=0))
                total = st.join([total, stats])
                frames += row["length"]
        for name in videos:
            _join_videos(root, name, place, file, fps)
    if rows:
        table = pa.concat_tables([row.select(rows[0].column_names).cast(rows[0].schema) for row in rows])
        lf.write_table(table.combine_chunks(), root / lf.EPISODES_PATH.format(chunk_index=0, file_index=0))
        lf.write_table(lf.tasks_table(list(tasks)), root / "meta/tasks.parquet")
        write_json(root / "meta/stats.json", total)
    modality = first.root / "meta/modality.json"
    if modality.is_file():
        write_json(root / "meta/modality.json", lf.read_json(modality))
    info = info_of(fps, first.features, first.info["robot_type"], len(rows), frames, len(tasks))
    write_json(root / "meta/info.json", info)


def _join_videos(root: Path, name: str, place: tuple[int, int], file: _File, fps: int) -> None:
    out = root / lf.VIDEO_PATH.format(video_key=name, chunk_index=place[0], file_index=place[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    sources = [reader.video_path(row, name) for reader, row in file.members]
    if not sources:
        return
    counts = concatenate_videos(sources, out, fps)
    for source, count, (_, row) in zip(sources, counts, file.members, strict=True):
        if count != row["length"]:
            raise ValueError(
                f"{source}: found {count} frames, expected {row['length']}; merge needs one episode per file"
            )
