"""Between the model and its cached tokens: what is stored, and how a cached batch becomes the model's again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from sapave.data.windows import Batch
from sapave.model.vla import Hybrid
from sapave.train.batches import Tensors, chunks, tensors, to_device


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
