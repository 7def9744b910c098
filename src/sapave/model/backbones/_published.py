"""What every backbone's shelf entry does: build from plain values, or load what a folder or the hub publishes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from sapave.model.backbone import HALF

if TYPE_CHECKING:
    from sapave.model.config import VLAConfig

FILES = ("config.json", "tokenizer.json")
"""What a published folder must hold beside its weights."""


class Core(nn.Module):
    """A vision-language class of transformers, seen as a few calls; a subclass says where its parts are."""

    adapted = ("q_proj", "k_proj", "v_proj", "o_proj")
    """Names of the language model's attention linears, for the adapter."""
    mean, std = HALF, HALF
    """Of the colours 0..1, as the vision part was trained."""
    image_size: int
    """Side of the square picture [px]."""
    grid: int
    """Image tokens per side that `encode_image` gives."""
    whole = False
    """Do the picture's positions see each other in both directions? `VLAConfig.whole_picture` says so of a class that
    was not published so."""

    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core: Any = core
        text: Any = self.core.config.text_config
        self.width: int = text.hidden_size
        self.vocab_size: int = text.vocab_size

    @property
    def language_model(self) -> Any:
        """The text transformer, where the adapter goes."""
        return self.core.model.language_model

    def blocks(self, image: slice) -> tuple[slice, ...]:
        """Stretches of the sequence that see themselves whole; all else is causal."""
        return (image,) if self.whole else ()

    def begin(self) -> None:
        """Change fresh weights that the class would start unfit for learning; most need nothing."""

    def embed(self, tokens: Tensor) -> Tensor:
        """Word embeddings [B, T, width] of token ids [B, T]."""
        return self.core.get_input_embeddings()(tokens)

    def word_logits(self, states: Tensor) -> Tensor:
        """Scores of the next token [..., vocab_size]."""
        return self.core.lm_head(states)

    def settings(self) -> dict[str, Any]:
        """All that `build` needs to make this architecture again (plain JSON)."""
        return json.loads(self.core.config.to_json_string(use_diff=False))


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Shelf entry of a class of transformers."""

    name: str
    """On the shelf; also the model_type of the class."""
    doc: str
    classes: tuple[str, str]
    """Names in transformers of the configuration's and the model's class."""
    core: Callable[[nn.Module], Core]
    small: Callable[[VLAConfig], dict[str, Any]]
    """Our own small architecture of this class, as plain values."""

    def build(self, config: VLAConfig) -> Core:
        """The architecture with fresh weights; no file and no network is touched."""
        return self.make(config.backbone_settings or self.small(config))

    def make(self, settings: Mapping[str, Any]) -> Core:
        """The architecture of a transformers configuration in plain values, with fresh weights."""
        settings_class, model_class = self._classes()
        values = {name: value for name, value in settings.items() if name != "transformers_version"}
        core = self.core(model_class(settings_class(**values)))
        core.begin()
        return core

    def from_pretrained(self, name: str | Path) -> Core:
        """Published weights (float32) of a folder as transformers writes it, or of a hub id; ValueError when unfit."""
        folder = published_folder(name)
        for file in FILES:
            if not (folder / file).is_file():
                raise ValueError(
                    f"backbone folder {folder}: found no {file}; expected a downloaded snapshot of '{self.name}'"
                )
        kind = json.loads((folder / "config.json").read_text()).get("model_type")
        if kind != self.name:
            raise ValueError(f"{folder / 'config.json'}: found model_type {kind!r}, expected {self.name!r}")
        if not list(folder.glob("*.safetensors")):
            raise ValueError(f"backbone folder {folder}: found no *.safetensors; expected the published weights")
        model, report = self._classes()[1].from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
        missing = sorted(report["missing_keys"])
        if missing:
            raise ValueError(f"backbone folder {folder}: the weights lack '{missing[0]}' ({len(missing)} in all)")
        return self.core(model)

    def _classes(self) -> list[Any]:
        import transformers

        return [getattr(transformers, name) for name in self.classes]


def published_folder(name: str | Path) -> Path:
    """Folder of published weights: `name` itself, or the hub's snapshot of `owner/name` in the local cache."""
    from sapave.model.hub import resolve

    return resolve(name, kind="backbone", files=("*.json", "*.safetensors"))


def causal(mask: Tensor, *blocks: slice) -> Tensor:
    """Who sees whom, [B, 1, N, N]: each position what is before it, and all of its own block, where mask [B, N]."""
    count = mask.shape[1]
    seen = torch.ones(count, count, dtype=torch.bool, device=mask.device).tril()
    for block in blocks:
        seen[block, block] = True
    return (seen & mask[:, None, None, :]).expand(-1, 1, -1, -1)


def places(mask: Tensor) -> Tensor:
    """Positions [B, N] counted over what mask [B, N] shows."""
    return (mask.long().cumsum(1) - 1).clamp(min=0)
