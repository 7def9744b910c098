"""No spatial tokens and nothing learned: the pointer alone uses what geometry there is.

Where depth, intrinsics and pose are all there, the pointer reads measured points as with any encoder. Otherwise it
reads points on rays, with `valid` False: at the measured depth if that is given, else at RANGE; along the given lens's
rays, else those of a lens of 90 degrees; from the given pose, else from a head that looks straight ahead. So with
intrinsics and pose the gaze is right but for the parallax of an unknown range, and without them it still moves with
the place in the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sapave.model.config import VLAConfig
from sapave.model.pointer import CELLS
from sapave.model.spatial import lift, straight_ahead

RANGE = 1.0
"""Depth where none is measured [m]."""


class NoEncoder(nn.Module):
    """Tokens of width 0, and points by assumption; no weights."""

    width = 0
    pose: Tensor
    rays: Tensor

    def __init__(self, config: VLAConfig) -> None:
        super().__init__()
        self.register_buffer("pose", straight_ahead(config), persistent=False)
        self.register_buffer("rays", wide_rays(), persistent=False)

    def forward(
        self, batch: dict[str, Tensor], depth: Tensor, rays: Tensor, points: Tensor, has: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens [I, 64, 0], points [I, 32, 32, 3] m, log depth [I, 32, 32]; arguments as the shelf says."""
        has_depth, has_rays, has_pose = (has[:, i, None, None] for i in range(3))
        depth = torch.where(has_depth & (depth > 0), depth, RANGE)
        rays = torch.where(has_rays[..., None], rays, self.rays)
        pose = torch.where(has_pose, batch["base_from_camera"], self.pose)
        return depth.new_zeros(len(depth), 64, 0), lift(depth, rays, pose), torch.log(depth.clamp(min=0.05))


def wide_rays() -> Tensor:
    """Slopes [32, 32, 2] of the sub-cells' centres in a square picture of 90 degrees."""
    centre = (torch.arange(CELLS) + 0.5) * 2 / CELLS - 1
    v, u = torch.meshgrid(centre, centre, indexing="ij")
    return torch.stack([u, v], -1)


class _NoEntry:
    name = "none"
    doc = "no spatial tokens, no weights: the pointer reads measured points, or rays at 1 m where something is missing"

    def build(self, config: VLAConfig, width: int) -> NoEncoder:
        """The stand-in; `width` is not used."""
        return NoEncoder(config)


SPATIAL_ENCODER = _NoEntry()
