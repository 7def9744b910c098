"""The SmolVLM class of transformers: small and trained by us, or the published weights from a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class SmolVLM(nn.Module):
    """A vision transformer, a pixel-shuffle connector and a causal language model, seen as three calls."""

    adapted = ("q_proj", "k_proj", "v_proj", "o_proj")
    """Names of the language model's attention linears, for the adapter."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core: Any = core
        settings: Any = core.config
        vision, text = settings.vision_config, settings.text_config
        self.image_size: int = vision.image_size
        self.width: int = text.hidden_size
        self.vocab_size: int = text.vocab_size
        self.grid: int = vision.image_size // vision.patch_size // settings.scale_factor

    @property
    def language_model(self) -> nn.Module:
        """The text transformer, where the adapter goes."""
        return self.core.model.text_model

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Image tokens [I, grid * grid, width] of pixels [I, 3, S, S] in -1..1."""
        vision = self.core.model.vision_model(pixel_values=pixels, return_dict=True)
        return self.core.model.connector(vision.last_hidden_state)

    def embed(self, tokens: Tensor) -> Tensor:
        """Word embeddings [B, T, width] of token ids [B, T]."""
        return self.core.get_input_embeddings()(tokens)

    def forward(self, embedded: Tensor, mask: Tensor) -> Tensor:
        """States [B, N, width] of a sequence [B, N, width], causal, blind to positions where mask [B, N] is False."""
        count = embedded.shape[1]
        causal = torch.ones(count, count, dtype=torch.bool, device=mask.device).tril()
        visible = (causal & mask[:, None, None, :]).expand(-1, 1, -1, -1)
        positions = (mask.long().cumsum(1) - 1).clamp(min=0)
        output = self.language_model(
            inputs_embeds=embedded, attention_mask=visible, position_ids=positions, use_cache=False
        )
        return output.last_hidden_state

    def word_logits(self, states: Tensor) -> Tensor:
        """Scores of the next token [..., vocab_size]."""
        return self.core.lm_head(states)

    def settings(self) -> dict[str, Any]:
        """All that `build` needs to make this architecture again (plain JSON)."""
        return json.loads(self.core.config.to_json_string(use_diff=False))


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


class _SmolVLMEntry:
    """Shelf entry: how to make this backbone."""

    name = "smolvlm"
    doc = "SmolVLM (SigLIP-shaped vision, Llama-shaped language): small by default, published weights by folder"

    def build(self, config: VLAConfig) -> SmolVLM:
        """The architecture with fresh weights; no file and no network is touched."""
        from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

        settings = dict(config.backbone_settings or small_settings(config))
        settings.pop("transformers_version", None)
        return SmolVLM(SmolVLMForConditionalGeneration(SmolVLMConfig(**settings)))

    def from_pretrained(self, folder: str | Path) -> SmolVLM:
        """The model in a local folder as transformers writes it (config.json + safetensors); ValueError when unfit."""
        from transformers import SmolVLMForConditionalGeneration

        folder = Path(folder)
        for name in ("config.json", "tokenizer.json"):
            if not (folder / name).is_file():
                raise ValueError(f"backbone folder {folder}: found no {name}; expected a downloaded SmolVLM snapshot")
        kind = json.loads((folder / "config.json").read_text()).get("model_type")
        if kind != "smolvlm":
            raise ValueError(f"{folder / 'config.json'}: found model_type {kind!r}, expected 'smolvlm'")
        core = SmolVLMForConditionalGeneration.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        return SmolVLM(core)


BACKBONE = _SmolVLMEntry()
