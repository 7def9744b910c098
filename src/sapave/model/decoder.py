"""A denoising decoder: a small diffusion transformer over folded action tokens and one state token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.config import VLAConfig
from sapave.model.flow import Streams
from sapave.model.pointer import CHANNELS, FEATURES


@dataclass(frozen=True)
class Context:
    """All that does not change while denoising: computed once per sample."""

    keys: list[Tensor]
    """Per block [B, heads, N, head width]."""
    values: list[Tensor]
    mask: Tensor
    """[B, 1, 1, N] True where attention may look."""
    state: Tensor
    """[B, 1, 1, D] state token."""
    condition: Tensor
    """[B, 1, D] state and pointer, for the modulation."""


def heads_of(x: Tensor, heads: int) -> Tensor:
    """[B, N, D] to [B, heads, N, D / heads]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Self-attention within a draw, cross-attention to the context, an MLP; each scaled and shifted by time."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.own = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.cross = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.modulation = nn.Linear(width, 9 * width)
        nn.init.normal_(self.modulation.weight, std=0.01)
        nn.init.zeros_(self.modulation.bias)

    def remember(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [B, heads, N, D / heads] of context tokens [B, N, D]."""
        key, value = self.key_value(tokens).chunk(2, -1)
        return heads_of(key, self.heads), heads_of(value, self.heads)

    def forward(self, x: Tensor, condition: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """x [B, R, n, D], condition [B, R, 1, D] -> [B, R, n, D]."""
        batch, draws, count, width = x.shape
        parts = self.modulation(condition).chunk(9, -1)

        def prepared(i: int) -> Tensor:
            return F.layer_norm(x, (width,)) * (1 + parts[i]) + parts[i + 1]

        q, k, v = (heads_of(p.flatten(0, 1), self.heads) for p in self.qkv(prepared(0)).chunk(3, -1))
        own = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, draws, count, width)
        x = x + (1 + parts[2]) * self.own(own)
        q = heads_of(self.query(prepared(3)).flatten(1, 2), self.heads)
        seen = F.scaled_dot_product_attention(q, key, value, attn_mask=mask)
        x = x + (1 + parts[5]) * self.cross(seen.transpose(1, 2).reshape(batch, draws, count, width))
        return x + (1 + parts[8]) * self.down(F.gelu(self.up(prepared(6))))


class Tail(nn.Module):
    """The last block of one stream and its way out to actions."""

    def __init__(self, config: VLAConfig, size: int) -> None:
        super().__init__()
        self.block = Block(config.decoder_width, config.decoder_heads)
        self.norm = nn.LayerNorm(config.decoder_width)
        self.out = nn.Linear(config.decoder_width, config.fold * size)


class Entry(nn.Module):
    """Folded noisy actions to tokens."""

    def __init__(self, config: VLAConfig, size: int) -> None:
        super().__init__()
        self.fold = nn.Linear(config.fold * size, config.decoder_width)
        self.place = nn.Parameter(torch.randn(config.k // config.fold, config.decoder_width) * 0.02)

    def forward(self, chunk: Tensor) -> Tensor:
        """[B, R, k, n] to [B, R, k / fold, D]."""
        return self.fold(chunk.reshape(*chunk.shape[:2], len(self.place), -1)) + self.place


class Decoder(nn.Module):
    """Denoises one or more streams; several share a trunk and part at their tails."""

    def __init__(self, config: VLAConfig, streams: Mapping[str, int], context_width: int) -> None:
        super().__init__()
        width, heads = config.decoder_width, config.decoder_heads
        self.k, self.streams, self.pointed = config.k, dict(streams), config.pointer
        self.entries = nn.ModuleDict({name: Entry(config, size) for name, size in streams.items()})
        self.trunk = nn.ModuleList(Block(width, heads) for _ in range(config.decoder_layers - 1))
        self.tails = nn.ModuleDict({name: Tail(config, size) for name, size in streams.items()})
        self.hybrid = nn.Sequential(nn.LayerNorm(context_width), nn.Linear(context_width, width))
        self.state = nn.Sequential(nn.Linear(config.state_size, width), nn.SiLU(), nn.Linear(width, width))
        known = config.state_size
        if config.pointer:
            known += CHANNELS * WAVES * FEATURES
            self.pointer = nn.Sequential(nn.Linear(WAVES * FEATURES, width), nn.SiLU(), nn.Linear(width, width))
            self.which = nn.Parameter(torch.randn(CHANNELS, width) * 0.02)
        self.known = nn.Sequential(nn.Linear(known, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.register_buffer("rates", torch.pi * 2.0 ** torch.linspace(-1, 5, 16), persistent=False)

    def prepare(self, tokens: Tensor, mask: Tensor, pointer: Tensor, state: Tensor) -> Context:
        """Context of hybrid tokens [B, N, D'] (mask [B, N]), pointer [B, 2, F] and state [B, S]."""
        context, known = self.hybrid(tokens), [state]
        if self.pointed:
            features = waves(pointer)
            context = torch.cat([context, self.pointer(features) + self.which], 1)
            mask = torch.cat([mask, mask.new_ones(len(mask), CHANNELS)], 1)
            known.append(features.flatten(1))
        blocks = [*self.trunk, *(tail.block for tail in self.tails.values())]
        pairs = [block.remember(context) for block in blocks]
        condition = self.known(torch.cat(known, -1))[:, None]
        return Context(
            [p[0] for p in pairs],
            [p[1] for p in pairs],
            mask[:, None, None],
            self.state(state)[:, None, None],
            condition,
        )

    def forward(self, chunks: Streams, time: Tensor, context: Context) -> Streams:
        """Predicted clean chunks [B, R, k, n] per stream, of noisy ones and their times [B, R]."""
        phase = time[..., None] * self.rates
        condition = F.silu(self.time(torch.cat([phase.sin(), phase.cos()], -1)) + context.condition)[:, :, None]
        parts = [self.entries[name](chunks[name]) for name in self.streams]
        counts = [p.shape[2] for p in parts]
        x = torch.cat([context.state.expand(-1, time.shape[1], -1, -1), *parts], 2)
        for i, block in enumerate(self.trunk):
            x = block(x, condition, context.keys[i], context.values[i], context.mask)
        state, *rest = x.split([1, *counts], 2)
        out = {}
        for i, (name, part) in enumerate(zip(self.streams, rest, strict=True), start=len(self.trunk)):
            tail = self.tails[name]
            y = tail.block(torch.cat([state, part], 2), condition, context.keys[i], context.values[i], context.mask)
            out[name] = tail.out(tail.norm(y[:, :, 1:])).reshape(*time.shape, self.k, -1)
        return out


WAVES = 7
"""Each pointer number enters as itself and as sine and cosine at three rates, so that centimetres show."""


def waves(features: Tensor) -> Tensor:
    """[..., F] to [..., 7 F]."""
    scaled = [features * rate for rate in (3.0, 9.0, 27.0)]
    return torch.cat([features, *(s.sin() for s in scaled), *(s.cos() for s in scaled)], -1)
