"""Configurations of transformers' pi0: our small one, and a published one fitted to our state and actions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sapave.model.backbones._gemma import small_parts
from sapave.model.kinds._pi0_config import Pi0Config

FRESH = ("state_proj", "action_in_proj", "action_out_proj")
"""Layers whose sizes are the robot's: of published weights, those that do not fit start anew."""
AROUND = (*FRESH, "action_time_mlp_in", "action_time_mlp_out")
"""All layers between robot and action expert."""
FLOW = ("time_sampling_beta_alpha", "time_sampling_beta_beta", "time_sampling_scale", "time_sampling_offset",
        "min_period", "max_period")  # fmt: skip
"""Settings that both formats of a published config.json have, by these names."""
UNUSED = "dit.embed_tokens"
"""What the class makes and pi0 never reads: published weights may lack it."""


def ours(config: Pi0Config) -> dict[str, Any]:
    """What is the robot's and the loop's, whatever the size."""
    return {
        "chunk_size": config.k,
        "max_state_dim": config.state_size,
        "max_action_dim": config.n_head + config.n_other,
        "loss_reduction": "none",
    }


def small(config: Pi0Config) -> dict[str, Any]:
    """The transformers configuration of our small model, as plain values."""
    attention = {
        "model_type": "gemma",
        "num_hidden_layers": config.text_layers,
        "num_attention_heads": config.text_heads,
        "num_key_value_heads": config.text_heads,
        "head_dim": config.text_width // config.text_heads,
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "initializer_range": 0.05,
    }
    return {
        "vlm_config": {
            "model_type": "paligemma",
            "text_config": {
                **attention,
                "hidden_size": config.text_width,
                "intermediate_size": config.text_mlp,
                "vocab_size": config.vocab_size,
            },
            "vision_config": small_parts(config)[0],
            "projection_dim": config.text_width,
            "image_token_id": config.vocab_size - 1,
        },
        "dit_config": {
            **attention,
            "hidden_size": config.expert_width,
            "intermediate_size": config.expert_mlp,
        },
        **ours(config),
    }


def settings_of(path: Path, config: Pi0Config) -> Any:
    """transformers' PI0Config of a config.json in its own format, or in LeRobot's (always the published size), changed
    where the robot decides; ValueError for another model."""
    from transformers import PI0Config

    if not path.is_file():
        raise ValueError(f"model folder {path.parent}: found no config.json; expected a downloaded snapshot of pi0")
    values = json.loads(path.read_text())
    found = values.get("model_type", values.get("type"))
    if found != "pi0":
        raise ValueError(f"{path}: found model_type {found!r}, expected 'pi0'")
    if "model_type" not in values:
        values = {name: values[name] for name in FLOW if name in values}
    settings = PI0Config.from_dict({**values, **ours(config)})
    if settings.time_sampling_beta_beta != 1:
        raise ValueError(f"{path}: found time_sampling_beta_beta {settings.time_sampling_beta_beta}, expected 1")
    return settings


def begin(core: nn.Module, names: Sequence[str] = AROUND) -> None:
    """Start layers between robot and expert as plain linear layers start: with the class's own small weights, the
    noisy chunk would be 0.8 % of what the expert's first layer adds to it."""
    for name, layer in core.named_modules():
        if isinstance(layer, nn.Linear) and name.rpartition(".")[2] in names:
            layer.reset_parameters()


def published(name: str | Path, config: Pi0Config) -> Any:
    """transformers' model with the weights (float32) of a folder or a hub id; see `Pi0.from_pretrained`."""
    from transformers import PI0ForConditionalGeneration

    from sapave.model.hub import resolve

    folder = resolve(name, kind="model", files=("*.json", "*.safetensors"))
    settings = settings_of(folder / "config.json", config)
    if not list(folder.glob("*.safetensors")):
        raise ValueError(f"model folder {folder}: found no *.safetensors; expected the published weights")
    loaded: Any = PI0ForConditionalGeneration.from_pretrained(
        folder,
        config=settings,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.float32,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    core, report = loaded
    missing = sorted(key for key in report["missing_keys"] if UNUSED not in key)
    if missing:
        raise ValueError(f"model folder {folder}: the weights lack '{missing[0]}' ({len(missing)} in all)")
    unfit = sorted(entry[0] for entry in report["mismatched_keys"])
    odd = [name for name in unfit if name.split(".")[-2] not in FRESH]
    if odd:
        raise ValueError(f"model folder {folder}: '{odd[0]}' has another shape than config.json says")
    begin(core, [name.split(".")[-2] for name in unfit])
    return core
