"""Geometry for the model: exact points where depth, intrinsics and pose are given, else predicted; and injection."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.base.shelf import pick
from sapave.model.config import VLAConfig
from sapave.model.exact import exact
from sapave.model.flow import draw
from sapave.model.pointer import CELLS

FAR = 20.0
"""Depths beyond this count as not measured [m]."""


@dataclass(frozen=True)
class Space:
    """What is known of where things are, per image."""

    tokens: Tensor
    """[I, 64, C] spatial tokens, of the encoder's width C; Injection brings them to the image tokens' width."""
    points: Tensor
    """[I, 32, 32, 3] base frame [m]: measured where possible, else predicted (by `none`: assumed)."""
    valid: Tensor
    """[I, 32, 32] True where `points` is measured."""
    predicted: Tensor
    """[I, 32, 32, 3] the encoder's own points [m]."""
    log_depth: Tensor
    """[I, 32, 32] the encoder's own depth, log [m]."""

    def __getitem__(self, index: Tensor) -> Space:
        """The same for rows [B] that look at images `index`."""
        return Space(*(getattr(self, f.name)[index] for f in fields(self)))


@exact
def measure(batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Depth [I, 32, 32] m (0 = none), slopes of rays [I, 32, 32, 2], base-frame points [I, 32, 32, 3] m of sub-cells.

    Sub-cells take the pixel nearest to their centre, with that pixel's own ray.
    """
    depth, matrix, pose = batch["depth"], batch["intrinsics"], batch["base_from_camera"]
    height, width = depth.shape[1:]
    step = torch.arange(CELLS, device=depth.device) + 0.5
    rows, cols = (step * height / CELLS).long(), (step * width / CELLS).long()
    sampled = depth[:, rows][:, :, cols].float()
    sampled = torch.where((sampled > 0) & (sampled < FAR), sampled, 0.0)
    focal = matrix[:, [0, 1], [0, 1]].clamp(min=1e-3)
    x = (cols + 0.5 - matrix[:, 0, 2, None]) / focal[:, :1]  # [I, 32]
    y = (rows + 0.5 - matrix[:, 1, 2, None]) / focal[:, 1:]
    rays = torch.stack([x[:, None].expand(-1, CELLS, -1), y[:, :, None].expand(-1, -1, CELLS)], -1)
    return sampled, rays, lift(sampled, rays, pose)


@exact
def lift(depth: Tensor, rays: Tensor, pose: Tensor) -> Tensor:
    """Base-frame points [I, h, w, 3] m of depths [I, h, w] m along rays [I, h, w, 2] (slopes) from pose [I, 4, 4]."""
    camera = torch.cat([rays, torch.ones_like(rays[..., :1])], -1) * depth[..., None]
    return torch.einsum("bij,bhwj->bhwi", pose[:, :3, :3], camera) + pose[:, None, None, :3, 3]


def straight_ahead(config: VLAConfig) -> Tensor:
    """Base from camera [4, 4] of a head that looks straight ahead: what is assumed where no pose is given."""
    x, y, z = config.neck
    return torch.tensor([[0.0, 0, 1, x], [-1, 0, 0, y], [0, -1, 0, z + config.eye_above], [0, 0, 0, 1]])


class Spatial(nn.Module):
    """One of `model/spatial_encoders` between measurement and tokens."""

    def __init__(self, config: VLAConfig, width: int) -> None:
        super().__init__()
        self.encoder = pick("sapave.model.spatial_encoders", "SPATIAL_ENCODER", config.spatial).build(config, width)
        self.width: int = self.encoder.width

    def forward(self, batch: dict[str, Tensor], has: Tensor | None = None) -> Space:
        """Encode the batch's geometry; `has` [I, 3] replaces the batch's own (training hides parts)."""
        has = batch["has"] if has is None else has
        depth, rays, points = measure(batch)
        tokens, predicted, log_depth = self.encoder(batch, depth, rays, points * (depth > 0)[..., None], has)
        measured = has.all(1)[:, None, None] & (depth > 0)
        predicted = predicted.float()
        return Space(tokens, torch.where(measured[..., None], points, predicted), measured, predicted, log_depth)

    def loss(
        self, batch: dict[str, Tensor], generator: torch.Generator | None = None, given: Tensor | None = None
    ) -> Tensor:
        """Predict points and depth while random parts are hidden; samples that lack a part have no target.

        `given` [I, 3]: all that the encoder may be shown (None: what is there); targets know the rest.
        """
        depth, _, points = measure(batch)
        keep = draw(torch.rand, batch["has"].shape, generator, depth.device) < 0.6
        space = self(batch, (batch["has"] if given is None else given) & keep)
        target = (batch["has"].all(1)[:, None, None] & (depth > 0)).float()
        count = target.sum().clamp(min=1)
        where = F.smooth_l1_loss(space.predicted, points, beta=0.05, reduction="none").sum(-1)
        far = F.smooth_l1_loss(space.log_depth.float(), torch.log(depth.clamp(min=0.05)), beta=0.05, reduction="none")
        return ((where + 0.5 * far) * target).sum() / count


class Injection(nn.Module):
    """Spatial tokens into the image tokens; words receive nothing. Tokens of another width are brought to theirs here.

    Trained with the adapter. An encoder without tokens (`given` 0) makes every kind the same as none.
    """

    def __init__(self, kind: str, width: int, given: int) -> None:
        super().__init__()
        self.kind = kind if given else "none"
        self.project: nn.Module | None = None
        if self.kind != "none" and given != width:
            self.project = nn.Sequential(nn.LayerNorm(given), nn.Linear(given, width))
        if self.kind == "gated":
            self.gate = nn.Linear(2 * width, width)
        elif self.kind == "cross":
            self.norm = nn.LayerNorm(width)
            self.attention = nn.MultiheadAttention(width, max(1, width // 48), batch_first=True)

    def forward(self, image: Tensor, spatial: Tensor) -> Tensor:
        """Hybrid image tokens [B, 64, D] of image states [B, 64, D] and spatial tokens [B, 64, C]."""
        if self.kind == "none":
            return image
        if self.project is not None:
            spatial = self.project(spatial)
        if self.kind == "add":
            return image + spatial
        if self.kind == "gated":
            return image + self.gate(torch.cat([image, spatial], -1)).sigmoid() * spatial
        return image + self.attention(self.norm(image), spatial, spatial, need_weights=False)[0]
