"""A batch cut into parts that are worked on one after the other (or by several processes) and add up to the whole.

Every loss is a mean over something: rows, rows with arm labels, words of answers, measured points. A part's share of a
loss is its share of what the whole batch's mean is over; so the parts' gradients add up to the whole batch's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from sapave.data.windows import WHOLE, Own
from sapave.model.spatial import measure
from sapave.train.batches import Tensors

PER_IMAGE = ("rgb", "depth", "intrinsics", "base_from_camera", "has", "extra", "has_extra")
"""Names of a batch that have one entry per image; all others have one per row."""
ROWS, SHOWN = "rows", "shown"
"""Counted beside the losses: rows, and masks that are not empty, which the pointer's second term is a mean over."""


@dataclass(frozen=True)
class Part:
    """Some rows of a batch, with their images."""

    batch: Tensors
    number: int = 0
    """Which of the parts; chance is drawn for each by its number."""
    shares: dict[str, float] = field(default_factory=dict)
    """By loss; empty: this is the whole batch."""
    counts: dict[str, float] = field(default_factory=dict)
    """By loss, over how many things of this part its mean is taken; and ROWS and SHOWN."""
    idle: bool = False
    """Worked on without counting: its shares are 0."""


def cut(batch: Tensors, count: int, names: Collection[str]) -> list[Part]:
    """`count` parts (fewer where there are fewer images) for the losses `names`; every count-th image with its rows,
    so that all parts are alike. One part is the batch itself."""
    if count == 1:
        return [Part(batch)]
    parts = pieces(batch, count, names)
    return shared(parts, added(parts))


def pieces(batch: Tensors, count: int, names: Collection[str], own: Own = WHOLE) -> list[Part]:
    """The same parts before they have shares; of a process that has its `own` images of the batch, its own parts."""
    if not batch:
        return []
    each, index = count // own.size, batch.get("image_index")
    of = torch.arange(len(batch["state"])) if index is None else index
    parts = []
    for number in range(each):
        rows = torch.nonzero(of % each == number)[:, 0]
        if not len(rows):
            continue
        taken = {n: v[number::each] if index is not None and n in PER_IMAGE else v[rows] for n, v in batch.items()}
        if index is not None:
            taken["image_index"] = index[rows] // each
        shown = (taken["mask"].flatten(2).sum(-1) > 0).sum().item() if "mask" in taken else 0
        counted = {**counts(taken, names), ROWS: float(len(rows)), SHOWN: float(shown)}
        parts.append(Part(taken, own.rank + own.size * number, counts=counted))
    return parts


def owned(batch: Tensors, own: Own) -> Tensors:
    """The rows of the `own` images of a whole batch that has an image index; nothing where there are none."""
    if own == WHOLE:
        return batch
    index = batch["image_index"]
    rows = torch.nonzero(index % own.size == own.rank)[:, 0]
    taken = {n: v[own.of()] if n in PER_IMAGE else v[rows] for n, v in batch.items()}
    return {**taken, "image_index": index[rows] // own.size} if len(rows) else {}


def added(parts: Sequence[Part]) -> dict[str, float]:
    """The counts of all parts together."""
    parts = [part for part in parts if not part.idle]
    names = dict.fromkeys(name for part in parts for name in part.counts)
    return {name: sum(part.counts.get(name, 0.0) for part in parts) for name in names}


def shared(parts: Sequence[Part], whole: Mapping[str, float]) -> list[Part]:
    """The parts with their shares of a batch that has the counts `whole`."""
    out = []
    for part in parts:
        batch, own = part.batch, part.counts
        if "mask" in batch:
            shown = torch.tensor(whole[SHOWN], dtype=torch.float32).clamp(min=1) * own[ROWS] / whole[ROWS]
            batch = {**batch, "shown": shown}
        counted = 0.0 if part.idle else 1.0
        shares = {n: counted * value / max(1.0, whole[n]) for n, value in own.items() if n not in (ROWS, SHOWN)}
        out.append(replace(part, batch=batch, shares=shares))
    return out


def counts(batch: Tensors, names: Collection[str]) -> dict[str, float]:
    """By loss, over how many things the batch's mean is taken."""
    rows = float(len(batch["state"]))
    acting = batch["has_other"].sum().item() if "has_other" in batch else 0.0
    out = {"head": rows, "pointer": rows, "presence": rows, "commit": rows, "other": acting, "draft": acting}
    if "answer" in batch:
        out["answer"] = (batch["answer"] >= 0).sum().item()
    if "points" in names:
        depth = measure(batch)[0]
        out["points"] = (batch["has"].all(1)[:, None, None] & (depth > 0)).sum().item()
    return {name: float(value) for name, value in out.items() if name in names}
