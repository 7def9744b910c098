"""Reader of LeRobot v3.0 data sets: ours and those the LeRobot package wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sapave.data import lerobot_format as lf
from sapave.data.video import decode_png, decode_video, to_metres


def read_rows(root: Path) -> pa.Table | None:
    """The whole episodes table of a data set, in order; None when no episode is committed yet."""
    paths = sorted((root / "meta/episodes").glob("chunk-*/file-*.parquet"))
    tables = [lf.read_table(path) for path in paths]
    if not tables:
        return None
    table = pa.concat_tables(tables)
    if table["episode_index"].to_pylist() != list(range(table.num_rows)):
        raise ValueError(
            f"{root}/meta/episodes: found {table.num_rows} rows whose episode_index is not 0, 1, 2, ...; "
            "a file of the table is missing: put it back or collect the data set again"
        )
    return table


class EpisodeReader:
    """One data set, read lazily: tables when opened, columns and pictures when asked for."""

    def __init__(self, root: Path | str) -> None:
        """Open a data set; ValueError in one line when it is not one or is of another version."""
        self.root = Path(root)
        self.info: dict[str, Any] = lf.read_json(self.root / "meta/info.json")
        version = self.info.get("codebase_version")
        if version != lf.VERSION:
            raise ValueError(
                f"{self.root}/meta/info.json: found version {version}, expected {lf.VERSION}; "
                "convert the data set with LeRobot's own converter"
            )
        self.features: lf.Features = self.info["features"]
        self.fps: float = self.info["fps"]
        self._rows = read_rows(self.root)
        self._first: dict[tuple[int, int], int] = {}
        """Global index of the first frame in each data file."""
        if self._rows is not None:
            names = ("data/chunk_index", "data/file_index", "dataset_from_index")
            for chunk, file, first in zip(*(self._rows[n].to_pylist() for n in names), strict=True):
                self._first.setdefault((chunk, file), first)
        self._open: tuple[Path, pq.ParquetFile] | None = None

    def __len__(self) -> int:
        """Number of committed episodes."""
        return 0 if self._rows is None else self._rows.num_rows

    def __iter__(self) -> Iterator[Episode]:
        """All episodes in order."""
        return (self.episode(i) for i in range(len(self)))

    @property
    def stats(self) -> dict[str, dict[str, np.ndarray]]:
        """Statistics of the whole data set per feature."""
        found = lf.read_json(self.root / "meta/stats.json")
        return {name: {key: np.array(value) for key, value in entry.items()} for name, entry in found.items()}

    @property
    def tasks(self) -> list[str]:
        """Task strings by task_index."""
        table = lf.read_table(self.root / "meta/tasks.parquet")
        pairs = zip(table["task_index"].to_pylist(), table["task"].to_pylist(), strict=True)
        return [task for _, task in sorted(pairs)]

    def meta(self, name: str) -> list[Any]:
        """One column of the episodes table over all episodes, e.g. `length` or `sapave/seed`."""
        if self._rows is None or name not in self._rows.column_names:
            raise KeyError(f"{self.root}: the episodes table has no column '{name}'")
        return self._rows[name].to_pylist()

    def episode(self, index: int) -> Episode:
        """Episode `index` (0 <= index < len); IndexError outside."""
        if not 0 <= index < len(self) or self._rows is None:
            raise IndexError(f"{self.root}: episode {index}, expected 0 <= index < {len(self)}")
        names = [n for n in self._rows.column_names if not n.startswith("stats/")]
        return Episode(self, self._rows.select(names).slice(index, 1).to_pylist()[0])

    def rows(self) -> list[dict[str, Any]]:
        """The episodes table as plain Python values, statistics included."""
        return [] if self._rows is None else self._rows.to_pylist()

    def data_path(self, row: dict[str, Any]) -> Path:
        """The parquet file that holds an episode."""
        chunk, file = row["data/chunk_index"], row["data/file_index"]
        return self.root / self.info["data_path"].format(chunk_index=chunk, file_index=file)

    def video_path(self, row: dict[str, Any], name: str) -> Path:
        """The mp4 file that holds an episode's frames of one camera."""
        chunk, file = row[f"videos/{name}/chunk_index"], row[f"videos/{name}/file_index"]
        return self.root / self.info["video_path"].format(video_key=name, chunk_index=chunk, file_index=file)

    def table(self, row: dict[str, Any], names: list[str]) -> pa.Table:
        """Columns of one episode as they are stored; `row` is its row of the episodes table."""
        path = self.data_path(row)
        if self._open is None or self._open[0] != path:
            self._open = (path, lf.open_parquet(path))
        parquet = self._open[1]
        first = self._first[row["data/chunk_index"], row["data/file_index"]]
        begin = row["dataset_from_index"] - first
        end = begin + row["length"]
        sizes = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        if end > starts[-1]:
            raise ValueError(
                f"{path}: found {starts[-1]} rows, episode {row['episode_index']} needs {end}; "
                "put the file back or collect the data set again"
            )
        low = int(np.searchsorted(starts, begin, "right")) - 1
        high = int(np.searchsorted(starts, end, "left"))
        try:
            table = parquet.read_row_groups(list(range(low, high)), columns=names)
        except (pa.ArrowException, OSError) as error:
            raise lf.damaged(path, error) from error
        return table.slice(begin - int(starts[low]), row["length"])


class Episode:
    """One episode of an EpisodeReader."""

    def __init__(self, reader: EpisodeReader, row: dict[str, Any]) -> None:
        """A view on the episode that one row of the episodes table describes."""
        self._reader, self.row = reader, row
        self.index: int = row["episode_index"]
        self.length: int = row["length"]
        self.task: str = row["tasks"][0]

    def __len__(self) -> int:
        """Number of frames."""
        return self.length

    @property
    def extra(self) -> dict[str, Any]:
        """Our own columns of the episodes table (seed, scene, ...), without their prefix."""
        return {name[len(lf.EXTRA) :]: value for name, value in self.row.items() if name.startswith(lf.EXTRA)}

    def column(self, name: str) -> np.ndarray:
        """Numbers of one feature: [T, D], or [T] when D = 1."""
        return self.columns([name])[name]

    def columns(self, names: list[str]) -> dict[str, np.ndarray]:
        """Several features in one read; see `column`."""
        for name in names:
            self._feature(name, "vector")
        table = self._reader.table(self.row, names)
        arrays = {}
        for name in names:
            values = table[name].combine_chunks()
            size = self._reader.features[name]["shape"][0]
            flat = values.flatten() if size > 1 else values
            arrays[name] = flat.to_numpy(zero_copy_only=False).reshape((self.length, size) if size > 1 else -1)
        return arrays

    def frames(self, name: str) -> np.ndarray:
        """Pictures of a camera: uint8 [T, H, W, 3] of a video, or as stored ([T, H, W] or [T, H, W, 3]) of PNGs."""
        if self._feature(name, "picture")["dtype"] == "video":
            path, start = self._reader.video_path(self.row, name), self.row[f"videos/{name}/from_timestamp"]
            return decode_video(path, start, self.length, self._reader.fps)
        table = self._reader.table(self.row, [name])
        try:
            return np.stack([decode_png(cell["bytes"]) for cell in table[name].to_pylist()])
        except ValueError as error:
            raise ValueError(f"{self._reader.root}: episode {self.index}, '{name}': {error}") from error

    def depth(self, name: str) -> np.ndarray:
        """Depth of a camera: float32 [T, H, W] m, 0 where nothing was measured."""
        return to_metres(self.frames(name))

    def segmentation(self, name: str = "label.segmentation") -> np.ndarray:
        """Numbers of the things in the picture: uint8 [T, H, W]."""
        return self.frames(name)

    def _feature(self, name: str, kind: str) -> dict[str, Any]:
        feature = self._reader.features.get(name)
        if feature is None or (feature["dtype"] in ("video", "image")) != (kind == "picture"):
            there = ", ".join(self._reader.features)
            raise KeyError(f"{self._reader.root}: no {kind} column '{name}' (there are: {there})")
        return feature
