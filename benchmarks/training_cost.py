"""What a step of stage 1 costs at full size (2.2 B), counted on shapes alone, on any machine.

Read by benchmarks/training.py (`--only stage1_full`), which measures the same step where there is a GPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from sapave.model.adapter import insert_adapter
from sapave.model.backbone import Backbone
from sapave.model.config import VLAConfig

FULL = VLAConfig(
    image_size=224,
    vocab_size=49280,
    backbone_settings={
        "vision_config": {
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_hidden_layers": 27,
            "num_attention_heads": 16,
            "image_size": 224,
            "patch_size": 14,
        },
        "text_config": {
            "model_type": "llama",
            "hidden_size": 2048,
            "intermediate_size": 8192,
            "num_hidden_layers": 24,
            "num_attention_heads": 32,
            "num_key_value_heads": 32,
            "vocab_size": 49280,
            "max_position_embeddings": 8192,
            "rms_norm_eps": 1e-5,
            "pad_token_id": 2,
            "bos_token_id": 1,
            "eos_token_id": 2,
            "use_cache": False,
            "tie_word_embeddings": False,
        },
        "scale_factor": 2,
        "image_token_id": 49190,
        "tie_word_embeddings": False,
    },
)
"""The sizes of SmolVLM2-2.2B (config.json on the hub) at 224 px, where 16 x 16 patches make our 8 x 8 tokens."""
PEAK = {"H100": 989e12, "H200": 989e12}
"""Dense bf16 FLOP/s of the SXM cards, from NVIDIA's data sheets."""


def counted(config: VLAConfig, images: int, rows: int) -> dict[str, Any]:
    """FLOPs and memory of one step of stage 1 (LoRA): torch's own counter over the real classes on shapes, in bf16.

    The frozen vision tower runs once per image without gradients, the language model forward and back per row; pointer,
    spatial encoder and head decoder are left out (small). Activations: every tensor kept for the way back, once, with
    attention in the plain form; kernels that recompute it keep less. No activation checkpointing. Weights: as the loop
    has them on a GPU, in fp32 with autocast's bf16 copies; since autocast leaves some activations in fp32, `at_most`
    has all of them twice.
    """
    with torch.device("meta"):
        backbone = Backbone(config)
        insert_adapter(backbone, config)
        backbone.bfloat16().requires_grad_(False)
        adapter = [p.requires_grad_() for n, p in backbone.named_parameters() if "lora_" in n]
        core: Any = backbone.core.core.model
        patches = (core.vision_model.config.image_size // core.vision_model.config.patch_size) ** 2
        pixels = torch.empty(images, patches, core.vision_model.config.hidden_size, dtype=torch.bfloat16)
        with FlopCounterMode(display=False) as seeing:
            image = core.connector(core.vision_model.encoder(inputs_embeds=pixels).last_hidden_state)
        count = image.shape[1] + config.max_tokens
        own = {p.untyped_storage()._cdata for p in backbone.parameters()}
        kept: dict[int, torch.UntypedStorage] = {}

        def keep(value: torch.Tensor) -> torch.Tensor:
            kept[value.untyped_storage()._cdata] = value.untyped_storage()
            return value

        with FlopCounterMode(display=False) as reading, torch.autograd.graph.saved_tensors_hooks(keep, lambda v: v):
            words = torch.empty(rows, count, backbone.width, dtype=torch.bfloat16)
            picture = slice(config.max_tokens, count)
            backbone.core(words, torch.ones(rows, count, dtype=torch.bool), picture).sum().backward()
    total, learns = (sum(p.numel() for p in part) for part in (backbone.parameters(), adapter))
    flops = {"vision": seeing.get_total_flops(), "language": reading.get_total_flops()}
    memory = {
        "weights_fp32_and_bf16": 6 * total,
        "adapter_gradients_adam_fp32": 16 * learns,
        "activations": sum(storage.nbytes() for key, storage in kept.items() if key not in own),
    }
    gb = {name: size / 1e9 for name, size in memory.items()}
    return {
        "images": images,
        "rows": rows,
        "tokens_per_row": count,
        "parameters": total,
        "trainable": learns,
        "trainable_share": learns / total,
        "tflop": {n: v / 1e12 for n, v in flops.items()} | {"step": sum(flops.values()) / 1e12},
        "gb": gb | {"all": sum(gb.values()), "at_most": sum(gb.values()) + gb["activations"]},
    }
