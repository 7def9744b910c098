"""Scores on held-out views during training: pointing, presence, answers, and one look of the head."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import torch

from sapave.base.seeds import rng
from sapave.data.windows import Source, Stage0Task, choose_rows, gather, task_part
from sapave.model.kind import kind_of
from sapave.train.batches import tensors, to_device

TOLERANCE = np.deg2rad(5.0)
"""A look is right when both axes are this close [rad]."""
PER_IMAGE = 4
_IMAGES = 16


def evaluate(
    model: Any, processor: Any, source: Source, images: int, device: torch.device, task: Stage0Task | None = None
) -> dict[str, float]:
    """Shares of right ones on `images` frames of a views source; always the same frames and instructions.

    What the model says of words and picture is judged by its kind (`Kind.judge`); `head`: one look ends within 5
    degrees on both axes, also for targets `in_view` and `out_of_view`.
    """
    chance = rng(0, "evaluate")
    frames = np.sort(chance.permutation(source.frames)[:images])
    seen: dict[str, list[np.ndarray]] = defaultdict(list)
    for at in range(0, len(frames), _IMAGES):
        block = frames[at : at + _IMAGES]
        if task is not None:
            batch = task_part(source.pack, block, PER_IMAGE, task, chance)
        else:
            batch = gather(source.pack, choose_rows(source, block, PER_IMAGE, chance))
        with torch.no_grad():  # inference mode would leave spread weights unfit for learning
            found = score(model, processor, batch, device)
        for name, values in found.items():
            seen[name].append(values)
    scores = {name: np.concatenate(values) for name, values in seen.items()}
    return {name: round(float(values.mean()), 4) for name, values in scores.items() if len(values)}


def score(model: Any, processor: Any, batch: dict[str, Any], device: torch.device) -> dict[str, np.ndarray]:
    """Right or wrong (1, 0) per thing judged, of one batch."""
    values = to_device(tensors(batch, processor, wanted={"pointer", "presence", "answer"}), device)
    out = dict(kind_of(model.config).judge(model, values))
    if "motion" in batch and processor.head_norm is not None:
        error, in_view = one_look(model, processor, batch, values)
        right = (error <= TOLERANCE).astype(np.float32)
        out |= {"head": right, "head_in_view": right[in_view], "head_out_of_view": right[~in_view]}
    return {name: v if isinstance(v, np.ndarray) else v.cpu().numpy() for name, v in out.items()}


def one_look(
    model: Any, processor: Any, batch: dict[str, Any], values: dict[str, torch.Tensor]
) -> tuple[np.ndarray, np.ndarray]:
    """Of each row of `batch` (`values`: its tensors, with masks): by how much one look misses the label on the worse
    axis [rad], and whether its target shows at the start (bool)."""
    values = {name: value for name, value in values.items() if name != "answer"}
    head, _ = model.generate(model.perceive(values), values)
    reached = processor.head_norm.invert(head.cpu().numpy())[:, -1]
    in_view = (values["mask"].flatten(2).sum(-1) > 0)[:, 0]
    return np.abs(reached - batch["motion"]).max(1), in_view.cpu().numpy()
