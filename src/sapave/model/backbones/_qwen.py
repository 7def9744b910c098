"""What the Qwen vision-language classes share: patches, a picture of 8 x 8 tokens, and positions in three axes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from sapave.model.backbone import GRID
from sapave.model.backbones._published import Core, causal, places


class Qwen(Core):
    """A vision transformer for any size of picture and a causal language model that counts rows and columns."""

    grid = GRID

    def __init__(self, core: nn.Module) -> None:
        super().__init__(core)
        vision: Any = self.core.config.vision_config
        self.image_size = GRID * vision.patch_size * vision.spatial_merge_size  # the class takes any; this gives 8 x 8

    def look(self, pixels: Tensor) -> Any:
        """The vision part's output for pixels [I, 3, S, S]; its `pooler_output` is [I * 64, width], row by row."""
        vision: Any = self.core.config.vision_config
        side = GRID * vision.spatial_merge_size
        grids = torch.tensor([[1, side, side]] * len(pixels), device=pixels.device)
        return self.core.model.visual(patches(pixels, vision), grid_thw=grids)

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Image tokens [I, 64, width] of pixels [I, 3, S, S]."""
        return self.look(pixels).pooler_output.view(len(pixels), GRID * GRID, -1)

    def forward(self, embedded: Tensor, mask: Tensor, image: slice) -> Tensor:
        """States [B, N, width] of a sequence [B, N, width], causal but for `blocks`, blind where mask is False."""
        output = self.language_model(
            inputs_embeds=embedded,
            attention_mask=causal(mask, *self.blocks(image)),
            position_ids=axes(mask, image),
            use_cache=False,
        )
        return output.last_hidden_state


def patches(pixels: Tensor, vision: Any) -> Tensor:
    """Flat patches [I * P, 3 * frames * p * p] of pixels [I, 3, S, S]: those of one merged token next to each other,
    the still picture repeated for every frame that a patch spans."""
    merge, side, frames = vision.spatial_merge_size, vision.patch_size, vision.temporal_patch_size
    x = pixels.unflatten(3, (-1, merge, side)).unflatten(2, (-1, merge, side))  # [I, 3, R, m, p, C, m, p]
    x = x.permute(0, 2, 5, 3, 6, 1, 4, 7).flatten(0, 4)  # [I * P, 3, p, p]
    return x[:, :, None].expand(-1, -1, frames, -1, -1).flatten(1)


def axes(mask: Tensor, image: slice) -> Tensor:
    """Positions [3, B, N] in time, row and column: words count in all three, the picture spreads over two of them
    from where the words end, and what follows goes on 8 later, as after its longest side."""
    count = places(mask)
    start = mask[:, : image.start].long().sum(1, keepdim=True)  # [B, 1]
    cell = torch.arange(GRID * GRID, device=mask.device)
    picture = torch.stack([torch.zeros_like(cell), cell // GRID, cell % GRID])[:, None] + start
    plain = count.expand(3, -1, -1)
    after = plain[:, :, image.stop :] - GRID * GRID + GRID
    return torch.cat([plain[:, :, : image.start], picture, after], 2)


def sections(half: int) -> list[int]:
    """How many of half a head's dimensions turn with time, row and column."""
    third = half // 3
    return [half - 2 * third, third, third]
