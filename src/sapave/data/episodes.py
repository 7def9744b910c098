"""Writer of LeRobot v3.0 data sets that a kill at any moment leaves whole.

Every episode is its own shard (one parquet, one mp4 per camera). It belongs to the data set from the moment the
episodes table names it; files that the table does not name are removed when writing resumes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from sapave.base.runs import write_json
from sapave.data import lerobot_format as lf
from sapave.data import stats as st
from sapave.data.encode import EncodedEpisode, encode_episode
from sapave.data.episode_reader import Episode, EpisodeReader, read_rows

__all__ = ["EncodedEpisode", "Episode", "EpisodeReader", "EpisodeWriter", "encode_episode"]

ROWS_PER_FILE = 50
"""Episodes per file of the episodes table: what one commit rewrites."""


class EpisodeWriter:
    """Adds episodes to one data set; one writer per folder at a time."""

    def __init__(
        self,
        root: Path,
        *,
        fps: int,
        features: lf.Features,
        robot_type: str,
        modality: Mapping[str, Any] | None = None,
        resume: bool = True,
    ) -> None:
        """Begin a data set in `root`, or go on with the one there; ValueError when it differs or `resume` is off."""
        self.root, self.fps, self.features = Path(root), fps, features
        self._all_features = {**features, **lf.DEFAULT_FEATURES}
        self._schema = lf.data_schema(self._all_features)
        self._robot_type = robot_type
        self._tasks: dict[str, int] = {}
        self._stats: dict[str, st.Stats] = {}
        self._episodes = self._frames = self._next_file = 0
        self._rows: pa.Table | None = None
        if (self.root / "meta/info.json").is_file():
            if not resume:
                raise ValueError(f"{self.root}: already holds a data set; resume it or name an empty folder")
            self._resume()
        else:
            if modality is not None:
                write_json(self.root / "meta/modality.json", modality)
            self._write_info()

    def __len__(self) -> int:
        """Episodes committed so far."""
        return self._episodes

    def add_episode(self, frames: Mapping[str, np.ndarray], task: str, extra: Mapping[str, Any] | None = None) -> int:
        """Encode and commit one episode (see `encode_episode`); its index."""
        return self.commit(encode_episode(self.features, self.fps, frames, task, extra))

    def commit(self, episode: EncodedEpisode) -> int:
        """Write an encoded episode; when this returns, the data set holds it. Its index."""
        index, length = self._episodes, episode.table.num_rows
        chunk, file = divmod(self._next_file, lf.CHUNK_SIZE)
        for name, data in episode.videos.items():
            path = lf.VIDEO_PATH.format(video_key=name, chunk_index=chunk, file_index=file)
            lf.write_bytes(data, self.root / path)
        if episode.task not in self._tasks:
            self._tasks[episode.task] = len(self._tasks)
            lf.write_table(lf.tasks_table(list(self._tasks)), self.root / "meta/tasks.parquet")
        defaults = default_columns(index, self._frames, length, self._tasks[episode.task], self.fps)
        table = episode.table
        for name, values in defaults.items():
            table = table.append_column(name, lf.column(values, lf.DEFAULT_FEATURES[name]))
        path = lf.DATA_PATH.format(chunk_index=chunk, file_index=file)
        lf.write_table(table.cast(self._schema), self.root / path)

        stats = {**episode.stats, **{name: st.vector_stats(values) for name, values in defaults.items()}}
        meta = index // ROWS_PER_FILE
        row = episode_row(index, self._frames, (chunk, file), episode, stats, self.fps, 0.0, meta)
        rows = row if index % ROWS_PER_FILE == 0 or self._rows is None else _append(self._rows, row)
        path = lf.EPISODES_PATH.format(chunk_index=meta // lf.CHUNK_SIZE, file_index=meta % lf.CHUNK_SIZE)
        lf.write_table(rows, self.root / path)  # the commit

        self._rows = rows
        self._episodes, self._frames, self._next_file = index + 1, self._frames + length, self._next_file + 1
        self._stats = st.join([self._stats, stats])
        write_json(self.root / "meta/stats.json", self._stats)
        self._write_info()
        return index

    def _write_info(self) -> None:
        info = info_of(self.fps, self._all_features, self._robot_type, self._episodes, self._frames, len(self._tasks))
        write_json(self.root / "meta/info.json", info)

    def _resume(self) -> None:
        path = self.root / "meta/info.json"
        info = lf.read_json(path)
        for key, wanted in (("fps", self.fps), ("features", self._all_features), ("robot_type", self._robot_type)):
            if info.get(key) != wanted:
                raise ValueError(f"{path}: '{key}' differs from what is to be written; name an empty folder")
        rows = read_rows(self.root)
        used: set[Path] = set()
        if rows is not None:
            self._episodes = rows.num_rows
            self._frames = rows["dataset_to_index"][-1].as_py()
            used = _used_files(rows, info)
            places = [n for n in rows.column_names if n.endswith("/file_index") and not n.startswith("meta/")]
            files = [lf.CHUNK_SIZE * np.array(rows[n[: -len("file_index")] + "chunk_index"]) + rows[n] for n in places]
            self._next_file = 1 + int(np.max(files))
            tail = self._episodes % ROWS_PER_FILE
            self._rows = rows.slice(self._episodes - tail).combine_chunks() if tail else None
            tasks = lf.read_table(self.root / "meta/tasks.parquet")
            self._tasks = {task: i for i, task in enumerate(tasks["task"].to_pylist())}
            self._stats = st.join(lf.stats_of_row(row) for row in rows.to_pylist())
        _remove_orphans(self.root, used)
        if self._stats:
            write_json(self.root / "meta/stats.json", self._stats)
        self._write_info()


def info_of(fps: int, features: lf.Features, robot_type: str, episodes: int, frames: int, tasks: int) -> dict[str, Any]:
    """meta/info.json."""
    return {
        "codebase_version": lf.VERSION,
        "fps": fps,
        "features": features,
        "total_episodes": episodes,
        "total_frames": frames,
        "total_tasks": tasks,
        "chunks_size": lf.CHUNK_SIZE,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "data_path": lf.DATA_PATH,
        "video_path": lf.VIDEO_PATH,
        "robot_type": robot_type,
        "splits": {"train": f"0:{episodes}"},
    }


def episode_row(
    index: int,
    first: int,
    place: tuple[int, int],
    episode: EncodedEpisode,
    stats: Mapping[str, st.Stats],
    fps: int,
    start: float,
    meta_file: int,
) -> pa.Table:
    """One row of the episodes table: episode `index` whose frames begin at global `first`, in file `place`
    (chunk, file), `start` seconds into its mp4; the row itself lies in file number `meta_file` of the table."""
    length = episode.table.num_rows
    columns: dict[str, Any] = {
        "episode_index": [index],
        "tasks": pa.array([[episode.task]], lf.list_of(pa.string())),
        "length": [length],
        "data/chunk_index": [place[0]],
        "data/file_index": [place[1]],
        "dataset_from_index": [first],
        "dataset_to_index": [first + length],
    }
    for name in episode.videos:
        columns[f"videos/{name}/chunk_index"] = [place[0]]
        columns[f"videos/{name}/file_index"] = [place[1]]
        columns[f"videos/{name}/from_timestamp"] = [start]
        columns[f"videos/{name}/to_timestamp"] = [start + length / fps]
    columns |= lf.stats_columns(stats)
    columns["meta/episodes/chunk_index"] = [meta_file // lf.CHUNK_SIZE]
    columns["meta/episodes/file_index"] = [meta_file % lf.CHUNK_SIZE]
    for name, value in sorted(episode.extra.items()):
        if not isinstance(value, bool | int | float | str):
            raise ValueError(f"episode extra '{name}': found {value!r}, expected a bool, number or string")
        columns[lf.EXTRA + name] = [value]
    return pa.table(columns)


def default_columns(index: int, first: int, length: int, task: int, fps: int) -> dict[str, np.ndarray]:
    """LeRobot's own five columns of one episode."""
    frame = np.arange(length)
    return {
        "timestamp": (frame / fps).astype(np.float32),
        "frame_index": frame,
        "episode_index": np.full(length, index),
        "index": frame + first,
        "task_index": np.full(length, task),
    }


def _append(rows: pa.Table, row: pa.Table) -> pa.Table:
    try:
        return pa.concat_tables([rows, row.select(rows.column_names).cast(rows.schema)]).combine_chunks()
    except (KeyError, pa.ArrowException) as error:
        raise ValueError(f"episode extras differ from those of earlier episodes: {error}") from error


def _used_files(rows: pa.Table, info: Mapping[str, Any]) -> set[Path]:
    used = set()
    for name, feature in {"data": {"dtype": "data"}, **info["features"]}.items():
        if feature["dtype"] not in ("data", "video"):
            continue
        key, pattern = ("data", lf.DATA_PATH) if name == "data" else (f"videos/{name}", lf.VIDEO_PATH)
        chunks, files = rows[f"{key}/chunk_index"].to_pylist(), rows[f"{key}/file_index"].to_pylist()
        for chunk, file in zip(chunks, files, strict=True):
            used.add(Path(pattern.format(video_key=name, chunk_index=chunk, file_index=file)))
    return used


def _remove_orphans(root: Path, used: set[Path]) -> None:
    for folder in ("data", "videos", "meta"):
        for path in [*(root / folder).rglob("*")]:
            orphan = folder != "meta" and path.is_file() and path.relative_to(root) not in used
            if orphan or path.name.endswith(".partial"):
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
