"""Cameras besides the head's: their pictures go through the same vision encoder, and to arms and hands alone.

The language model never reads them: a wrist is looked through to place the fingers, and what is wanted is known from
the head's picture. So they cost a pass of the vision encoder and a few more keys.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.backbone import GRID, Backbone

SIDE = 4
"""Tokens per side that are left of an extra picture."""


class Extra(NamedTuple):
    """Tokens of all extra cameras, in their order."""

    tokens: Tensor
    """[B, C * 16, D]"""
    mask: Tensor
    """[B, C * 16] True where there is a picture."""

    def rows(self, at: Tensor) -> Extra:
        """Those of the rows `at` (mask or indices)."""
        return Extra(self.tokens[at], self.mask[at])


def see(backbone: Backbone, pictures: Tensor, there: Tensor) -> Extra:
    """Tokens of pictures uint8 [I, C, H, W, 3], of which those are looked at that are `there` (bool [I, C])."""
    count, cameras = pictures.shape[:2]
    tokens = backbone.encode_image(pictures.flatten(0, 1))[..., : backbone.width]
    spread = tokens.transpose(1, 2).unflatten(2, (GRID, GRID))
    fewer = F.adaptive_avg_pool2d(spread, SIDE).flatten(2).transpose(1, 2)
    return Extra(fewer.reshape(count, cameras * SIDE**2, -1), there.repeat_interleave(SIDE**2, 1))


class ExtraViews(nn.Module):
    """Keys and values of a decoder from extra tokens, with a learned mark of camera and place."""

    def __init__(self, cameras: int, context_width: int, width: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.LayerNorm(context_width), nn.Linear(context_width, 2 * width))
        self.which = nn.Parameter(torch.randn(cameras * SIDE**2, 2 * width) * 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """[B, C * 16, D] to [B, C * 16, 2 * width]."""
        return self.enter(tokens) + self.which
