"""Frozen tokens on disk: what the frozen parts make of every row, computed once, so that decoders train alone.

A cache folder belongs to one pack and one set of frozen weights; its name is a hash of both. Rows are computed in
blocks; a killed run goes on at the first block that is not yet recorded.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from sapave.base.runs import write_json
from sapave.base.seeds import rng
from sapave.data.pack import create
from sapave.data.windows import WHOLE, Batch, Own, Sampler, Source, choose_rows, gather

FORMAT = 1
BLOCK = 64
"""Rows computed together."""
NOTE_EVERY = 16
"""Blocks between records of progress."""
log = logging.getLogger("sapave.train")

Perceive = Callable[[Batch], dict[str, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class Cached:
    """The frozen tokens of some rows of one source."""

    source: Source
    rows: np.ndarray = field(repr=False)
    """int64 [R] rows of the pack."""
    arrays: dict[str, np.ndarray] = field(repr=False)
    """Per name, [R, ...]: the fields of Hybrid that decoders read, `state`, and labels that replace the pack's."""

    def take(self, at: np.ndarray) -> dict[str, np.ndarray]:
        """Arrays and labels of positions `at` [B]."""
        out = {name: np.asarray(a[at]) for name, a in self.arrays.items()}
        labels, rows = self.source.pack.arrays, self.rows[at]
        out.setdefault("head_chunk", np.asarray(labels["head_chunk"][rows]))
        has = "other_chunk" in labels
        shape = (len(rows), out["head_chunk"].shape[1], labels["other"].shape[1])
        out["other_chunk"] = np.asarray(labels["other_chunk"][rows]) if has else np.zeros(shape, np.float32)
        out["has_other"] = np.full(len(rows), has)
        return out


def weights_key(model: nn.Module, parts: dict[str, list], choices: Sequence[str] = ()) -> str:
    """Hash of every weight and buffer that tokens depend on: all but the decoders' (names, shapes, bits); and of
    `choices` that no weight shows."""
    decoders = ("head_decoder", "other_decoder")
    moving = {id(p) for name in decoders for module in parts[name] for p in [*module.parameters(), *module.buffers()]}
    digest = hashlib.sha256(" ".join([f"cache {FORMAT}", *choices]).encode())
    for name, value in sorted([*model.named_parameters(), *model.named_buffers()], key=lambda item: item[0]):
        if id(value) not in moving:
            digest.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]


def choose(source: Source, per_image: int, limit: int, seed: int) -> np.ndarray:
    """Rows to cache: all of an episode's usable frames, `per_image` rows of up to `limit` / `per_image` views."""
    if source.pack.kind == "episodes":
        return np.sort(source.first[source.frames])
    chance = rng(seed, "cache", source.pack.key)
    frames = chance.permutation(source.frames)[: max(1, limit // per_image)]
    return np.unique(choose_rows(source, np.sort(frames), per_image, chance))


def build(
    source: Source, rows: np.ndarray, folder: Path, key: str, perceive: Perceive, cameras: Sequence[str] = ()
) -> Cached:
    """The frozen tokens of `rows`, from `folder` when they are there, computed (further) where not; `cameras`: those
    besides the head's, which `key` must tell."""
    digest = hashlib.sha256(f"{key}{source.pack.key}".encode())
    digest.update(rows.tobytes())
    path = folder / f"tokens-{digest.hexdigest()[:24]}"
    path.mkdir(parents=True, exist_ok=True)
    with _locked(path / "lock"):
        note = _progress(path, len(rows))
        if note is None or note["done"] < len(rows):
            _fill(source, rows, path, perceive, note, cameras)
        names = json.loads((path / "progress.json").read_text())["names"]
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    return Cached(source=replace(source, frames=np.arange(len(rows))), rows=rows, arrays=arrays)


def _progress(path: Path, count: int) -> dict[str, Any] | None:
    """What is recorded as done, or None to begin again."""
    try:
        note = json.loads((path / "progress.json").read_text())
        good = all(
            len(np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False)) == count for name in note["names"]
        )
        return note if good and 0 <= note["done"] <= count else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _fill(
    source: Source,
    rows: np.ndarray,
    path: Path,
    perceive: Perceive,
    note: dict[str, Any] | None,
    cameras: Sequence[str],
) -> None:
    from tqdm import tqdm

    done = note["done"] if note else 0
    arrays: dict[str, Any] = {}
    if note:
        arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r+", allow_pickle=False) for name in note["names"]}
    bar = tqdm(total=len(rows), initial=done, desc="tokens", disable=None, mininterval=2)
    while done < len(rows):
        for _ in range(NOTE_EVERY):
            block = rows[done : done + BLOCK]
            if not len(block):
                break
            values = perceive(gather(source.pack, block, cameras=cameras))
            if not arrays:
                arrays = {
                    name: create(path, name, (len(rows), *v.shape[1:]), str(v.dtype)) for name, v in values.items()
                }
            for name, value in values.items():
                arrays[name][done : done + len(block)] = value
            done += len(block)
            bar.update(len(block))
        for array in arrays.values():
            array.flush()
        write_json(path / "progress.json", {"done": done, "names": sorted(arrays)})
    bar.close()
    log.info("%s: %d rows of tokens", path, done)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process fills a cache; the lock goes with the process, also when it is killed."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, kw_only=True)
class CachedSampler:
    """Batches of cached rows; like Sampler, batch i depends on (seed, i) alone."""

    views: list[Cached]
    episodes: list[Cached]
    rows: int
    views_share: float
    seed: int
    acts: bool = field(init=False)
    """Has a batch rows that know what arms and hands do?"""

    def batch(self, step: int, own: Own = WHOLE) -> dict[str, np.ndarray]:
        """Batch number `step`: the arrays of `Cached.take`; of several processes, one's `own` rows."""
        parts, before = [], 0
        for cached, at in zip(self._used, self._frames(step), strict=True):
            parts.append(cached.take(at[own.of(before)]))
            before += len(at)
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def __post_init__(self) -> None:
        inner = Sampler(
            views=[c.source for c in self.views],
            episodes=[c.source for c in self.episodes],
            images=self.rows,
            views_share=self.views_share,
            seed=self.seed,
        )
        every = [*self.views, *self.episodes]
        used = [c for c, n in zip(every, inner.counts(), strict=True) if n]
        object.__setattr__(self, "_used", used)
        object.__setattr__(self, "acts", inner.acts())
        object.__setattr__(self, "_frames", lambda step: [at for _, at in inner.frames(step)])
