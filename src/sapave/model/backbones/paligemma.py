"""The PaliGemma class of transformers (PaliGemma 2: Gemma 2 inside)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from sapave.model.backbones._gemma import Gemma, small_parts
from sapave.model.backbones._published import Entry

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class PaliGemma(Gemma):
    """Words see each other whole, and the picture the words and itself; answers are causal.

    As published, words would see the picture too. Here they must not: what reads the words alone (the draft) learns
    from mirrored rows, and pictures are not mirrored.
    """

    first = 1

    def __init__(self, core: nn.Module) -> None:
        super().__init__(core)
        vision = self.core.config.vision_config
        self.image_size = vision.image_size
        self.grid = vision.image_size // vision.patch_size

    def blocks(self, image: slice) -> tuple[slice, ...]:
        """Words, and picture."""
        return slice(0, image.start), image


def small_settings(config: VLAConfig) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values."""
    vision, text = small_parts(config)
    return {
        "vision_config": vision,
        "text_config": {**text, "model_type": "gemma2"},
        "projection_dim": config.text_width,
        "hidden_size": config.text_width,
        "image_token_index": config.vocab_size - 1,
        "tie_word_embeddings": True,
    }


BACKBONE = Entry(
    name="paligemma",
    doc="PaliGemma 2 (SigLIP, Gemma 2, picture read in both directions): small by default, 3B and 10B as published",
    classes=("PaliGemmaConfig", "PaliGemmaForConditionalGeneration"),
    core=PaliGemma,
    small=small_settings,
)
