"""The Qwen3-VL class of transformers: what the vision part saw on its way enters the first language layers too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sapave.model.backbones._published import Entry, causal
from sapave.model.backbones._qwen import Qwen, axes, sections

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class Qwen3VL(Qwen):
    """Its image tokens are wider than the others: `width` for the sequence, then `width` for each of the `deep` layers
    that get more of the picture."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__(core)
        self.deep = len(self.core.config.vision_config.deepstack_visual_indexes)

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Image tokens [I, 64, width * (1 + deep)] of pixels [I, 3, S, S] in -1..1."""
        seen = self.look(pixels)
        return torch.cat([seen.pooler_output, *seen.deepstack_features], -1).unflatten(0, (len(pixels), -1))

    def forward(self, embedded: Tensor, mask: Tensor, image: slice, deeper: Tensor) -> Tensor:
        """States [B, N, width] of a sequence [B, N, width], causal but for `blocks`, blind where mask is False;
        `deeper` [B, 64, width * deep] is added to the image positions after the first layers."""
        there = torch.zeros_like(mask)
        there[:, image] = True
        output = self.language_model(
            inputs_embeds=embedded,
            attention_mask=causal(mask, *self.blocks(image)),
            position_ids=axes(mask, image),
            use_cache=False,
            visual_pos_masks=there,
            deepstack_visual_embeds=list(deeper.flatten(0, 1).split(self.width, -1)),
        )
        return output.last_hidden_state


def small_settings(config: VLAConfig) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values; the first vision layer goes deep."""
    vision = {
        "depth": config.vision_layers,
        "hidden_size": config.vision_width,
        "intermediate_size": 4 * config.vision_width,
        "num_heads": config.vision_heads,
        "patch_size": config.vision_patch,
        "spatial_merge_size": config.scale_factor,
        "num_position_embeddings": (config.image_size // config.vision_patch) ** 2,
        "deepstack_visual_indexes": [0],
        "out_hidden_size": config.text_width,
        "initializer_range": 0.05,
    }
    head = config.text_width // config.text_heads
    text = {
        "hidden_size": config.text_width,
        "intermediate_size": config.text_mlp,
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.text_heads,
        "num_key_value_heads": config.text_heads,
        "head_dim": head,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "initializer_range": 0.05,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": sections(head // 2),
            "mrope_interleaved": True,
        },
        "use_cache": False,
    }
    return {
        "vision_config": vision,
        "text_config": text,
        "image_token_id": config.vocab_size - 1,
        "tie_word_embeddings": True,
    }


BACKBONE = Entry(
    name="qwen3_vl",
    doc="Qwen3-VL (three-axis positions, vision into the first layers too): small by default, 2B, 4B, 8B as published",
    classes=("Qwen3VLConfig", "Qwen3VLForConditionalGeneration"),
    core=Qwen3VL,
    small=small_settings,
)
