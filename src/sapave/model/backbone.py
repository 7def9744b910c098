"""Words and picture to tokens: the instruction stands before the image, so every image token has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.base.shelf import pick
from sapave.model.config import VLAConfig

GRID = 8
"""Image tokens per side: the picture becomes GRID x GRID tokens."""
HALF = (0.5, 0.5, 0.5)
"""Mean and standard deviation per colour (of 0..1) that give -1..1, as the SigLIP family wants its pixels."""


@dataclass(frozen=True)
class Reading:
    """What the backbone made of words and picture."""

    words: Tensor
    """[B, T, D] states of the instruction."""
    image: Tensor
    """[B, 64, D] states of the image tokens, row by row."""
    mask: Tensor
    """[B, T] True where a word is."""
    answer_logits: Tensor | None = None
    """[B, A, V] scores of the answer's tokens."""


def square(rgb: Tensor, size: int, mean: Sequence[float] = HALF, std: Sequence[float] = HALF) -> Tensor:
    """Pixels [I, 3, size, size] of images uint8 [I, H, W, 3], in -1..1 unless another mean and std are given."""
    pixels = rgb.permute(0, 3, 1, 2).float()
    if pixels.shape[-2:] != (size, size):
        pixels = F.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False)
    if (*mean, *std) == (*HALF, *HALF):
        return pixels / 127.5 - 1.0
    return (pixels / 255.0 - pixels.new_tensor(mean)[:, None, None]) / pixels.new_tensor(std)[:, None, None]


def resample(tokens: Tensor, grid: int) -> Tensor:
    """Image tokens [I, grid * grid, C] as [I, 64, C]: each the mean of those it covers; 8 x 8 stay as they are."""
    if grid == GRID:
        return tokens
    spread = tokens.transpose(1, 2).unflatten(2, (grid, grid))
    return F.adaptive_avg_pool2d(spread, GRID).flatten(2).transpose(1, 2)


def keep_layers(core: Any, count: int | None) -> None:
    """Cut the language model of a core after its first `count` layers (None: keep all), in its configuration too."""
    language = core.language_model
    if count is None or count == len(language.layers):
        return
    if not 1 <= count <= len(language.layers):
        raise ValueError(f"backbone_layers: found {count}, expected 1 to {len(language.layers)}, the layers there are")
    language.layers = language.layers[:count]
    for settings in (core.core.config.text_config, language.config):
        settings.num_hidden_layers = count
        if getattr(settings, "layer_types", None):
            settings.layer_types = list(settings.layer_types[:count])


def words_read(mask: Tensor) -> int:
    """How many columns of a words' mask [B, T] the backbone reads: all in a traced graph, whose shapes are fixed."""
    fixed = torch.compiler.is_compiling() or mask.is_meta
    return mask.shape[1] if fixed else int(mask.sum(1).max())


class Backbone(nn.Module):
    """One of `model/backbones`, fed with [begin, instruction, image, answer]."""

    def __init__(self, config: VLAConfig, core: nn.Module | None = None) -> None:
        super().__init__()
        self.core: Any = core or pick("sapave.model.backbones", "BACKBONE", config.backbone).build(config)
        self.width: int = self.core.width
        if self.core.grid < GRID:
            raise ValueError(
                f"backbone '{config.backbone}': found {self.core.grid} x {self.core.grid} image tokens, "
                f"expected at least {GRID} x {GRID}; change image_size, vision_patch or scale_factor"
            )
        keep_layers(self.core, config.backbone_layers)
        self.core.whole = self.core.whole or config.whole_picture

    def encode_image(self, rgb: Tensor) -> Tensor:
        """Image tokens [I, 64, D] of uint8 [I, H, W, 3], the same for every instruction.

        A core that feeds the picture into more layers than the first gives wider ones: [I, 64, D * (1 + layers)].
        """
        core = self.core
        return resample(core.encode_image(square(rgb, core.image_size, core.mean, core.std)), core.grid)

    def forward(self, image: Tensor, tokens: Tensor, mask: Tensor, answer: Tensor | None = None) -> Reading:
        """Read image tokens [B, 64, D] after words [B, T] (mask [B, T]); `answer` [B, A] (-100 padded) is scored."""
        image, deeper = image[..., : self.width], image[..., self.width :]
        parts, seen = [self.core.embed(tokens), image], [mask, mask.new_ones(image.shape[:2])]
        if answer is not None and answer.shape[1] > 1:
            shifted = answer[:, :-1]
            parts.append(self.core.embed(shifted.clamp(min=0)))
            seen.append(shifted >= 0)
        begin, end = tokens.shape[1], tokens.shape[1] + image.shape[1]
        more = (deeper,) if deeper.shape[-1] else ()
        states = self.core(torch.cat(parts, 1), torch.cat(seen, 1), slice(begin, end), *more)
        logits = None
        if answer is not None:
            logits = self.core.word_logits(states[:, end - 1 : end - 1 + answer.shape[1]])
        return Reading(states[:, :begin], states[:, begin:end], mask, logits)
