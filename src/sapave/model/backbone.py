"""Words and picture to tokens: the instruction stands before the image, so every image token has read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.base.shelf import pick
from sapave.model.config import VLAConfig

GRID = 8
"""Image tokens per side: the picture becomes GRID x GRID tokens."""


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


def square(rgb: Tensor, size: int) -> Tensor:
    """Pixels [I, 3, size, size] in -1..1 of images uint8 [I, H, W, 3]."""
    pixels = rgb.permute(0, 3, 1, 2).float()
    if pixels.shape[-2:] != (size, size):
        pixels = F.interpolate(pixels, size=(size, size), mode="bilinear", align_corners=False)
    return pixels / 127.5 - 1.0


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
        if self.core.grid != GRID:
            raise ValueError(
                f"backbone '{config.backbone}': found {self.core.grid} x {self.core.grid} image tokens, "
                f"expected {GRID} x {GRID}; change image_size, vision_patch or scale_factor"
            )

    def encode_image(self, rgb: Tensor) -> Tensor:
        """Image tokens [I, 64, D] of uint8 [I, H, W, 3], the same for every instruction."""
        return self.core.encode_image(square(rgb, self.core.image_size))

    def forward(self, image: Tensor, tokens: Tensor, mask: Tensor, answer: Tensor | None = None) -> Reading:
        """Read image tokens [B, 64, D] after words [B, T] (mask [B, T]); `answer` [B, A] (-100 padded) is scored."""
        parts, seen = [self.core.embed(tokens), image], [mask, mask.new_ones(image.shape[:2])]
        if answer is not None and answer.shape[1] > 1:
            shifted = answer[:, :-1]
            parts.append(self.core.embed(shifted.clamp(min=0)))
            seen.append(shifted >= 0)
        states = self.core(torch.cat(parts, 1), torch.cat(seen, 1))
        begin, end = tokens.shape[1], tokens.shape[1] + image.shape[1]
        logits = None
        if answer is not None:
            logits = self.core.word_logits(states[:, end - 1 : end - 1 + answer.shape[1]])
        return Reading(states[:, :begin], states[:, begin:end], mask, logits)
