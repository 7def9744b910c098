"""Decoders of one shape side by side: their blocks run as one, a batched matrix product where each had its own.

Denoising a chunk is a long row of small operations; their number, not their size, sets the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.decoder import Block, Context, Decoder, Entry, Tail, heads_of
from sapave.model.flow import Streams

LINEARS = ("qkv", "own", "query", "cross", "up", "down")
PLUS_ONE = (0, 2, 3, 5, 6, 8)
"""Scales and gains among a block's modulations: they act as 1 + value. The others are shifts."""


class Fixed(NamedTuple):
    """All that denoising does not change, for S decoders: computed once per observation."""

    key: Tensor
    """[S * B, heads, N, D / heads] of the cross-attention, the same for every block and step."""
    value: Tensor
    mask: Tensor
    """[S * B, 1, 1, N] 0 where attention may look, -inf elsewhere."""
    state: Tensor
    """[S, B, 1, D] state token."""
    parts: Tensor
    """[steps, blocks, 9, S, B, 1, D] scales (plus one), shifts and gains (plus one)."""
    contexts: list[Context]
    """Of each decoder: aim and draft are read at the end of every step."""


class JointBlock(nn.Module):
    """`Block` of several decoders, with a copy of their weights."""

    offset: Tensor

    def __init__(self, blocks: Sequence[Block], dtype: torch.dtype) -> None:
        super().__init__()
        self.heads = blocks[0].heads
        for name in LINEARS:
            linears = [cast(nn.Linear, getattr(block, name)) for block in blocks]
            weight = torch.stack([x.weight.detach().T for x in linears]).to(dtype).contiguous()  # [S, in, out]
            bias = torch.stack([x.bias.detach() for x in linears]).to(dtype)[:, None]
            self.register_buffer(f"{name}_weight", weight, persistent=False)
            self.register_buffer(f"{name}_bias", bias, persistent=False)
        offset = torch.stack([block.offset.detach() for block in blocks], 1)  # [9, S, D]
        offset[list(PLUS_ONE)] += 1
        self.register_buffer("offset", offset, persistent=False)

    def linear(self, name: str, x: Tensor) -> Tensor:
        """[S, M, in] to [S, M, out]."""
        return torch.baddbmm(getattr(self, f"{name}_bias"), x, getattr(self, f"{name}_weight"))

    def forward(self, x: Tensor, parts: Tensor, fixed: Fixed) -> Tensor:
        """x [S, B, n, D], parts [9, S, B, 1, D] -> [S, B, n, D]."""
        decoders, batch, count, width = x.shape
        scale, shift, gain = parts[0::3], parts[1::3], parts[2::3]

        def prepared(i: int) -> Tensor:
            return torch.addcmul(shift[i], F.layer_norm(x, (width,)), scale[i]).flatten(1, 2)

        def split(y: Tensor) -> Tensor:
            return heads_of(y.reshape(decoders * batch, count, width), self.heads)

        def joined(y: Tensor) -> Tensor:
            return y.transpose(1, 2).reshape(decoders, batch * count, width)

        def added(i: int, y: Tensor) -> Tensor:
            return x + gain[i] * y.view(decoders, batch, count, width)

        q, k, v = (split(y) for y in self.linear("qkv", prepared(0)).chunk(3, -1))
        x = added(0, self.linear("own", joined(F.scaled_dot_product_attention(q, k, v))))
        q = split(self.linear("query", prepared(1)))
        seen = F.scaled_dot_product_attention(q, fixed.key, fixed.value, attn_mask=fixed.mask)
        x = added(1, self.linear("cross", joined(seen)))
        return added(2, self.linear("down", F.gelu(self.linear("up", prepared(2)))))


class Joint(nn.Module):
    """Decoders with one stream each and the same width and depth; weights are those of the moment it is made."""

    def __init__(self, decoders: Sequence[Decoder], dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.decoders = nn.ModuleList(decoders)
        self.names = [next(iter(d.streams)) for d in decoders]
        rows = [[*d.trunk, cast(Tail, d.tails[n]).block] for d, n in zip(decoders, self.names, strict=True)]
        self.blocks = nn.ModuleList(JointBlock(cast(list[Block], row), dtype) for row in zip(*rows, strict=True))

    @staticmethod
    def fits(decoders: Sequence[Decoder]) -> bool:
        """Whether each decoder has one stream; a trunk with two tails is left to the plain path."""
        return all(len(d.streams) == 1 for d in decoders)

    def fix(self, contexts: list[Context], modulations: list[Tensor]) -> Fixed:
        """Bring together what each decoder prepared; modulations [B, steps, 9, D] each."""
        offsets = torch.stack([cast(JointBlock, b).offset for b in self.blocks])  # [blocks, 9, S, D]
        each = torch.stack(modulations).permute(2, 3, 0, 1, 4)  # [steps, 9, S, B, D]
        parts = each[:, None] + offsets[:, :, :, None]
        longest = max(c.mask.shape[-1] for c in contexts)  # a decoder may see more than another
        short = [longest - c.mask.shape[-1] for c in contexts]
        key, value = (
            torch.cat([F.pad(getattr(c, name), (0, 0, 0, n)) for c, n in zip(contexts, short, strict=True)])
            for name in ("key", "value")
        )
        mask = torch.cat([F.pad(c.mask, (0, n)) for c, n in zip(contexts, short, strict=True)])
        return Fixed(
            key,
            value,
            torch.zeros_like(mask, dtype=key.dtype).masked_fill(~mask, float("-inf")),
            torch.stack([c.state[:, 0] for c in contexts]),
            parts.unsqueeze(-2),
            contexts,
        )

    def step(self, chunks: Streams, parts: Tensor, fixed: Fixed) -> Streams:
        """Predicted clean chunks [B, 1, k, n] of noisy ones; parts [blocks, 9, S, B, 1, D] of this step."""
        decoders = [cast(Decoder, d) for d in self.decoders]
        named = list(zip(decoders, self.names, strict=True))
        actions = torch.stack([cast(Entry, d.entries[n])(chunks[n])[:, 0] for d, n in named])
        x = torch.cat([fixed.state.to(actions.dtype), actions], 2)
        for block, part in zip(self.blocks, parts.unbind(0), strict=True):
            x = block(x, part, fixed)
        return {n: d.finish(n, x[i, :, None, 1:], fixed.contexts[i]) for i, (d, n) in enumerate(named)}

    def sample(self, start: Streams, fixed: Fixed) -> Streams:
        """Euler steps from `start` to the clean chunks, as `flow.sample` takes them."""
        x, steps = start, len(fixed.parts)
        for i, parts in enumerate(fixed.parts.unbind(0)):
            clean = self.step(x, parts, fixed)
            x = {name: x[name] + (clean[name] - x[name]) / (steps - i) for name in x}
        return x
