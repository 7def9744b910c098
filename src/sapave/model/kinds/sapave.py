"""Our own model (`model/vla.py`)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.kind import Batch, Kind
from sapave.model.vla import SaPaVe


def judge(model: SaPaVe, batch: Batch) -> dict[str, Tensor]:
    """`pointer`, `pointer_goal`: the strongest sub-cell lies on the target (goal) or beside it; `presence`: whether
    they are in the picture; `answer`: every token right, each given the true ones before it."""
    reading, logits, presence = model.read(batch, batch["image_index"])
    mask = batch["mask"]
    shown = mask.flatten(2).sum(-1) > 0
    near = F.max_pool2d((mask > 0).float(), 3, 1, 1).flatten(2)
    hit = near.gather(-1, logits.flatten(2).argmax(-1, keepdim=True)).squeeze(-1)
    out = {
        "pointer": hit[:, 0][shown[:, 0]],
        "pointer_goal": hit[:, 1][shown[:, 1]],
        "presence": ((presence > 0) == shown).float().flatten(),
    }
    if reading.answer_logits is not None:
        out["answer"] = answered(reading.answer_logits, batch["answer"])
    return out


def answered(logits: Tensor, answer: Tensor) -> Tensor:
    """1 or 0 per row that has an answer [B, A] (-100 padded): are all its tokens those with the best logits?"""
    asked = answer != -100
    right = (logits.argmax(-1) == answer) | ~asked
    return right.all(1)[asked.any(1)].float()


def facts(config: VLAConfig) -> list[tuple[str, str]]:
    """Rows of the card's table."""
    return [
        ("backbone", f"`{config.backbone}`, image {config.image_size} px, adapter `{config.adapter}`"),
        ("geometry", f"encoder `{config.spatial}`, injection `{config.injection}`"),
        ("decoders", f"`{config.decoders}`, {config.steps} denoising steps"),
    ]


MODEL = Kind(
    name="sapave",
    doc="ours: a frozen backbone with a camera adapter, geometry, and a decoder each for the head and for the rest",
    about="A policy of SaPaVe's kind (arXiv 2603.12193: look, then act) for the head, arms and hands of a humanoid.",
    config=VLAConfig,
    model=SaPaVe,
    tiny=TINY_TEST,
    fresh=("decoders.", "injection.", "lora_"),
    cached=True,
    judge=judge,
    facts=facts,
)
