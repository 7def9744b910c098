"""Folders as published backbones come, made on the spot: tiny random weights of transformers' own classes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Core

VOCABULARY = 400
SIGLIP = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
LANGUAGE = {
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": VOCABULARY,
    "pad_token_id": 0,
    "initializer_range": 0.2,
}

SETTINGS: dict[str, dict[str, Any]] = {
    # 9 x 9 image tokens, as SmolVLM2-2.2B has
    "smolvlm": {
        "vision_config": {**SIGLIP, "image_size": 108, "patch_size": 4},
        "text_config": {
            **LANGUAGE,
            "model_type": "llama",
            "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
        },
        "scale_factor": 3,
        "image_token_id": VOCABULARY - 1,
        "tie_word_embeddings": False,
    },
    # windows in the vision part, grouped heads
    "qwen2_5_vl": {
        "vision_config": {
            "depth": 2,
            "hidden_size": 24,
            "intermediate_size": 48,
            "num_heads": 3,
            "patch_size": 4,
            "window_size": 32,
            "fullatt_block_indexes": [1],
            "out_hidden_size": 48,
            "initializer_range": 0.2,
        },
        "text_config": {
            **LANGUAGE,
            "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0, "mrope_section": [2, 2, 2]},
        },
        "image_token_id": VOCABULARY - 1,
        "video_token_id": VOCABULARY - 2,
        "tie_word_embeddings": True,
    },
    # both kinds of attention layers, capped scores
    "paligemma": {
        "vision_config": {
            **SIGLIP,
            "model_type": "siglip_vision_model",
            "image_size": 32,
            "patch_size": 4,
            "vision_use_head": False,
        },
        "text_config": {**LANGUAGE, "model_type": "gemma2", "head_dim": 12, "query_pre_attn_scalar": 12},
        "projection_dim": 48,
        "hidden_size": 48,
        "image_token_index": VOCABULARY - 1,
        "tie_word_embeddings": True,
    },
    # the projector averages 16 x 16 patches to 8 x 8 tokens; local and global layers
    "gemma3": {
        "vision_config": {
            **SIGLIP,
            "model_type": "siglip_vision_model",
            "image_size": 64,
            "patch_size": 4,
            "vision_use_head": False,
        },
        "text_config": {
            **LANGUAGE,
            "head_dim": 12,
            "query_pre_attn_scalar": 12,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        },
        "mm_tokens_per_image": 64,
        "image_token_index": VOCABULARY - 1,
        "boi_token_index": VOCABULARY - 2,
        "eoi_token_index": VOCABULARY - 3,
        "tie_word_embeddings": True,
    },
    # two vision layers enter language layers of their own; a learned grid of positions that is resampled
    "qwen3_vl": {
        "vision_config": {
            "depth": 3,
            "hidden_size": 24,
            "intermediate_size": 48,
            "num_heads": 3,
            "patch_size": 4,
            "num_position_embeddings": 36,
            "deepstack_visual_indexes": [0, 2],
            "out_hidden_size": 48,
            "initializer_range": 0.2,
        },
        "text_config": {
            **LANGUAGE,
            "head_dim": 12,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 5000.0,
                "mrope_section": [2, 2, 2],
                "mrope_interleaved": True,
            },
        },
        "image_token_id": VOCABULARY - 1,
        "video_token_id": VOCABULARY - 2,
        "tie_word_embeddings": True,
    },
}
"""Per backbone: what its published configuration looks like, with small numbers."""

QWEN = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
GEMMA = ("<pad>", "<eos>", "<bos>", "<unk>")
SPECIALS = {
    "qwen3_vl": QWEN,
    "gemma3": GEMMA,
    "paligemma": GEMMA,
    "qwen2_5_vl": QWEN,
    "smolvlm": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<end_of_utterance>"),
}
"""Per backbone: special tokens of its tokenizer.json, in the published order."""
BEGIN_END = {
    "qwen3_vl": ("<|im_start|>", "<|im_end|>"),
    "gemma3": ("<bos>", "<eos>"),
    "paligemma": ("<bos>", "<eos>"),
    "smolvlm": ("<|im_start|>", "<end_of_utterance>"),
    "qwen2_5_vl": ("<|im_start|>", "<|im_end|>"),
}
"""Per backbone: the tokens that a text begins and an answer ends with."""

TEXTS = ["Pick up the red mug.", "look at the drawer on your left", "Put the bowl on the plate"] * 4


def tokenizer_of(name: str) -> Core:
    """A byte-level BPE tokenizer with the special tokens of that backbone."""
    core = Core(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer: Any = partial(trainers.BpeTrainer, vocab_size=VOCABULARY - 10, show_progress=False)(
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    core.train_from_iterator(TEXTS, trainer)
    core.add_tokens(["<s>", "</s>"])  # plain text for Gemma: HTML, struck through
    core.add_special_tokens([AddedToken(token, special=True) for token in SPECIALS[name]])
    return core


def publish(name: str, folder: Path) -> Path:
    """Write config.json, model.safetensors and tokenizer.json as `save_pretrained` of transformers does."""
    from sapave.base.shelf import pick

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        core = pick("sapave.model.backbones", "BACKBONE", name).make(SETTINGS[name])
    core.core.save_pretrained(folder)
    (folder / "tokenizer.json").write_text(tokenizer_of(name).to_str())
    return folder
