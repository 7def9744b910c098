"""The camera adapter: LoRA (peft) on q, k, v and o of the language model's attention."""

from __future__ import annotations

from torch import nn

from sapave.model.backbone import Backbone
from sapave.model.config import VLAConfig


def insert_adapter(backbone: Backbone, config: VLAConfig) -> list[nn.Module]:
    """Put the adapter that `config.adapter` names into the backbone; the modules that stage 1 trains."""
    language = backbone.core.language_model
    if config.adapter == "none":
        return []
    if config.adapter == "full":
        return [language.layers]
    from peft import LoraConfig, inject_adapter_in_model

    lora = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=0.0,
        target_modules=list(backbone.core.adapted),
    )
    inject_adapter_in_model(lora, language)
    return [m for name, m in language.named_modules() if name.endswith(("lora_A", "lora_B"))]


def share(backbone: Backbone) -> tuple[int, int]:
    """How many weights the LoRA adapter holds, and how many backbone and adapter hold together."""
    sizes = {name: parameter.numel() for name, parameter in backbone.named_parameters()}
    return sum(size for name, size in sizes.items() if "lora_" in name), sum(sizes.values())


def plain_name(name: str) -> str:
    """A weight's name as it is without LoRA, so that weights move between models with and without."""
    return name.replace(".base_layer.", ".")
