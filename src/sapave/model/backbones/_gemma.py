"""What the Gemma vision-language classes share: SigLIP and a projector, and a picture that sees itself whole."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sapave.model.backbones._published import Core, causal, places


class Gemma(Core):
    """SigLIP, a linear projector and a Gemma language model; image positions see each other in both directions."""

    whole = True
    first = 0
    """Position of the first token."""

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Image tokens [I, grid * grid, width] of pixels [I, 3, S, S] in -1..1."""
        return self.core.model.get_image_features(pixels).pooler_output

    def forward(self, embedded: Tensor, mask: Tensor, image: slice) -> Tensor:
        """States [B, N, width] of a sequence [B, N, width], blind to positions where mask [B, N] is False.

        Sequences are shorter than any published sliding window, so every layer gets the same mask.
        """
        language: Any = self.language_model
        visible = causal(mask, *self.blocks(image))
        if language.config._attn_implementation == "eager":  # Gemma 2 caps its scores, which only that path can
            blind = torch.finfo(embedded.dtype).min
            visible = torch.zeros_like(visible, dtype=embedded.dtype).masked_fill(~visible, blind)
        output = language(
            inputs_embeds=embedded,
            attention_mask=visible,
            position_ids=places(mask) + self.first,
            use_cache=False,
        )
        return output.last_hidden_state

    def word_logits(self, states: Tensor) -> Tensor:
        """Scores of the next token [..., vocab_size], softly capped where the configuration says so."""
        scores = self.core.lm_head(states)
        cap = getattr(self.core.config.text_config, "final_logit_softcapping", None)
        return scores if cap is None else torch.tanh(scores / cap) * cap


def small_parts(config: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The vision and the text configuration of our small models, as plain values."""
    vision = {
        "model_type": "siglip_vision_model",
        "hidden_size": config.vision_width,
        "intermediate_size": 4 * config.vision_width,
        "num_hidden_layers": config.vision_layers,
        "num_attention_heads": config.vision_heads,
        "image_size": config.image_size,
        "patch_size": config.vision_patch,
        "vision_use_head": False,
    }
    head = config.text_width // config.text_heads
    text = {
        "hidden_size": config.text_width,
        "intermediate_size": config.text_mlp,
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.text_heads,
        "num_key_value_heads": config.text_heads,
        "head_dim": head,
        "query_pre_attn_scalar": head,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "initializer_range": 0.05,
        "use_cache": False,
    }
    return vision, text
