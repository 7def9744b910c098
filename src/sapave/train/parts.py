"""A batch cut into parts that are worked on one after the other (or by several processes) and add up to the whole.

Every loss is a mean over something: rows, rows with arm labels, words of answers, measured points. A part's share of a
loss is its share of what the whole batch's mean is over; so the parts' gradients add up to the whole batch's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import torch
from torch import Tensor

from sapave.model.spatial import measure
from sapave.train.batches import Tensors

PER_IMAGE = ("rgb", "depth", "intrinsics", "base_from_camera", "has", "extra", "has_extra")
"""Names of a batch that have one entry per image; all others have one per row."""


@dataclass(frozen=True)
class Part:
    """Some rows of a batch, with their images."""

    batch: Tensors
    number: int = 0
    """Which of the parts; chance is drawn for each by its number."""
    shares: dict[str, float] = field(default_factory=dict)
    """By loss; empty: this is the whole batch."""


def cut(batch: Tensors, count: int, names: Collection[str]) -> list[Part]:
    """`count` parts (fewer where there are fewer images) for the losses `names`; every count-th image with its rows,
    so that all parts are alike. One part is the batch itself."""
    if count == 1:
        return [Part(batch)]
    index = batch.get("image_index")
    of = torch.arange(len(batch["state"])) if index is None else index
    whole, shown = counts(batch, names), _shown(batch)
    parts = []
    for number in range(count):
        rows = torch.nonzero(of % count == number)[:, 0]
        if not len(rows):
            continue
        taken = {n: v[number::count] if index is not None and n in PER_IMAGE else v[rows] for n, v in batch.items()}
        if index is not None:
            taken["image_index"] = index[rows] // count
        if shown is not None:
            taken["shown"] = shown.clamp(min=1) * len(rows) / len(of)
        shares = {n: value / max(1.0, whole[n]) for n, value in counts(taken, names).items()}
        parts.append(Part(taken, number, shares))
    return parts


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


def _shown(batch: Tensors) -> Tensor | None:
    """How many masks are not empty: what the second term of the pointer's loss is a mean over."""
    return (batch["mask"].flatten(2).sum(-1) > 0).float().sum() if "mask" in batch else None
