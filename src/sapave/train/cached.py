"""Between the model and its cached tokens: what is stored, and how a cached batch becomes the model's again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sapave.data.windows import Batch
from sapave.model.extra import Extra, see
from sapave.model.memory import SECTORS
from sapave.model.vla import Hybrid
from sapave.train.batches import Tensors, chunks, tensors, to_device
from sapave.train.cache import Cached
from sapave.train.past import add_past


def perceiver(model: Any, processor: Any, device: torch.device) -> Callable[[Batch], dict[str, np.ndarray]]:
    """A function from a batch to what is stored of each row: tokens (float16), mask, pointer, state."""

    def perceive(batch: Batch) -> dict[str, np.ndarray]:
        values = tensors(batch, processor, wanted=set())
        with torch.inference_mode():
            hybrid = model.perceive(to_device(values, device))
        return {
            "tokens": hybrid.tokens.half().cpu().numpy(),
            "mask": hybrid.mask.cpu().numpy(),
            "pointer": hybrid.pointer.float().cpu().numpy(),
            "state": values["state"].numpy(),
        }

    return perceive


def onlooker(model: Any, device: torch.device) -> Callable[[Batch], dict[str, np.ndarray]]:
    """A function from a batch to what is stored of each row's extra cameras: their tokens (float16) and mask."""

    def perceive(batch: Batch) -> dict[str, np.ndarray]:
        pictures, there = (torch.from_numpy(batch[name]).to(device) for name in ("extra", "has_extra"))
        with torch.inference_mode():
            extra = see(model.backbone, pictures, there).rows(torch.from_numpy(batch["image_index"]).to(device))
        return {"extra": extra.tokens.half().cpu().numpy(), "extra_mask": extra.mask.cpu().numpy()}

    return perceive


def remembered(model: Any, cached: Cached, seed: int = 0) -> Cached:
    """Cached rows that know what a policy remembers by then: episodes are walked through side by side, row by row;
    views get a past made up from `seed`."""
    labels, pointer = cached.source.pack.arrays, np.array(cached.arrays["pointer"])
    count, device = len(pointer), next(model.parameters()).device
    views = cached.source.pack.kind != "episodes"  # rows of episodes stand in the order of time
    begins = np.arange(count) if views else np.unique(labels["episode"][cached.rows], return_index=True)[1]
    lengths = np.diff(np.append(begins, count))
    poses = labels["base_from_camera"][labels["frame"][cached.rows]]
    looked, memory, before = np.zeros((count, SECTORS), np.float32), None, lengths > 0
    for t in range(lengths.max()):
        alive = lengths > t
        rows = begins[alive] + t
        now = torch.from_numpy(pointer[rows]).to(device)
        batch = {
            "base_from_camera": torch.from_numpy(np.asarray(poses[rows])).to(device),
            "has": torch.ones(len(rows), 3, dtype=torch.bool, device=device),
        }
        if memory is not None:
            memory = memory.rows(torch.from_numpy(alive[before]).to(device))
        hybrid, memory = model.remember(Hybrid(now[:, :0], now[:, :0, 0].bool(), now), memory, batch)
        pointer[rows], looked[rows], before = hybrid.pointer.cpu().numpy(), hybrid.looked.cpu().numpy(), alive
    arrays = {**cached.arrays, "pointer": pointer, "looked": looked}
    if views and model.config.search and "pose" not in model.config.hidden:  # without it, nobody knows where it looked
        arrays["looked"], arrays["head_chunk"] = add_past(cached.source.pack, cached.rows, looked, seed)
    return replace(cached, arrays=arrays)


def alike(cached: Sequence[Cached]) -> list[Cached]:
    """The same, with black extra pictures (that take no memory) for those without any where others have some."""
    some = next((c.arrays for c in cached if "extra" in c.arrays), None)
    if some is None:
        return list(cached)
    blank = {name: np.zeros(some[name].shape[1:], some[name].dtype) for name in ("extra", "extra_mask")}
    return [
        replace(c, arrays={**{n: np.broadcast_to(v, (len(c.rows), *v.shape)) for n, v in blank.items()}, **c.arrays})
        for c in cached
    ]


def batch_of(stored: dict[str, np.ndarray], processor: Any, acts: bool) -> Tensors:
    """The model's batch of cached rows: state, targets (of arms and hands too where the batch `acts`), and the stored
    tokens under their own names."""
    out = {
        "hybrid_tokens": torch.from_numpy(stored["tokens"]),
        "hybrid_mask": torch.from_numpy(stored["mask"]),
        "hybrid_pointer": torch.from_numpy(stored["pointer"]),
        "hybrid_looked": torch.from_numpy(stored["looked"]),
        "state": torch.from_numpy(stored["state"]),
        "has_other": torch.from_numpy(stored["has_other"]),
    }
    out |= {f"hybrid_{name}": torch.from_numpy(stored[name]) for name in ("extra", "extra_mask") if name in stored}
    return out | chunks(stored["head_chunk"], stored["other_chunk"], acts, processor)


def hybrid_of(values: Tensors) -> Hybrid:
    """The Hybrid that a cached batch carries."""
    return Hybrid(
        values["hybrid_tokens"].float(),
        values["hybrid_mask"],
        values["hybrid_pointer"],
        looked=values["hybrid_looked"],
        extra=Extra(values["hybrid_extra"].float(), values["hybrid_extra_mask"]) if "hybrid_extra" in values else None,
    )
