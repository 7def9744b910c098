"""The pointer: where the object and the goal place named in the words are, in the image and in space.

This is our addition to the paper. It is trained with the backbone in stage 0 and frozen with it.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.backbone import GRID
from sapave.model.config import VLAConfig
from sapave.model.exact import exact

SUB = 4
CELLS = GRID * SUB
"""Sub-cells per side of the pointer's map."""
CHANNELS = 2
"""Object, goal place."""
FEATURES = 15
"""Per channel: point 3, gaze 2, gaze minus camera 2, ray 2, position in the image 2, presence, peak, spread, valid."""
MEMORY = 4
"""Per channel: the point last seen, and whether there is one."""
POSITIVE = 5.0
"""Weight of covered sub-cells: they are about one in a hundred."""
WINDOW = 4
"""Half width of the window around the peak that the readout averages over [sub-cells]."""


def unfold_cells(tokens: Tensor) -> Tensor:
    """[B, 64, C * 16] per token to [B, C, 32, 32] per sub-cell."""
    batch, _, width = tokens.shape
    x = tokens.view(batch, GRID, GRID, width // SUB**2, SUB, SUB)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(batch, width // SUB**2, CELLS, CELLS)


class Pointer(nn.Module):
    """Scores of sub-cells and of presence from image tokens, and their readout as a 3D point and gaze angles."""

    neck: Tensor
    uv: Tensor

    def __init__(self, config: VLAConfig, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.cells = nn.Linear(width, CHANNELS * SUB**2)
        self.presence = nn.Linear(2 * width, 1)
        self.kind = nn.Parameter(torch.randn(CHANNELS, width) * 0.02)
        self.strength = nn.Parameter(torch.full((CHANNELS,), 0.5))
        nn.init.constant_(self.cells.bias, -3.0)
        self.register_buffer("neck", torch.tensor(config.neck), persistent=False)
        self.eye_above = config.eye_above
        centre = (torch.arange(CELLS) + 0.5) * 2 / CELLS - 1
        v, u = torch.meshgrid(centre, centre, indexing="ij")
        self.register_buffer("uv", torch.stack([u, v], -1).view(-1, 2), persistent=False)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [B, 2, 32, 32] and presence logits [B, 2] of image states [B, 64, D]."""
        hidden = F.gelu(self.hidden(self.norm(image)))
        logits = unfold_cells(self.cells(hidden))
        per_token = logits.view(len(image), CHANNELS, GRID, SUB, GRID, SUB).logsumexp((3, 5)).flatten(2)
        pooled = per_token.softmax(-1) @ hidden  # [B, 2, D]
        last = hidden[:, -1:].expand(-1, CHANNELS, -1)
        presence = self.presence(torch.cat([pooled + self.kind, last * (1 + self.kind)], -1)).squeeze(-1)
        presence = presence + self.strength * per_token.amax(-1)
        return logits, presence

    @exact
    def read(self, logits: Tensor, presence: Tensor, points: Tensor, valid: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Features [B, 2, 15] from scores and the point map [B, 32, 32, 3] m (valid [B, 32, 32]), base frame.

        Zero, but for presence, where the thing is judged absent.
        """
        size = len(logits)
        flat = logits.float().flatten(2)
        usable = valid.flatten(1) | ~valid.flatten(1).any(1, keepdim=True)
        share = flat.masked_fill(~usable[:, None], -1e4).softmax(-1)  # [B, 2, 1024]
        smooth = F.avg_pool2d(share.view(size, CHANNELS, CELLS, CELLS), 3, 1, 1, count_include_pad=False)
        peak = smooth.flatten(2).argmax(-1, keepdim=True)
        cell = torch.arange(CELLS * CELLS, device=logits.device)
        near = ((cell // CELLS - peak // CELLS).abs() <= WINDOW) & ((cell % CELLS - peak % CELLS).abs() <= WINDOW)
        weight = share * near
        mass = weight.sum(-1, keepdim=True)
        weight = weight / mass.clamp(min=1e-6)
        point = weight @ points.float().flatten(1, 2)  # [B, 2, 3]
        uv = weight @ self.uv
        spread = (weight * ((self.uv - uv[:, :, None]) ** 2).sum(-1)).sum(-1, keepdim=True).clamp(min=1e-8).sqrt()
        aims, has = self.aims(point, batch), batch["has"]
        ray = rays_at(uv, batch["intrinsics"], batch["rgb"].shape[1:3]) * has[:, 1, None, None]
        measured = valid.flatten(1).any(1).float()[:, None, None].expand(-1, CHANNELS, 1)
        seen = (presence > 0)[..., None]
        where = torch.cat([point, aims, ray, uv, mass, spread, measured], -1) * seen
        return torch.cat([where, presence.float().sigmoid()[..., None]], -1)

    def aims(self, point: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """Gaze at points [B, 2, 3] m and the turn it takes from where the camera looks now, [B, 2, 4] rad."""
        forward, posed = batch["base_from_camera"][:, :3, 2], batch["has"][:, 2, None, None]
        looking = torch.stack([torch.atan2(forward[:, 1], forward[:, 0]), torch.asin(forward[:, 2].clamp(-1, 1))], -1)
        gaze = gaze_at(point - self.neck, self.eye_above)
        turn = torch.remainder(gaze - looking[:, None] + math.pi, 2 * math.pi) - math.pi
        return torch.cat([gaze, turn * posed], -1)

    @exact
    def remember(self, features: Tensor, memory: Tensor, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Features [B, 2, 15] in which what is not seen now stands where it was last seen, and the new memory.

        Memory [B, 2, 4]: point m in the base frame, and 1 where there is one. Only point, gaze and turn are filled in;
        presence keeps saying that the thing is not seen.
        """
        seen = features[..., -1:] > 0.5
        now = torch.cat([features[..., :3], torch.ones_like(features[..., :1])], -1)
        memory = torch.where(seen, now, memory)
        filled = torch.cat([memory[..., :3], self.aims(memory[..., :3], batch)], -1)
        recalled = torch.where(~seen & (memory[..., 3:] > 0), filled, features[..., : filled.shape[-1]])
        return torch.cat([recalled, features[..., filled.shape[-1] :]], -1), memory


def gaze_at(direction: Tensor, eye_above: float) -> Tensor:
    """Head joints [..., 2] (yaw, pitch) rad that aim a camera `eye_above` m over the neck at [..., 3] m."""
    x, y, z = direction.unbind(-1)
    flat = torch.sqrt(x * x + y * y + 1e-8)
    distance = torch.sqrt(flat * flat + z * z)
    lower = torch.asin((eye_above / distance.clamp(min=1e-3)).clamp(-0.99, 0.99))
    return torch.stack([torch.atan2(y, x + 1e-8), torch.atan2(z, flat) - lower], -1)


def rays_at(uv: Tensor, intrinsics: Tensor, shape: torch.Size | tuple[int, int]) -> Tensor:
    """Slopes (x/z, y/z) [B, n, 2] of image positions [B, n, 2] in -1..1, of a picture (height, width)."""
    scale = uv.new_tensor([shape[1] / 2, shape[0] / 2])
    pixel = (uv + 1) * scale
    centre, focal = intrinsics[:, None, :2, 2], intrinsics[:, None, [0, 1], [0, 1]]
    return (pixel - centre) / focal.clamp(min=1e-3)


def pointer_loss(logits: Tensor, mask: Tensor, among: Tensor | None = None) -> Tensor:
    """Weighted cross-entropy per sub-cell, plus the divergence of the softmax from masks that are not empty, a mean
    over these masks; in a part of a batch, over `among` masks."""
    each = F.binary_cross_entropy_with_logits(logits, mask, pos_weight=logits.new_tensor(POSITIVE))
    flat, target = logits.flatten(2).float(), mask.flatten(2)
    total = target.sum(-1, keepdim=True)
    target = target / total.clamp(min=1e-6)
    divergence = (torch.xlogy(target, target) - target * flat.log_softmax(-1)).sum(-1)
    shown = (total.squeeze(-1) > 0).float()
    return 5.0 * each + (divergence * shown).sum() / (shown.sum().clamp(min=1) if among is None else among)


def presence_loss(presence: Tensor, mask: Tensor) -> Tensor:
    """Is anything of it in the picture?"""
    return F.binary_cross_entropy_with_logits(presence, (mask.flatten(2).sum(-1) > 0).to(presence.dtype))
