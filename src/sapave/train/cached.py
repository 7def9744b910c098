"""Between the model and its cached tokens: what is stored, and how a cached batch becomes the model's again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from sapave.data.windows import Batch
from sapave.model.vla import Hybrid
from sapave.train.batches import Tensors, chunks, tensors, to_device
from sapave.train.cache import Cached


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


def remembered(model: Any, cached: Cached) -> Cached:
    """Cached rows of episodes whose pointer features know where things were last seen, as a policy's do."""
    if cached.source.pack.kind != "episodes" or not model.config.memory:
        return cached
    labels, pointer = cached.source.pack.arrays, np.array(cached.arrays["pointer"])
    episode, count = labels["episode"][cached.rows], len(pointer)
    begins = np.searchsorted(episode, episode)  # rows stand in the order of episodes and time
    seen = pointer[..., -1] > 0.5
    last = np.maximum.accumulate(np.where(seen, np.arange(count)[:, None], -1), axis=0)
    known = last >= begins[:, None]
    points = np.take_along_axis(pointer[..., :3], last.clip(0)[..., None], axis=0)
    memory = np.concatenate([points, np.ones_like(points[..., :1])], -1) * known[..., None]
    device = next(model.parameters()).device
    pose = torch.from_numpy(labels["base_from_camera"][cached.rows]).to(device)
    batch = {"base_from_camera": pose, "has": torch.ones(count, 3, dtype=torch.bool, device=device)}
    now, before = torch.from_numpy(pointer).to(device), torch.from_numpy(memory).float().to(device)
    filled, _ = model.pointer.remember(now, before, batch)
    return replace(cached, arrays={**cached.arrays, "pointer": filled.cpu().numpy()})


def batch_of(stored: dict[str, np.ndarray], processor: Any) -> Tensors:
    """The model's batch of cached rows: state, targets, and the stored tokens under their own names."""
    out = {
        "hybrid_tokens": torch.from_numpy(stored["tokens"]),
        "hybrid_mask": torch.from_numpy(stored["mask"]),
        "hybrid_pointer": torch.from_numpy(stored["pointer"]),
        "state": torch.from_numpy(stored["state"]),
        "has_other": torch.from_numpy(stored["has_other"]),
    }
    return out | chunks(stored["head_chunk"], stored["other_chunk"], stored["has_other"], processor)


def hybrid_of(values: Tensors) -> Hybrid:
    """The Hybrid that a cached batch carries."""
    return Hybrid(values["hybrid_tokens"].float(), values["hybrid_mask"], values["hybrid_pointer"])
