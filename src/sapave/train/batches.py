"""From the data's plain arrays to the model's tensors: words to tokens, joints to state, chunks normalised."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import torch

from sapave.base.seeds import rng
from sapave.data.windows import WHOLE, Batch, Own
from sapave.model.memory import looked_at
from sapave.model.vla import ACTING

Tensors = dict[str, torch.Tensor]


def tensors(
    batch: Batch, processor: Any, *, wanted: Collection[str], has: np.ndarray | None = None, acts: bool | None = None
) -> Tensors:
    """The model's batch (model/inputs.py) of a batch of data/windows.py, with its targets, on the CPU.

    `wanted`: names of losses whose targets are to be in it.
    `has`: bool [n, 3], which of depth, intrinsics and pose each picture is given (None: all); see `present`.
    `acts`: are there targets for arms and hands (None: if some row has one)?
    """
    n = len(batch["rgb"])
    index = batch["image_index"]
    tokens, mask = processor.tokenize(batch["text"])
    has = present(n) if has is None else has
    out = {
        "rgb": torch.from_numpy(batch["rgb"]),
        "depth": torch.from_numpy(batch["depth"]),
        "intrinsics": torch.from_numpy(batch["intrinsics"]),
        "base_from_camera": torch.from_numpy(batch["base_from_camera"]),
        "has": torch.from_numpy(has),
        "tokens": tokens,
        "tokens_mask": mask,
        "state": torch.as_tensor(states(batch, processor), dtype=torch.float32)[index],
        "image_index": torch.from_numpy(index),
    }
    out |= {name: torch.from_numpy(batch[name]) for name in ("extra", "has_extra") if name in batch}
    if {"pointer", "presence"} & set(wanted):
        out["mask"] = torch.from_numpy(batch["mask"])
    if "answer" in wanted and any(batch["answer"]):
        out["answer"] = processor.answers(batch["answer"])
    if "looked_from" in batch:
        out["looked"] = looked_at(torch.from_numpy(batch["looked_from"]))
    if "commit" in wanted and "commit" in batch:
        out["commit"] = torch.from_numpy(batch["commit"])
    if set(ACTING) & set(wanted):
        out["has_other"] = torch.from_numpy(batch["has_other"])
        acts = bool(batch["has_other"].any()) if acts is None else acts
        out |= chunks(batch["head_chunk"], batch["other_chunk"], acts, processor)
    return out


def present(n: int, dropout: float = 0.0, chance: tuple[int, int] = (0, 0), own: Own = WHOLE) -> np.ndarray:
    """Which of depth, intrinsics and pose the model is given of a batch of `n` pictures, bool [n, 3]; each is hidden
    with the chance `dropout`, decided by `chance` = (seed, step). Only the rows of `own` pictures are returned."""
    if not dropout:
        return np.ones((n, 3), bool)[own.of()]
    return (rng(chance[0], "modality", chance[1]).random((n, 3)) >= dropout)[own.of()]


def states(batch: Batch, processor: Any) -> np.ndarray:
    """State vectors [I, S] of the images of a batch."""
    return processor.state(batch["head"], batch["head_target"], batch["other"], batch["other_target"])


def chunks(head: np.ndarray, other: np.ndarray, acts: bool, processor: Any) -> Tensors:
    """Normalised cumulative chunks [B, 16, D]; the other chunk only where the batch `acts`."""
    out = {}
    if processor.head_norm is not None:
        out["head_chunk"] = torch.from_numpy(processor.head_norm.apply(head).astype(np.float32))
    if processor.other_norm is not None and acts:
        out["other_chunk"] = torch.from_numpy(processor.other_norm.apply(other).astype(np.float32))
    return out


def to_device(batch: Tensors, device: torch.device) -> Tensors:
    """The batch on a device."""
    if device.type == "cpu":
        return batch
    return {key: value.to(device, non_blocking=True) for key, value in batch.items()}
