"""The Qwen2.5-VL class of transformers: windowed vision, and a language model with positions in three axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sapave.model.backbones._published import Entry
from sapave.model.backbones._qwen import Qwen, sections

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig


class Qwen25VL(Qwen):
    """Its vision part was trained on pixels in CLIP's units."""

    mean = (0.48145466, 0.4578275, 0.40821073)
    std = (0.26862954, 0.26130258, 0.27577711)


def small_settings(config: VLAConfig) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values; the last vision layer sees everything."""
    vision = {
        "depth": config.vision_layers,
        "hidden_size": config.vision_width,
        "intermediate_size": 4 * config.vision_width,
        "num_heads": config.vision_heads,
        "patch_size": config.vision_patch,
        "spatial_merge_size": config.scale_factor,
        "window_size": 4 * config.vision_patch * config.scale_factor,
        "fullatt_block_indexes": [config.vision_layers - 1],
        "out_hidden_size": config.text_width,
        "initializer_range": 0.05,
    }
    text = {
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
        "initializer_range": 0.05,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": sections(config.text_width // config.text_heads // 2),
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
    name="qwen2_5_vl",
    doc="Qwen2.5-VL (windowed vision, three-axis positions): small by default, 3B and 7B as published",
    classes=("Qwen2_5_VLConfig", "Qwen2_5_VLForConditionalGeneration"),
    core=Qwen25VL,
    small=small_settings,
)
