"""The Gemma 3 class of transformers: SigLIP averaged to few tokens, local and global layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from sapave.model.backbone import GRID
from sapave.model.backbones._gemma import Gemma, small_parts
from sapave.model.backbones._published import Entry

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class Gemma3(Gemma):
    """Causal, but for the picture, which sees itself whole."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__(core)
        self.image_size = self.core.config.vision_config.image_size
        self.grid = int(self.core.config.mm_tokens_per_image**0.5)

    def begin(self) -> None:
        """Transformers starts the projector at zero: no picture would get through, nor anything back to the vision."""
        projector = self.core.model.multi_modal_projector
        nn.init.normal_(projector.mm_input_projection_weight, std=self.core.config.initializer_range)


def small_settings(config: VLAConfig) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values."""
    vision, text = small_parts(config)
    return {
        "vision_config": vision,
        "text_config": text,
        "mm_tokens_per_image": min(GRID, config.image_size // config.vision_patch) ** 2,
        "image_token_index": config.vocab_size - 1,
        "boi_token_index": config.vocab_size - 2,
        "eoi_token_index": config.vocab_size - 3,
        "tie_word_embeddings": True,
    }


BACKBONE = Entry(
    name="gemma3",
    doc="Gemma 3 (SigLIP, local and global layers, picture read in both directions): small, or 4B and 12B as published",
    classes=("Gemma3Config", "Gemma3ForConditionalGeneration"),
    core=Gemma3,
    small=small_settings,
)
