"""Flow matching on straight paths from noise to the clean chunk; the network predicts the clean chunk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sapave.model.config import VLAConfig

Streams = dict[str, Tensor]
"""Chunks by stream name."""


def draw(
    kind: Callable[..., Tensor], shape: Sequence[int], generator: torch.Generator | None, device: torch.device
) -> Tensor:
    """Numbers of torch.rand or torch.randn on `device`, drawn where the generator lives."""
    return kind(*shape, generator=generator, device=generator.device if generator else device).to(device)


def noisy(clean: Mapping[str, Tensor], config: VLAConfig, generator: torch.Generator | None) -> tuple[Streams, Tensor]:
    """Points on the paths, per stream [B, R, k, n], and their times [B, R], of clean chunks [B, k, n].

    A share `config.still` of the draws starts from zero noise, as sampling does.
    """
    first = next(iter(clean.values()))
    shape, device = (len(first), config.draws), first.device
    time = draw(torch.rand, shape, generator, device)
    if config.time == "early":
        time = 1 - (1 - time).sqrt()
    elif config.time == "start":
        time = torch.zeros_like(time)
    moving = (draw(torch.rand, shape, generator, device) >= config.still)[..., None, None]
    t = time[..., None, None]
    paths = {}
    for name, chunk in clean.items():
        noise = draw(torch.randn, (*shape, *chunk.shape[1:]), generator, device)
        paths[name] = t * chunk[:, None] + (1 - t) * noise * moving
    return paths, time


def chunk_loss(predicted: Tensor, clean: Tensor, config: VLAConfig, weight: Tensor | None = None) -> Tensor:
    """Mean loss of predicted chunks [B, R, k, n] against clean ones [B, k, n]; rows count by `weight` [B]."""
    target = clean[:, None].expand_as(predicted)
    if config.loss == "mse":
        each = F.mse_loss(predicted.float(), target, reduction="none")
    else:
        each = F.smooth_l1_loss(predicted.float(), target, beta=config.beta, reduction="none")
    rows = each.mean((1, 2, 3))
    if weight is None:
        return rows.mean()
    weight = weight.to(rows.dtype)
    return (rows * weight).sum() / weight.sum().clamp(min=1)


def sample(decoder: Callable[..., Streams], modulations: Sequence[Tensor], context: object, start: Streams) -> Streams:
    """Follow the flow from `start` (per stream [B, 1, k, n], zeros for the deterministic chunk) in Euler steps.

    `decoder(x, modulations[i], context)` gives the clean chunks at time i / steps.
    """
    x, steps = start, len(modulations)
    for i, modulation in enumerate(modulations):
        clean = decoder(x, modulation, context)
        x = {name: x[name] + (clean[name] - x[name]) / (steps - i) for name in x}
    return x
