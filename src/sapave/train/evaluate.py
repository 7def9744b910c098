"""Scores on held-out views during training: pointing, presence, answers, and one look of the head."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from sapave.base.seeds import rng
from sapave.data.windows import Source, Stage0Task, choose_rows, gather, task_part
from sapave.train.batches import tensors, to_device

TOLERANCE = np.deg2rad(5.0)
"""A look is right when both axes are this close [rad]."""
PER_IMAGE = 4
_IMAGES = 16


def evaluate(
    model: Any, processor: Any, source: Source, images: int, device: torch.device, task: Stage0Task | None = None
) -> dict[str, float]:
    """Shares of right ones on `images` frames of a views source; always the same frames and instructions.

    `pointer`: the strongest sub-cell lies on the target or beside it; `presence`: whether target and goal are in the
    picture; `answer`: every token right, each given the true ones before it (stage 0); `head`: one look ends within
    5 degrees on both axes, also for targets `in_view` and `out_of_view`.
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
    reading, logits, presence = model.read(values, values["image_index"])
    mask = values["mask"]
    shown = mask.flatten(2).sum(-1) > 0
    near = F.max_pool2d((mask > 0).float(), 3, 1, 1).flatten(2)
    hit = near.gather(-1, logits.flatten(2).argmax(-1, keepdim=True)).squeeze(-1)
    out = {
        "pointer": hit[:, 0][shown[:, 0]],
        "pointer_goal": hit[:, 1][shown[:, 1]],
        "presence": ((presence > 0) == shown).float().flatten(),
    }
    if "answer" in values:
        asked = values["answer"] != -100
        right = (reading.answer_logits.argmax(-1) == values["answer"]) | ~asked
        out["answer"] = right.all(1)[asked.any(1)].float()
    if "motion" in batch and processor.head_norm is not None:
        values.pop("answer", None)
        head, _ = model.generate(model.perceive(values), values)
        reached = processor.head_norm.invert(head.cpu().numpy())[:, -1]
        error = np.abs(reached - batch["motion"]).max(1)
        right = (error <= TOLERANCE).astype(np.float32)
        in_view = shown[:, 0].cpu().numpy()
        out |= {"head": right, "head_in_view": right[in_view], "head_out_of_view": right[~in_view]}
    return {name: v if isinstance(v, np.ndarray) else v.cpu().numpy() for name, v in out.items()}
