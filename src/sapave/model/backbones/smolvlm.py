"""The SmolVLM class of transformers: small and trained by us, or the published weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from sapave.model.backbones._published import Core, Entry, causal, places

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class SmolVLM(Core):
    """A vision transformer, a pixel-shuffle connector and a causal language model."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__(core)
        vision = self.core.config.vision_config
        self.image_size = vision.image_size
        self.grid = vision.image_size // vision.patch_size // self.core.config.scale_factor

    @property
    def language_model(self) -> Any:
        """The text transformer, where the adapter goes."""
        return self.core.model.text_model

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Image tokens [I, grid * grid, width] of pixels [I, 3, S, S] in -1..1."""
        vision = self.core.model.vision_model(pixel_values=pixels, return_dict=True)
        return self.core.model.connector(vision.last_hidden_state)

    def forward(self, embedded: Tensor, mask: Tensor, image: slice) -> Tensor:
        """States [B, N, width] of a sequence [B, N, width], causal but for `blocks`, blind where mask is False."""
        output = self.language_model(
            inputs_embeds=embedded,
            attention_mask=causal(mask, *self.blocks(image)),
            position_ids=places(mask),
            use_cache=False,
        )
        return output.last_hidden_state


def small_settings(config: VLAConfig) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values."""
    vision = {
        "hidden_size": config.vision_width,
        "intermediate_size": 4 * config.vision_width,
        "num_hidden_layers": config.vision_layers,
        "num_attention_heads": config.vision_heads,
        "image_size": config.image_size,
        "patch_size": config.vision_patch,
        "initializer_range": 0.05,
    }
    text = {
        "model_type": "llama",
        "hidden_size": config.text_width,
        "intermediate_size": config.text_mlp,
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.text_heads,
        "num_key_value_heads": config.text_heads,
        "vocab_size": config.vocab_size,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "tie_word_embeddings": True,
        "initializer_range": 0.05,
        "rms_norm_eps": 1e-5,
        "use_cache": False,
    }
    return {
        "vision_config": vision,
        "text_config": text,
        "scale_factor": config.scale_factor,
        "image_token_id": config.vocab_size - 1,
        "tie_word_embeddings": True,
    }


BACKBONE = Entry(
    name="smolvlm",
    doc="SmolVLM (SigLIP-shaped vision, Llama-shaped language): small by default, SmolVLM and SmolVLM2 as published",
    classes=("SmolVLMConfig", "SmolVLMForConditionalGeneration"),
    core=SmolVLM,
    small=small_settings,
)
