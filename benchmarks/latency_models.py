"""What latency.py times: observations made up, our model at two sizes, transformers' pi0 beside it, and rooflines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from sapave.base.geometry import intrinsics
from sapave.base.types import N_HEAD, N_OTHER, Geometry, Observation
from sapave.model.config import VLAConfig
from sapave.model.engine import Engine
from sapave.model.vla import SaPaVe
from training_cost import FULL, PEAK

H200_FLOPS, H200_BYTES = PEAK["H200"], 4.3e12
"""Dense bf16 FLOP/s (NVIDIA's data sheet) and memory bytes/s (4.8e12 on the data sheet, 4.3e12 measured by others)."""

BIG = replace(
    FULL,
    spatial_width=768,
    spatial_layers=12,
    decoder_width=1024,
    decoder_layers=8,
    decoder_heads=16,
    draft_width=1024,
    steps=4,
)
"""SmolVLM2-2.2B's layers at 224 px (64 image tokens), a spatial encoder of ViT-B's size, two decoders of 0.15 B."""

SMALL_PI0: dict[str, Any] = {
    "vlm_config": {
        "model_type": "paligemma",
        "text_config": {
            "model_type": "gemma",
            "hidden_size": 192,
            "num_hidden_layers": 4,
            "intermediate_size": 512,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 48,
            "vocab_size": 2048,
        },
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 128,
            "intermediate_size": 512,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "patch_size": 16,
            "image_size": 128,
            "vision_use_head": False,
        },
        "projection_dim": 192,
        "image_token_id": 2047,
    },
    "dit_config": {
        "model_type": "gemma",
        "hidden_size": 192,
        "num_hidden_layers": 4,
        "intermediate_size": 768,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "head_dim": 48,
    },
}
"""Our small model's widths, depths and token counts; its picture has 64 patches where ours has 256."""


def observation(seed: int = 0, words: str = "pick up the red mug") -> Observation:
    """Noise for a picture, depths around a metre, a camera that looks ahead; 176 x 128 px as in the benchmark."""
    rng = np.random.default_rng(seed)
    pose = np.array([[0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 1.2], [0, 0, 0, 1]], np.float32)
    matrix = intrinsics(176, 128, 1.13).astype(np.float32)
    depth = rng.uniform(0.4, 1.6, (128, 176)).astype(np.float32)
    return Observation(
        rgb={"head": rng.integers(0, 256, (128, 176, 3), np.uint8)},
        geometry={"head": Geometry(depth=depth, intrinsics=matrix, base_from_camera=pose)},
        head=np.zeros(N_HEAD, np.float32),
        head_target=np.zeros(N_HEAD, np.float32),
        other=np.zeros(N_OTHER, np.float32),
        other_target=np.zeros(N_OTHER, np.float32),
        instruction=words,
        time=0.0,
    )


def batch_for(config: VLAConfig, rows: int = 1, device: str = "cpu") -> dict[str, Tensor]:
    """Made-up inputs of a model: one square picture with all its geometry per row, instructions of full length."""
    g = torch.Generator().manual_seed(0)
    side, words = config.image_size, config.max_tokens
    pose = torch.tensor([[0.0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 1.2], [0, 0, 0, 1]])
    matrix = torch.from_numpy(intrinsics(side, side, 1.13)).float()
    batch = {
        "rgb": torch.randint(0, 256, (rows, side, side, 3), generator=g, dtype=torch.uint8),
        "depth": torch.rand(rows, side, side, generator=g) + 0.4,
        "intrinsics": matrix.expand(rows, 3, 3).clone(),
        "base_from_camera": pose.expand(rows, 4, 4).clone(),
        "has": torch.ones(rows, 3, dtype=torch.bool),
        "tokens": torch.randint(4, config.vocab_size - 1, (rows, words), generator=g),
        "tokens_mask": torch.ones(rows, words, dtype=torch.bool),
        "state": torch.randn(rows, config.state_size, generator=g),
    }
    return {name: value.to(device) for name, value in batch.items()}


def pi0(settings: dict[str, Any], device: str = "cpu", dtype: torch.dtype = torch.float32) -> Callable[[], Tensor]:
    """A call of transformers' own `sample_actions` (10 steps, chunk of 16, one picture, 20 words), random weights.

    The camera's two joints are in its 32-wide action. It crops its cache back to the prefix after every step.
    """
    from transformers import PI0Config, PI0ForConditionalGeneration

    config: Any = PI0Config(**settings, chunk_size=16, num_inference_steps=10)
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        model: Any = PI0ForConditionalGeneration(config)
        model.to(dtype).eval()
        vision = config.vlm_config.vision_config
        image = torch.full((1, (vision.image_size // vision.patch_size) ** 2), config.vlm_config.image_token_id)
        ids = torch.cat([image, torch.randint(4, 2000, (1, 20))], 1)
        inputs = {
            "state": torch.zeros(1, 32, dtype=dtype),
            "input_ids": ids,
            "pixel_values": torch.randn(1, 1, 3, vision.image_size, vision.image_size).to(dtype),
            "noise": torch.randn(1, 16, 32).to(dtype),
            "attention_mask": torch.ones_like(ids),
            "pixel_attention_mask": torch.ones(1, 1, dtype=torch.bool),
        }
    return lambda: model.sample_actions(**inputs)


def flops(work: Callable[[], Any]) -> float:
    """Floating-point operations of the matrix products, convolutions and attention in one call."""
    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def matmul_rate(seconds: float = 1.0, side: int = 512) -> float:
    """FLOP per CPU second of float32 matrix products that fit the caches: the best this core does."""
    a, b = torch.randn(side, side), torch.randn(side, side)
    best, begin = 0.0, time.process_time()
    while time.process_time() - begin < seconds:
        start = time.process_time()
        for _ in range(10):
            torch.mm(a, b)
        best = max(best, 20 * side**3 / (time.process_time() - start))
    return best


def analytic() -> dict[str, Any]:
    """The 2.2 B policy on an H200 in bf16, one view, 16 ticks, from shapes alone (meta device: nothing is computed).

    Each part takes the longer of its operations at the peak rate and its weights at the memory's rate; decoders'
    weights are read at every step. Activations are left out: they are small at one observation.
    """
    with torch.device("meta"):
        model = SaPaVe(BIG)
    core: Any = model.backbone.core.core.model

    def see(pixels: Tensor) -> Tensor:
        """The vision tower without the question whether its mask is all ones, which the meta device cannot answer."""
        patches = core.vision_model.embeddings.patch_embedding(pixels).flatten(2).transpose(1, 2)
        return core.connector(core.vision_model.encoder(inputs_embeds=patches).last_hidden_state.contiguous())

    batch = batch_for(BIG, device="meta")
    model.backbone.core.encode_image = see
    engine = Engine(model)
    prefix = engine.prefix(batch)
    seeing = flops(lambda: model.backbone.encode_image(batch["rgb"]))
    rest = flops(lambda: engine.prefix(batch)) - seeing
    denoising = flops(lambda: engine.denoise(prefix))
    tower = count(core.vision_model) + count(core.connector)
    steps = sum(count(d.trunk) + count(d.tails) + count(d.entries) for d in model.denoisers())
    words = count(core.text_model.embed_tokens) + count(model.backbone.core.core.lm_head)  # looked up, not used
    read = count(model) - tower - steps - words
    parts = {
        "vision": (seeing, tower),
        "language and the rest": (rest, read),
        "denoising": (denoising, BIG.steps * steps),
    }
    rows: dict[str, Any] = {"parameters": count(model)}
    total = 0.0
    for name, (operations, weights) in parts.items():
        ms = 1000 * max(operations / H200_FLOPS, 2 * weights / H200_BYTES)
        rows[name] = {"gflop": operations / 1e9, "gb": 2 * weights / 1e9, "roofline_ms": ms}
        total += ms
    return rows | {"roofline_ms": total, "target_ms": min(12.0, 2.5 * total)}


def count(module: torch.nn.Module) -> int:
    """Its parameters."""
    return sum(p.numel() for p in module.parameters())
