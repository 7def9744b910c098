"""Packs a views folder or an episodes folder into plain arrays on disk, so that a batch is a few memory reads.

A pack is a folder of .npy arrays (opened as memory maps) with a manifest written last. Its name is a fingerprint
of the source's files: an unchanged source is packed once, a changed one gets a new pack.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sapave.base.runs import write_json

FORMAT = 2
"""Raise when the arrays of a pack change: older packs are then made again."""
_EDGE = 1 << 16
log = logging.getLogger("sapave.data")

FRAME_ARRAYS = {
    "rgb": "uint8 [F, H, W, 3]",
    "rgb_left_wrist": "the same of that camera (episodes that recorded it only); likewise rgb_right_wrist",
    "depth": "uint16 [F, H, W] mm, 0 = not measured",
    "seg": "uint8 [F, H, W] instance ids, 0 = nothing of interest",
    "intrinsics": "float32 [F, 3, 3] px",
    "base_from_camera": "float32 [F, 4, 4]",
    "head": "float32 [F, 2] rad",
    "head_target": "float32 [F, 2] rad",
    "other": "float32 [F, 26] rad",
    "other_target": "float32 [F, 26] rad",
}
"""One row per rendered frame."""
PICTURES = ("rgb", "depth")
"""How the names of arrays begin that stay on disk."""
ROW_ARRAYS = {
    "frame": "int64 [S] frame of the row; rows of one frame are neighbours",
    "text": "int32 [S] index into texts",
    "target": "uint8 [S] instance id of the target",
    "goal": "uint8 [S] instance id of the goal place, 0 = none",
    "motion": "float32 [S, 2] head motion to the best view (views) or over the chunk (episodes) [rad]",
    "head_chunk": "float32 [S, 16, 2] cumulative head label [rad]",
    "other_chunk": "float32 [S, 16, 26] cumulative other label [rad] (episodes only)",
    "looked_from": "float32 [S, 2] head pose of the look before, NaN = this is the first [rad] (views that tell)",
    "near": "float32 [S, 2] head motion into the region of acceptable views [rad] (views with regions)",
    "commit": "bool [S] is what was asked for well in view (views that tell)",
}
"""One row per (frame, instruction)."""


@dataclass(frozen=True, kw_only=True)
class Pack:
    """An opened pack: memory maps, texts, and the frames' objects as JSON lines."""

    path: Path
    kind: str
    """`views` or `episodes`."""
    key: str
    """Fingerprint of the source."""
    arrays: dict[str, np.ndarray] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    objects: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    """(bytes [n] uint8, offsets [F + 1] int64) of the JSON object list of each frame; views only."""

    @property
    def n_frames(self) -> int:
        """Frames in the pack."""
        return len(self.arrays["rgb"])

    @property
    def n_rows(self) -> int:
        """(frame, instruction) rows in the pack."""
        return len(self.arrays["frame"])

    def frame_objects(self, frame: int) -> list[dict]:
        """The objects of one frame, as data/views.py wrote them; ValueError for a pack of episodes."""
        if self.objects is None:
            raise ValueError(f"{self.path}: a pack of {self.kind} has no object lists; expected a pack of views")
        data, at = self.objects
        return json.loads(bytes(data[at[frame] : at[frame + 1]]))


def fingerprint(folder: Path, pattern: str = "**/*") -> str:
    """Hash of a folder's files: names, sizes, and both ends of each (a parquet footer changes with its content)."""
    digest = hashlib.sha256(f"pack {FORMAT}".encode())
    files = sorted(p for p in folder.glob(pattern) if p.is_file() and not p.name.startswith("."))
    if not files:
        raise ValueError(f"{folder}: found no data files, expected the output of `sapave views` or `sapave collect`")
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}\x1f{size}\x1f".encode())
        with open(path, "rb") as handle:
            digest.update(handle.read(_EDGE))
            if size > _EDGE:
                handle.seek(max(_EDGE, size - _EDGE))
                digest.update(handle.read())
    return digest.hexdigest()[:24]


def kind_of(folder: Path) -> str:
    """`episodes` (has meta/info.json) or `views` (has frames-*.parquet); ValueError for anything else."""
    if (folder / "meta" / "info.json").is_file():
        return "episodes"
    if any(folder.glob("frames-*.parquet")):
        return "views"
    raise ValueError(
        f"{folder}: found neither meta/info.json (episodes) nor frames-*.parquet (views); "
        "make data with `sapave collect` or `sapave views`"
    )


def open_pack(folder: Path, cache: Path) -> Pack:
    """The pack of a views or episodes folder, made in `cache` when it is missing or damaged."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"data folder {folder}: not found; make one with `sapave views` or `sapave collect`")
    kind = kind_of(folder)
    key = fingerprint(folder)
    path = Path(cache) / f"{kind}-{key}"
    if path.is_dir():
        try:
            return _read(path)
        except (ValueError, KeyError, OSError) as problem:
            log.warning("%s: damaged pack (%s); making it again", path, problem)
            shutil.rmtree(path)
    if kind == "views":
        from sapave.data.pack_views import pack_views as make
    else:
        from sapave.data.pack_episodes import pack_episodes as make
    _build(path, kind, key, lambda partial: make(folder, partial))
    return _read(path)


def _build(path: Path, kind: str, key: str, make: Callable[[Path], dict[str, object]]) -> None:
    """Make a pack beside its final place and rename it when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        extra = make(partial)
        files = {p.name: p.stat().st_size for p in sorted(partial.iterdir())}
        write_json(partial / "manifest.json", {"format": FORMAT, "kind": kind, "key": key, "files": files, **extra})
        if path.exists():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _read(path: Path) -> Pack:
    """Open a pack; ValueError when its manifest is unreadable or a file is missing or of the wrong size."""
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        files, kind, key = manifest["files"], manifest["kind"], manifest["key"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as problem:
        raise ValueError(f"{path}/manifest.json: unreadable ({problem!r})") from None
    if manifest.get("format") != FORMAT:
        raise ValueError(f"{path}: format {manifest.get('format')}, expected {FORMAT}")
    for name, size in files.items():
        found = (path / name).stat().st_size if (path / name).is_file() else None
        if found != size:
            raise ValueError(f"{path}/{name}: found {found} bytes, expected {size}")
    arrays = {
        name[:-4]: np.load(path / name, mmap_mode="r", allow_pickle=False) for name in files if name.endswith(".npy")
    }
    objects = None
    if "objects_at" in arrays:
        data = np.memmap(path / "objects.bin", np.uint8, "r") if files["objects.bin"] else np.zeros(0, np.uint8)
        objects = (data, arrays.pop("objects_at"))
    # small arrays are read whole: indexing a memory map costs more than the copy
    small = {name: np.array(a) for name, a in arrays.items() if a.nbytes < 1 << 24 and not name.startswith(PICTURES)}
    texts = tuple(json.loads((path / "texts.json").read_text()))
    return Pack(path=path, kind=kind, key=key, arrays={**arrays, **small}, texts=texts, objects=objects)


class TextTable:
    """Gives each different text a number, in order of first sight."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """The number of `text`."""
        return self.numbers.setdefault(text, len(self.numbers))

    def save(self, folder: Path) -> None:
        """Write texts.json."""
        write_json(folder / "texts.json", list(self.numbers))


def create(folder: Path, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """A new .npy array on disk, opened for writing."""
    return np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype=np.dtype(dtype), shape=shape)
