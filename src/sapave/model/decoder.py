"""A denoising decoder: a small diffusion transformer over folded action tokens and one state token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.model.backbone import GRID
from sapave.model.config import VLAConfig
from sapave.model.exact import exact
from sapave.model.extra import Extra, ExtraViews
from sapave.model.flow import Streams
from sapave.model.memory import SECTORS
from sapave.model.pointer import CHANNELS, FEATURES

WAVES = 7
"""Each pointer number enters as itself and as sine and cosine at three rates, so that centimetres show."""
MODULATIONS = 9
"""Scale, shift and gain of a block's three steps; computed once per time and shared, plus an offset per block."""


@dataclass(frozen=True)
class Context:
    """All that does not change while denoising: computed once per sample."""

    key: Tensor
    """[B, heads, N, D / heads] of the hybrid and pointer tokens, the same for every block."""
    value: Tensor
    mask: Tensor
    """[B, 1, 1, N] True where attention may look."""
    state: Tensor
    """[B, 1, 1, D] state token."""
    condition: Tensor
    """[B, 1, D] state and pointer, for the modulation."""
    aim: Tensor | None = None
    """[B, 1, k, n_head] what the pointer alone would have the head do; added to the head stream."""
    draft: Tensor | None = None
    """[B, 1, k, n_other] what state, pointer and words alone would have arms and hands do; the rest is denoised."""


def heads_of(x: Tensor, heads: int) -> Tensor:
    """[B, N, D] to [B, heads, N, D / heads]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class Block(nn.Module):
    """Self-attention within a draw, cross-attention to the context, an MLP; each scaled and shifted."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.own = nn.Linear(width, width)
        self.query = nn.Linear(width, width)
        self.cross = nn.Linear(width, width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.offset = nn.Parameter(torch.zeros(MODULATIONS, width))

    def forward(self, x: Tensor, modulation: Tensor, context: Context) -> Tensor:
        """x [B, R, n, D], modulation [B, R, 9, D] -> [B, R, n, D]."""
        batch, draws, count, width = x.shape
        parts = (modulation + self.offset).split(1, 2)

        def prepared(i: int) -> Tensor:
            return F.layer_norm(x, (width,)) * (1 + parts[i]) + parts[i + 1]

        q, k, v = (heads_of(p.flatten(0, 1), self.heads) for p in self.qkv(prepared(0)).chunk(3, -1))
        own = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, draws, count, width)
        x = x + (1 + parts[2]) * self.own(own)
        q = heads_of(self.query(prepared(3)).flatten(1, 2), self.heads)
        seen = F.scaled_dot_product_attention(q, context.key, context.value, attn_mask=context.mask)
        x = x + (1 + parts[5]) * self.cross(seen.transpose(1, 2).reshape(batch, draws, count, width))
        return x + (1 + parts[8]) * self.down(F.gelu(self.up(prepared(6))))


class Tail(nn.Module):
    """The last block of one stream and its way out to actions."""

    def __init__(self, config: VLAConfig, size: int) -> None:
        super().__init__()
        self.block = Block(config.decoder_width, config.decoder_heads)
        self.norm = nn.LayerNorm(config.decoder_width)
        self.out = nn.Linear(config.decoder_width, config.fold * size)

    @exact
    def leave(self, x: Tensor) -> Tensor:
        """Folded actions [B, R, n, fold * size] of tokens [B, R, n, D]."""
        return self.out(self.norm(x.float()))


class Entry(nn.Module):
    """Folded noisy actions to tokens."""

    def __init__(self, config: VLAConfig, size: int) -> None:
        super().__init__()
        self.fold = nn.Linear(config.fold * size, config.decoder_width)
        self.place = nn.Parameter(torch.randn(config.k // config.fold, config.decoder_width) * 0.02)

    def forward(self, chunk: Tensor) -> Tensor:
        """[B, R, k, n] to [B, R, k / fold, D]."""
        return self.fold(chunk.reshape(*chunk.shape[:2], len(self.place), -1)) + self.place


class Aim(nn.Module):
    """A short cut from the pointer to the head: the motion that brings what it points at into the middle, gated.

    Where the thing is in the picture, looking is geometry; what is left to learn is when, and where else to look.
    """

    def __init__(self, config: VLAConfig) -> None:
        super().__init__()
        self.k, self.turn = config.k, slice(5, 5 + config.n_head)
        self.gate = nn.Linear(config.decoder_width, CHANNELS)
        nn.init.zeros_(self.gate.weight)
        with torch.no_grad():
            self.gate.bias.copy_(torch.tensor([2.0, -2.0]))  # first the object, not the goal place
        self.scale = nn.Parameter(torch.ones(config.k, config.n_head))
        """Normalised units per rad; `SaPaVe.scale_aim` sets it from the statistics of the chunks."""

    def forward(self, pointer: Tensor, condition: Tensor) -> Tensor:
        """[B, 1, k, n_head] (normalised) of pointer features [B, 2, F] and the decoder's condition [B, 1, D]."""
        motion = pointer[..., self.turn]
        done, rows = torch.zeros_like(motion), []
        for _ in range(self.k):
            done = done + (0.6 * (motion - done)).clamp(-0.12, 0.12)  # the head rule: base/chunks.py, approach
            rows.append(done)
        share = self.gate(F.silu(condition[:, 0])).sigmoid()
        mixed = (share[..., None, None] * torch.stack(rows, 2)).sum(1)
        return (mixed * self.scale)[:, None]


class Search(nn.Module):
    """Where the head has looked, as an addition to state token and condition; nothing at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter, self.out = nn.Linear(SECTORS, width), nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @exact
    def forward(self, looked: Tensor) -> Tensor:
        """[B, 10] to [B, D]."""
        return self.out(F.silu(self.enter(looked.float())))


class Commit(nn.Module):
    """Does it see enough to stop looking? One glance at the hybrid tokens, asked by state and pointer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ask, self.hidden, self.out = nn.Linear(width, width), nn.Linear(2 * width, width), nn.Linear(width, 1)

    @exact
    def forward(self, context: Context) -> Tensor:
        """Logits [B]."""
        condition = context.condition.float()
        query = heads_of(self.ask(F.silu(condition)), self.heads)
        key, value = context.key.float(), context.value.float()
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=context.mask).transpose(1, 2).flatten(2)
        return self.out(F.gelu(self.hidden(torch.cat([seen, F.silu(condition)], -1))))[:, 0, 0]


class Residual(nn.Module):
    """x plus an MLP of x."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.up, self.down = nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, D] to [B, D]."""
        return x + self.down(F.gelu(self.up(self.norm(x))))


class Draft(nn.Module):
    """A first proposal for arms and hands, regressed from state, pointer and words; the decoder denoises the rest.

    Learns about ten times as many samples a second as the denoising blocks (LOG.md, 2026-11-22).
    """

    def __init__(self, config: VLAConfig, context_width: int) -> None:
        super().__init__()
        width, self.k = config.draft_width, config.k
        self.known = nn.Linear(config.state_size + CHANNELS * WAVES * FEATURES, width)
        self.words = nn.Sequential(nn.LayerNorm(context_width), nn.Linear(context_width, width))
        self.blocks = nn.Sequential(*(Residual(width) for _ in range(config.draft_layers)), nn.LayerNorm(width))
        self.out = nn.Linear(width, config.k * config.n_other)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    @exact
    def forward(self, tokens: Tensor, mask: Tensor, pointer: Tensor, state: Tensor) -> Tensor:
        """Normalised chunk [B, k, n_other]; of the hybrid tokens only those of the words are read, as their mean."""
        said, there = tokens[:, : -(GRID**2)].float(), mask[:, : -(GRID**2), None].float()
        words = self.words((said * there).sum(1) / there.sum(1).clamp(min=1))
        x = self.known(torch.cat([state.float(), waves(pointer.float()).flatten(1)], -1)) + words
        return self.out(self.blocks(x)).unflatten(-1, (self.k, -1))


class Decoder(nn.Module):
    """Denoises one or more streams; several share a trunk and part at their tails."""

    def __init__(self, config: VLAConfig, streams: Mapping[str, int], context_width: int) -> None:
        super().__init__()
        width, heads = config.decoder_width, config.decoder_heads
        self.rates: Tensor
        self.k, self.heads, self.streams, self.pointed = config.k, heads, dict(streams), config.pointer
        self.n_head = config.n_head
        self.entries = nn.ModuleDict({name: Entry(config, size) for name, size in streams.items()})
        self.trunk = nn.ModuleList(Block(width, heads) for _ in range(config.decoder_layers - 1))
        self.tails = nn.ModuleDict({name: Tail(config, size) for name, size in streams.items()})
        self.hybrid = nn.Sequential(nn.LayerNorm(context_width), nn.Linear(context_width, 2 * width))
        self.state = nn.Sequential(nn.Linear(config.state_size, width), nn.SiLU(), nn.Linear(width, width))
        known = config.state_size
        if config.pointer:
            known += CHANNELS * WAVES * FEATURES
            self.pointer = nn.Sequential(nn.Linear(WAVES * FEATURES, width), nn.SiLU(), nn.Linear(width, 2 * width))
            self.which = nn.Parameter(torch.randn(CHANNELS, 2 * width) * 0.02)
        self.known = nn.Sequential(nn.Linear(known, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        drafts = config.pointer and config.draft_layers > 0 and not {"other", "all"}.isdisjoint(streams)
        self.draft = Draft(config, context_width) if drafts else None
        aims = config.pointer and not {"head", "all"}.isdisjoint(streams)
        self.aim = Aim(config) if aims else None
        self.search = Search(width) if config.search and not {"head", "all"}.isdisjoint(streams) else None
        if aims or drafts:
            self.start_at_proposal()
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.modulation = nn.Linear(width, MODULATIONS * width)
        nn.init.normal_(self.modulation.weight, std=0.01)
        nn.init.zeros_(self.modulation.bias)
        self.commit = Commit(width, heads) if config.commit and not {"head", "all"}.isdisjoint(streams) else None
        acts = not {"other", "all"}.isdisjoint(streams)
        cameras = len(config.extra_cameras)
        self.extra = ExtraViews(cameras, context_width, width) if cameras and acts else None
        self.register_buffer("rates", torch.pi * 2.0 ** torch.linspace(-1, 5, 16), persistent=False)

    @torch.no_grad()
    def start_at_proposal(self, head: bool = True) -> None:
        """Let what is denoised be nothing: the head does what the pointer says, and the arms what the draft says.

        `head` False: only of arms and hands; what has been learned for the head stays.
        """
        for name, size in self.streams.items():
            first = 0 if head else {"head": size, "other": 0, "all": self.n_head}[name]
            out = cast(Tail, self.tails[name]).out
            out.weight.view(-1, size, out.in_features)[:, first:] = 0.0
            out.bias.view(-1, size)[:, first:] = 0.0

    def prepare(
        self,
        tokens: Tensor,
        mask: Tensor,
        pointer: Tensor,
        state: Tensor,
        looked: Tensor | None = None,
        extra: Extra | None = None,
    ) -> Context:
        """Context of hybrid tokens [B, N, D'] (mask [B, N]), pointer [B, 2, F], state [B, S]; for the head, where it
        has looked [B, 10]; for arms and hands, what other cameras show."""
        context = self.hybrid(tokens)
        pointed, token, condition = self._known(pointer, state)
        if self.search is not None and looked is not None:
            searched = self.search(looked)[:, None]
            token, condition = token + searched[:, None], condition + searched
        if pointed is not None:
            context = torch.cat([context, pointed.to(context.dtype)], 1)
            mask = torch.cat([mask, mask.new_ones(len(mask), CHANNELS)], 1)
        if self.extra is not None and extra is not None:
            context = torch.cat([context, self.extra(extra.tokens).to(context.dtype)], 1)
            mask = torch.cat([mask, extra.mask], 1)
        key, value = (heads_of(part, self.heads) for part in context.chunk(2, -1))
        aim = None if self.aim is None else self.aim(pointer.float(), condition)
        draft = None if self.draft is None else self.draft(tokens, mask[:, : tokens.shape[1]], pointer, state)[:, None]
        return Context(key, value, mask[:, None, None], token, condition, aim, draft)

    @exact
    def _known(self, pointer: Tensor, state: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        """Keys and values of the pointer, state token, condition: where millimetres and milliradians count."""
        pointed, known = None, [state.float()]
        if self.pointed:
            features = waves(pointer.float())
            pointed = self.pointer(features) + self.which
            known.append(features.flatten(1))
        return pointed, self.state(known[0])[:, None, None], self.known(torch.cat(known, -1))[:, None]

    def modulate(self, time: Tensor, context: Context) -> Tensor:
        """Scales and shifts [B, R, 9, D] of all blocks at times [B, R]."""
        phase = time[..., None] * self.rates
        condition = F.silu(self.time(torch.cat([phase.sin(), phase.cos()], -1)) + context.condition)
        return self.modulation(condition).unflatten(-1, (MODULATIONS, -1))

    def forward(self, chunks: Streams, modulation: Tensor, context: Context) -> Streams:
        """Predicted clean chunks [B, R, k, n] per stream, of noisy ones at the times of `modulation`."""
        parts = [self.entries[name](chunks[name]) for name in self.streams]
        counts = [p.shape[2] for p in parts]
        x = torch.cat([context.state.expand(-1, modulation.shape[1], -1, -1), *parts], 2)
        for block in self.trunk:
            x = block(x, modulation, context)
        state, *rest = x.split([1, *counts], 2)
        out = {}
        for name, part in zip(self.streams, rest, strict=True):
            tail = cast(Tail, self.tails[name])
            y = tail.block(torch.cat([state, part], 2), modulation, context)
            out[name] = self.finish(name, y[:, :, 1:], context)
        return out

    def finish(self, name: str, x: Tensor, context: Context) -> Tensor:
        """The clean chunk [B, R, k, n] of a stream's last tokens [B, R, k / fold, D], aim and draft added."""
        out = cast(Tail, self.tails[name]).leave(x).reshape(*x.shape[:2], self.k, -1)
        if context.aim is not None and name != "other":
            out = out + F.pad(context.aim, (0, out.shape[-1] - context.aim.shape[-1]))
        if context.draft is not None and name != "head":
            draft = context.draft.detach()  # learns from its own loss
            out = out + F.pad(draft, (out.shape[-1] - draft.shape[-1], 0))
        return out


def waves(features: Tensor) -> Tensor:
    """[..., F] to [..., 7 F]."""
    scaled = [features * rate for rate in (3.0, 9.0, 27.0)]
    return torch.cat([features, *(s.sin() for s in scaled), *(s.cos() for s in scaled)], -1)
