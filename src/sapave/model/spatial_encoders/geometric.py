"""A small spatial encoder: picture plus any subset of depth, intrinsics and pose, in one architecture.

A missing part is a learned vector. Trained to predict the point map of what it was not given.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.backbone import square
from sapave.model.config import VLAConfig
from sapave.model.pointer import CELLS, SUB, unfold_cells

PICTURE = 64
"""Side of the picture this encoder looks at [px]: 8 x 8 px per token."""


def fold_cells(cells: Tensor) -> Tensor:
    """[B, C, 32, 32] per sub-cell to [B, 64, C * 16] per token."""
    return F.unfold(cells, SUB, stride=SUB).transpose(1, 2)


class GeometricEncoder(nn.Module):
    """64 tokens of the language model's width, predicted points [B, 32, 32, 3] and log depths [B, 32, 32]."""

    def __init__(self, config: VLAConfig, width: int) -> None:
        super().__init__()
        self.width = width
        inner = config.spatial_width
        self.picture = nn.Conv2d(3, inner, PICTURE // 8, PICTURE // 8)
        self.depth = nn.Linear(2 * SUB**2, inner)
        self.rays = nn.Linear(2 * SUB**2, inner)
        self.pose = nn.Linear(12, inner)
        self.points = nn.Linear(3 * SUB**2, inner)
        self.missing = nn.Parameter(torch.randn(4, inner) * 0.02)
        self.place = nn.Parameter(torch.randn(64, inner) * 0.02)
        layer = nn.TransformerEncoderLayer(
            inner, max(1, inner // 32), 4 * inner, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(layer, config.spatial_layers, enable_nested_tensor=False)
        self.out = nn.Linear(inner, width)
        self.norm = nn.LayerNorm(width)
        self.predict = nn.Linear(width, 4 * SUB**2)

    def forward(
        self, batch: dict[str, Tensor], depth: Tensor, rays: Tensor, points: Tensor, has: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens [B, 64, D], points [B, 32, 32, 3] m, log depth [B, 32, 32]; arguments as the shelf says."""
        rgb, pose = batch["rgb"], batch["base_from_camera"]
        has_depth, has_rays, has_pose = (has[:, i, None, None] for i in range(3))
        known = depth > 0
        measured = torch.stack([torch.log(depth.clamp(min=0.05)) * known, known.to(depth.dtype)], 1)
        given = [
            (self.depth(fold_cells(measured)), has_depth),
            (self.rays(fold_cells(rays.permute(0, 3, 1, 2))), has_rays),
            (self.pose(pose[:, :3].flatten(1))[:, None], has_pose),
            (self.points(fold_cells(points.permute(0, 3, 1, 2))), has_depth & has_rays & has_pose),
        ]
        x = self.picture(square(rgb, PICTURE)).flatten(2).transpose(1, 2) + self.place
        for i, (value, present) in enumerate(given):
            x = x + torch.where(present, value, self.missing[i])
        tokens = self.norm(self.out(self.blocks(x)))
        predicted = unfold_cells(self.predict(tokens)).view(len(rgb), 4, CELLS, CELLS)
        return tokens, predicted[:, :3].permute(0, 2, 3, 1), predicted[:, 3]


class _GeometricEntry:
    name = "geometric"
    doc = "small transformer over picture, depth, rays, pose and base-frame points; learned vectors where missing"

    def build(self, config: VLAConfig, width: int) -> GeometricEncoder:
        """The encoder with fresh weights; `width` is the language model's."""
        return GeometricEncoder(config, width)


SPATIAL_ENCODER = _GeometricEntry()
