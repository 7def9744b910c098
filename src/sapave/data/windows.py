"""Draws training batches from packed views and episodes: batch i depends on (seed, i) alone, so any run can resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sapave.base.chunks import approach
from sapave.base.seeds import rng
from sapave.base.types import N_OTHER
from sapave.data.extra_views import extra_views
from sapave.data.pack import Pack, open_pack

CELLS = 32
"""Sub-cells per side of the pointer grid."""
K = 16
"""Ticks in a chunk."""
Batch = dict[str, Any]
Stage0Task = Callable[[np.random.Generator, list[dict]], tuple[str, int, int, str]]

TOLD: dict[str, tuple[int, ...]] = {"commit": (), "looked_from": (2,)}
"""Per row, where the pack tells, and its shape: is the view good enough to stop looking; the look before [rad]."""
_IMAGE_KEYS = ("rgb", "intrinsics", "base_from_camera", "head", "head_target", "other", "other_target")


class Own(NamedTuple):
    """Which pictures of a batch one of several processes prepares: numbers rank, rank + size, rank + 2 size ..."""

    rank: int = 0
    size: int = 1

    def of(self, before: int = 0) -> slice:
        """Those of pictures that stand behind `before` others in the batch."""
        return slice((self.rank - before) % self.size, None, self.size)


WHOLE = Own()
EVERY = WHOLE.of()


@dataclass(frozen=True, kw_only=True)
class Source:
    """One packed folder and how its frames are drawn."""

    pack: Pack
    weight: float = 1.0
    """Relative to the other sources of the same kind; a source's share is weight x its frames."""
    frames: np.ndarray = field(repr=False)
    """int64 [n]: frames that may be drawn."""
    first: np.ndarray = field(repr=False)
    """int64 [F + 1]: first row of each frame."""


def open_sources(
    folders: Sequence[str],
    cache: Path,
    *,
    hold_keep: float = 1.0,
    need_rows: bool = True,
    seed: int = 0,
    near: bool = False,
) -> list[Source]:
    """Pack and open data folders; `folder=3` gives one three times its natural share.

    `hold_keep`: share of the hold frames of episodes that stay (frames whose label asks for no motion).
    `need_rows`: leave out frames without a sample (stage 0 makes its own tasks and needs none).
    `near`: the labels of views lead to the nearest acceptable view, not to the best one.
    """
    sources = []
    for item in folders:
        name, _, weight = item.partition("=")
        try:
            factor = float(weight) if weight else 1.0
        except ValueError:
            raise ValueError(f"data folder '{item}': '{weight}' is no weight; write `folder` or `folder=2`") from None
        pack = open_pack(Path(name), cache)
        sources.append(make_source(to_nearest(pack) if near else pack, factor, hold_keep, need_rows, seed))
    return sources


def to_nearest(pack: Pack) -> Pack:
    """A pack of views whose motions lead to the nearest acceptable view; ValueError for one that keeps none."""
    moves = pack.arrays.get("near")
    if moves is None:
        raise ValueError(
            f"{pack.path}: keeps no acceptable views, expected those of `sapave views --suite activeviewpose`; if it "
            "was packed by an earlier version, remove it and run again"
        )
    arrays = {**pack.arrays, "motion": moves, "head_chunk": approach(moves).astype(np.float32)}
    return replace(pack, key=f"{pack.key}-near", arrays=arrays)


def make_source(
    pack: Pack, weight: float = 1.0, hold_keep: float = 1.0, need_rows: bool = True, seed: int = 0
) -> Source:
    """A source of one pack; ValueError when nothing can be drawn from it."""
    first = np.searchsorted(pack.arrays["frame"], np.arange(pack.n_frames + 1))
    frames = np.arange(pack.n_frames)
    if need_rows:
        frames = frames[np.diff(first) > 0]
    if hold_keep < 1 and "other_chunk" in pack.arrays:
        still = hold_rows(pack)[first[frames]]
        chance = rng(seed, "hold", pack.key).random(len(frames))
        frames = frames[~still | (chance < hold_keep)]
    if weight <= 0 or len(frames) == 0:
        raise ValueError(f"{pack.path}: weight {weight}, {len(frames)} usable frames; expected both above 0")
    return Source(pack=pack, weight=weight, frames=frames, first=first)


def hold_rows(pack: Pack, tolerance: float = 0.02) -> np.ndarray:
    """bool [S]: rows whose label moves no joint by more than `tolerance` rad over the whole chunk."""
    other = np.abs(pack.arrays["other_chunk"]).max(axis=(1, 2))
    head = np.abs(pack.arrays["head_chunk"]).max(axis=(1, 2))
    return (other < tolerance) & (head < tolerance)


@dataclass(frozen=True, kw_only=True)
class Sampler:
    """Batches of a fixed composition: `images` frames in all, `per_image` instructions on each frame of views."""

    views: list[Source]
    episodes: list[Source] = field(default_factory=list)
    images: int
    per_image: int = 4
    views_share: float = 1.0
    """Share of the images that come from views when there are episodes too."""
    seed: int = 0
    task: Stage0Task | None = None
    """Stage 0: makes (text, target id, goal id, answer) from a frame's objects instead of the stored samples."""
    raw: bool = False
    """Batches keep `seg` uint8 [I, H, W] and have no `mask`: for who changes pictures and then calls `add_masks`."""
    cameras: tuple[str, ...] = ()
    """Cameras besides the head's whose pictures batches hold (see `gather`)."""
    _orders: dict = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.views and not self.episodes:
            raise ValueError("training data: found no folder, expected at least one of views or episodes")
        if self.images < 1 or self.per_image < 1 or not 0 <= self.views_share <= 1:
            raise ValueError(
                f"batch: images {self.images}, per_image {self.per_image}, views_share {self.views_share}; "
                "expected at least 1, at least 1, within 0..1"
            )

    def counts(self) -> list[int]:
        """Images per batch of each source (views first, then episodes); the same in every batch."""
        share = self.views_share if self.views and self.episodes else float(bool(self.views))
        weights = []
        for group, part in ((self.views, share), (self.episodes, 1 - share)):
            sizes = np.array([s.weight * len(s.frames) for s in group], float)
            weights.extend(part * sizes / sizes.sum() if len(sizes) else [])
        exact = np.array(weights) * self.images
        counts = np.floor(exact).astype(int)
        for i in np.argsort(counts - exact, kind="stable")[: self.images - counts.sum()]:
            counts[i] += 1
        return counts.tolist()

    def frames(self, step: int) -> list[tuple[Source, np.ndarray]]:
        """The frames of batch `step`: each source goes through all its frames before it repeats one."""
        chosen = []
        for number, (source, n) in enumerate(zip([*self.views, *self.episodes], self.counts(), strict=True)):
            if n:
                at = np.arange(step * n, (step + 1) * n)
                size = len(source.frames)
                picks = [self._order(number, int(e), size)[p] for e, p in zip(at // size, at % size, strict=True)]
                chosen.append((source, source.frames[np.array(picks)]))
        return chosen

    def _order(self, number: int, epoch: int, size: int) -> np.ndarray:
        kept = self._orders.get(number)
        if kept is None or kept[0] != epoch:
            kept = (epoch, rng(self.seed, "order", number, int(epoch)).permutation(size))
            self._orders[number] = kept
        return kept[1]

    def batch(self, step: int, own: Own = WHOLE) -> Batch:
        """Batch number `step`, as plain arrays (see `gather`); of several processes, the rows of one's `own` pictures.

        All of them choose the same rows, and each reads the pictures of its own.
        """
        parts, before = [], 0
        for number, (source, frames) in enumerate(self.frames(step)):
            chance = rng(self.seed, "batch", step, number)
            if self._asks(source):
                assert self.task is not None
                mine = own.of(before)
                parts.append(task_part(source.pack, frames, self.per_image, self.task, chance, self.raw, mine))
            else:
                per_image = self.per_image if source.pack.kind == "views" else 1
                rows = choose_rows(source, frames, per_image, chance)
                parts.append(gather(source.pack, owned(source.pack, rows, own.of(before)), self.raw, self.cameras))
            before += self._pictures(source, frames)
        return merge(parts)

    def pictures(self, step: int) -> int:
        """How many pictures the whole batch has: fewer than `images` where a frame was drawn twice."""
        return sum(self._pictures(source, frames) for source, frames in self.frames(step))

    def acts(self) -> bool:
        """Has a batch rows that know what arms and hands do?"""
        used = zip([*self.views, *self.episodes], self.counts(), strict=True)
        return any(n > 0 and "other_chunk" in source.pack.arrays for source, n in used)

    def _asks(self, source: Source) -> bool:
        return self.task is not None and source.pack.kind == "views"

    def _pictures(self, source: Source, frames: np.ndarray) -> int:
        return len(frames) if self._asks(source) else len(np.unique(frames))


def choose_rows(source: Source, frames: np.ndarray, per_image: int, chance: np.random.Generator) -> np.ndarray:
    """`per_image` rows of each frame, [n * per_image]; a frame with fewer gives some of them again."""
    rows = []
    for frame in frames:
        low, high = source.first[frame], source.first[frame + 1]
        order = low + chance.permutation(high - low)
        rows.append(np.resize(order, per_image))
    return np.concatenate(rows)


def owned(pack: Pack, rows: np.ndarray, mine: slice) -> np.ndarray:
    """Those of `rows` [B] whose picture is among `mine`, when the pictures are counted as `gather` does."""
    if mine == EVERY:
        return rows
    frames, index = np.unique(pack.arrays["frame"][rows], return_inverse=True)
    return rows[np.isin(index.reshape(-1), np.arange(len(frames))[mine])]


def gather(pack: Pack, rows: np.ndarray, raw: bool = False, cameras: Sequence[str] = ()) -> Batch:
    """The rows [B] of a pack as a batch; rows of one frame share one image.

    Per image [I, ...]: rgb uint8, depth float32 m, intrinsics, base_from_camera, head, head_target, other,
    other_target. Per row [B, ...]: image_index, text, answer ('' unless stage 0), target, goal, mask
    [B, 2, 32, 32], motion [B, 2] rad, head_chunk [B, 16, 2] and other_chunk [B, 16, 26] cumulative rad, has_other;
    commit and looked_from [B, 2] where the pack tells.
    `raw`: seg uint8 [I, H, W] in the place of mask. `cameras`: those besides the head's, as `extra` uint8
    [I, C, H, W, 3] and `has_extra` bool [I, C].
    """
    a = pack.arrays
    frames, index = np.unique(a["frame"][rows], return_inverse=True)
    batch = _images(pack, frames) | extra_views(pack, frames, cameras)
    n = len(rows)
    batch |= {
        "image_index": index.reshape(-1).astype(np.int64),
        "text": [pack.texts[i] for i in a["text"][rows]],
        "answer": [""] * n,
        "target": a["target"][rows].astype(np.int64),
        "goal": a["goal"][rows].astype(np.int64),
        "motion": np.asarray(a["motion"][rows]),
        "head_chunk": np.asarray(a["head_chunk"][rows]),
    }
    batch |= {name: np.asarray(a[name][rows]) for name in TOLD if name in a}
    has_other = "other_chunk" in a
    batch["other_chunk"] = np.asarray(a["other_chunk"][rows]) if has_other else np.zeros((n, K, N_OTHER), np.float32)
    batch["has_other"] = np.full(n, has_other)
    return batch if raw else add_masks(batch)


def task_part(
    pack: Pack,
    frames: np.ndarray,
    per_image: int,
    task: Stage0Task,
    chance: np.random.Generator,
    raw: bool = False,
    mine: slice = EVERY,
) -> Batch:
    """Stage-0 batch of `frames`: fresh tasks made from each frame's objects, no action labels; of `mine` alone."""
    frames = np.sort(frames)
    tasks = []
    for frame in frames:
        objects = pack.frame_objects(int(frame))
        tasks.append([task(chance, objects) for _ in range(per_image)])
    frames, made = frames[mine], sum(tasks[mine], [])
    batch = _images(pack, frames)
    text, target, goal, answer = zip(*made, strict=True) if made else ((),) * 4
    batch |= {
        "image_index": np.repeat(np.arange(len(frames)), per_image),
        "text": list(text),
        "answer": list(answer),
        "target": np.array(target, np.int64),
        "goal": np.array(goal, np.int64),
        "has_other": np.zeros(len(made), bool),
    }
    return batch if raw else add_masks(batch)


def _images(pack: Pack, frames: np.ndarray) -> Batch:
    batch: Batch = {key: np.asarray(pack.arrays[key][frames]) for key in _IMAGE_KEYS}
    batch["depth"] = pack.arrays["depth"][frames].astype(np.float32) * 1e-3
    batch["seg"] = np.asarray(pack.arrays["seg"][frames])
    return batch


def add_masks(batch: Batch) -> Batch:
    """A raw batch with mask float32 [B, 2, 32, 32] of the rows' targets and goals in the place of seg."""
    ids = np.stack([batch["target"], batch["goal"]], axis=1)
    mask = cell_fractions(batch["seg"][batch["image_index"]], ids)
    return {**{name: value for name, value in batch.items() if name != "seg"}, "mask": mask}


def cell_fractions(seg: np.ndarray, ids: np.ndarray, cells: int = CELLS) -> np.ndarray:
    """Fraction of each of cells x cells equal parts of the image that shows an instance.

    seg: uint8 [B, H, W]; ids: int [B, C], ids <= 0 give zeros. Returns float32 [B, C, cells, cells].
    """
    height, width = seg.shape[1:]
    rows, columns = pool(height, cells), pool(width, cells).T
    out = np.zeros((*ids.shape, cells, cells), np.float32)
    for b, c in np.argwhere(ids > 0):
        shown = seg[b] == ids[b, c]
        if shown.any():
            out[b, c] = rows @ shown.astype(np.float32) @ columns
    return out


def pool(size: int, cells: int) -> np.ndarray:
    """[cells, size]: averages `size` pixels into `cells` equal parts, splitting pixels that lie on a border."""
    edges = np.arange(cells + 1) * size / cells
    pixel = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(overlap, 0, 1) * cells / size).astype(np.float32)


def merge(parts: list[Batch]) -> Batch:
    """One batch of several parts; image indices are shifted. What only views tell (`TOLD`) is NaN in other rows."""
    if len(parts) == 1:
        return parts[0]
    for name, width in TOLD.items():
        if any(name in part for part in parts):
            unknown = [np.full((len(part["image_index"]), *width), np.nan, np.float32) for part in parts]
            parts = [part | {name: part.get(name, blank)} for part, blank in zip(parts, unknown, strict=True)]
    keys = [key for key in parts[0] if all(key in part for part in parts)]
    out: Batch = {}
    for key in keys:
        values = [part[key] for part in parts]
        if key == "image_index":
            shifts = np.cumsum([0] + [len(part["rgb"]) for part in parts[:-1]])
            values = [value + shift for value, shift in zip(values, shifts, strict=True)]
        out[key] = sum(values, []) if isinstance(values[0], list) else np.concatenate(values)
    return out
