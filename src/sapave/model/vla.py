"""The whole model on one page, as the paper draws it (with our pointer added).

rgb, words --> backbone (frozen, + LoRA adapter) --> tokens --+
depth, K, pose --> spatial encoder (frozen) --> tokens -------+--(add)--> hybrid [B, N, D]
                                                                            |
noisy head chunk  [B, k, 2]  + state --> head decoder  <--cross-attention---+--> clean head chunk
noisy other chunk [B, k, 26] + state --> other decoder <--cross-attention---+--> clean other chunk
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sapave.base.shelf import choose, pick
from sapave.model.adapter import insert_adapter, share
from sapave.model.backbone import Backbone, Reading, keep_layers, words_read
from sapave.model.config import GEOMETRY, VLAConfig
from sapave.model.decoder import Context, Decoder
from sapave.model.extra import Extra, see
from sapave.model.flow import Streams, chunk_loss, noisy, sample
from sapave.model.kind import Answer, Batch
from sapave.model.memory import Memory, look
from sapave.model.pointer import Pointer, pointer_loss, presence_loss
from sapave.model.spatial import Injection, Spatial

GROUNDING = {"pointer": "mask", "presence": "mask", "answer": "answer"}
"""Losses that backbone and pointer learn from, and the target each needs."""
ACTING = {"head": "head", "other": "other", "draft": "other"}
"""Losses on chunks, and the stream each looks at."""
COMMIT_WEIGHT = 5.0
"""Of a view that is good enough, in the loss of `commit`: about one in eight is."""
LOSSES = (*ACTING, *GROUNDING, "points", "commit")
log = logging.getLogger("sapave.model")


@dataclass(frozen=True)
class Hybrid:
    """What the decoders see; may be cached on disk once backbone, adapter and spatial encoder are frozen."""

    tokens: Tensor
    """[B, N, D] states of words, then of the 64 image tokens with spatial tokens injected."""
    mask: Tensor
    """[B, N] True where a token is."""
    pointer: Tensor
    """[B, 2, F] the pointer's readout for object and goal place."""
    pointer_logits: Tensor | None = None
    """[B, 2, 32, 32]"""
    presence: Tensor | None = None
    """[B, 2] logits: is it in the picture?"""
    looked: Tensor | None = None
    """[B, 10] in which directions the head has looked (`model/memory.py`)."""
    extra: Extra | None = None
    """What cameras besides the head's show (`model/extra.py`); for arms and hands alone."""

    def rows(self, at: Tensor) -> Hybrid:
        """What the decoders read of the rows `at` (mask or indices)."""
        looked = None if self.looked is None else self.looked[at]
        extra = None if self.extra is None else self.extra.rows(at)
        return Hybrid(self.tokens[at], self.mask[at], self.pointer[at], looked=looked, extra=extra)

    def context(self, decoder: Decoder, state: Tensor) -> Context:
        """What a decoder makes of this and the state [B, S], once per sample."""
        return decoder.prepare(self.tokens, self.mask, self.pointer, state, self.looked, self.extra)


class Found(NamedTuple):
    """What backbone and pointer find, before any geometry."""

    reading: Reading
    pointer_logits: Tensor
    """[B, 2, 32, 32]"""
    presence: Tensor
    """[B, 2] logits."""


class SaPaVe(nn.Module):
    """Words, picture and geometry in; a chunk of head motion and a chunk of arm and hand motion out."""

    def __init__(self, config: VLAConfig, core: nn.Module | None = None) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.backbone = Backbone(config, core)
            width = self.backbone.width
            self.config = config
            self.pointer = Pointer(config, width)
            self.spatial = Spatial(config, width)
            self.injection = Injection(config.injection, width, self.spatial.width)
            self.decoders = nn.ModuleList(Decoder(config, s, width) for s in streams_of(config))
            self.adapter = insert_adapter(self.backbone, config)

    @classmethod
    def from_pretrained(cls, name: str | Path, config: VLAConfig) -> SaPaVe:
        """A model around published backbone weights (a folder or a hub id); the rest is fresh."""
        core = pick("sapave.model.backbones", "BACKBONE", config.backbone).from_pretrained(name)
        keep_layers(core, config.backbone_layers)
        own = {"image_size": core.image_size, "vocab_size": core.vocab_size}
        model = cls(replace(config, backbone_settings=core.settings(), **own), core)
        adapter, total = share(model.backbone)
        log.info("%s: %d weights with the adapter's %d (%.2f %%)", name, total, adapter, 100 * adapter / total)
        return model

    def denoisers(self) -> list[Decoder]:
        """The decoders: head's and other's, or one for both."""
        return [d for d in self.decoders if isinstance(d, Decoder)]

    def scale_aim(self, std: Tensor) -> None:
        """Start the pointer's short cut to the head in units of its normalised chunk: std [k, n_head] rad."""
        with torch.no_grad():
            for decoder in self.decoders:
                aim: Any = decoder.aim
                if aim is not None:
                    aim.scale.copy_(1.0 / std)

    def act(self, batch: Batch, memory: Memory | None = None, seeds: Sequence[int] | None = None) -> Answer:
        """Chunks of a look after `memory`, and the memory for the next one; `seeds` go unused, nothing is random."""
        hybrid, memory = self.remember(self.perceive(batch), memory, batch)
        commit = self.commits(hybrid, batch).sigmoid() if self.config.commit else None
        return Answer(*self.generate(hybrid, batch), memory, commit)

    def parts(self) -> dict[str, list[nn.Module]]:
        """The modules of each part that a stage may train. Injection weights go with the adapter."""
        independent = self.config.decoders == "independent"
        return {
            "backbone": [*owners(self.backbone), self.pointer],
            "adapter": [*self.adapter, self.injection],
            "spatial": [self.spatial],
            "head_decoder": [self.decoders[0]],
            "other_decoder": [self.decoders[1] if independent else self.decoders[0]],
            "draft": [d.draft for d in self.denoisers() if d.draft is not None],
        }

    def read(self, batch: Batch, image_index: Tensor | None = None) -> Found:
        """Backbone and pointer only; `image_index` [B] stands in for the batch's own."""
        image, index = self.backbone.encode_image(batch["rgb"]), batch.get("image_index", image_index)
        image = image if index is None else image[index]
        mask = batch["tokens_mask"]
        longest = words_read(mask)  # what is padding in every row is not computed
        reading = self.backbone(image, batch["tokens"][:, :longest], mask[:, :longest], batch.get("answer"))
        return Found(reading, *self.pointer(reading.image))

    def perceive(self, batch: Batch) -> Hybrid:
        """Hybrid tokens [B, max_tokens + 64, D]; several instructions may share an image through `image_index` [B]."""
        return self._perceive(batch)[1]

    def _perceive(self, batch: Batch) -> tuple[Found, Hybrid]:
        batch = self.shown(batch)
        index, found = batch.get("image_index"), self.read(batch)
        reading, space = found.reading, self.spatial(batch)
        per_row = batch
        if index is not None:
            per_row = {**batch, **{n: batch[n][index] for n in ("base_from_camera", "intrinsics", "has")}}
            space = space[index]
        features = self.pointer.read(found.pointer_logits, found.presence, space.points, space.valid, per_row)
        image = self.injection(reading.image, space.tokens)
        words = F.pad(reading.words, (0, 0, 0, batch["tokens_mask"].shape[1] - reading.words.shape[1]))
        mask = torch.cat([batch["tokens_mask"], reading.mask.new_ones(image.shape[:2])], 1)
        before = batch.get("looked", Memory.blank(len(features), features).looked)
        looked = look(before, per_row)
        tokens, extra = torch.cat([words, image], 1), None
        if self.config.extra_cameras and "extra" in batch:
            extra = see(self.backbone, batch["extra"], batch["has_extra"])
            extra = extra if index is None else extra.rows(index)
        hybrid = Hybrid(tokens, mask, features, found.pointer_logits, found.presence, looked, extra)
        return found, hybrid

    def shown(self, batch: Batch) -> Batch:
        """The batch as this model may see it: `config.hidden` counts as absent."""
        if not self.config.hidden:
            return batch
        allowed = [name not in self.config.hidden for name in GEOMETRY]
        return {**batch, "has": batch["has"] & torch.tensor(allowed, device=batch["has"].device)}

    def remember(self, hybrid: Hybrid, memory: Memory | None, batch: Batch) -> tuple[Hybrid, Memory]:
        """The hybrid with what is out of sight where it was last seen and with all directions it has looked in, and
        the memory for the next look (None: this is the first)."""
        batch = self.shown(batch)
        points, looked = memory or Memory.blank(len(hybrid.pointer), hybrid.pointer)
        pointer = hybrid.pointer
        if self.config.memory:
            pointer, points = self.pointer.remember(pointer, points, batch)
        looked = look(looked, batch)
        return replace(hybrid, pointer=pointer, looked=looked), Memory(points, looked)

    def losses(
        self,
        batch: Batch,
        hybrid: Hybrid | None = None,
        *,
        names: Collection[str] = LOSSES,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Those of `names` whose targets are in the batch, unweighted; all chance comes from `generator`.

        With a cached `hybrid` only `head` and `other` are computed.
        """
        for name in names:
            choose(dict.fromkeys(LOSSES), name, "loss")
        out: dict[str, Tensor] = {}
        acting = [n for n in ACTING if n in names and f"{ACTING[n]}_chunk" in batch]
        commits = self.config.commit and "commit" in names and "commit" in batch
        grounding = [n for n in GROUNDING if n in names and GROUNDING[n] in batch]
        if hybrid is None:
            if "points" in names and "depth" in batch:
                out["points"] = self.spatial.loss(batch, generator, self.shown(batch)["has"])
            if acting or commits:
                found, hybrid = self._perceive(batch)
                out.update(grounding_losses(batch, found, grounding))
            elif grounding:
                out.update(grounding_losses(batch, self.read(batch), grounding))
        if acting and hybrid is not None:
            out.update(self._action_losses(batch, hybrid, acting, generator))
        if commits and hybrid is not None:
            out["commit"] = commit_loss(self.commits(hybrid, batch), batch["commit"].float())
        return out

    def commits(self, hybrid: Hybrid, batch: Batch) -> Tensor:
        """Logits [B]: does it see enough to stop looking? ValueError for a model without `commit`."""
        decoder = self.denoisers()[0]
        if decoder.commit is None:
            raise ValueError("this model has no commit output; train one with --override commit=true")
        return decoder.commit(hybrid.context(decoder, batch["state"]))

    def _action_losses(
        self, batch: Batch, hybrid: Hybrid, acting: Sequence[str], generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        out = {}
        for decoder in self.denoisers():
            own, seen, known = batch, hybrid, batch.get("has_other")
            if "head" not in decoder.streams and "all" not in decoder.streams and known is not None:
                if not known.any():
                    out.update({n: known.new_zeros((), dtype=torch.float32) for n in acting if n != "head"})
                    continue
                own, seen = {n: batch[n][known] for n in ("state", "other_chunk") if n in batch}, hybrid.rows(known)
            out.update(self._decoder_losses(decoder, own, seen, acting, generator))
        return out

    def _decoder_losses(
        self, decoder: Decoder, batch: Batch, hybrid: Hybrid, acting: Sequence[str], generator: torch.Generator | None
    ) -> dict[str, Tensor]:
        both = "all" in decoder.streams
        names = [n for n in acting if both or ACTING[n] in decoder.streams]
        flows, out = [n for n in names if n != "draft"], {}
        clean = {s: batch[f"{s}_chunk"] for s in {ACTING[n]: None for n in names}}
        weights = {"other": batch.get("has_other")}
        draft = None
        if flows:
            context = hybrid.context(decoder, batch["state"])
            draft = context.draft
            wanted = (
                {s: clean[s] for s in flows} if len(decoder.streams) == 1 and not both else self._whole(batch, clean)
            )
            paths, time = noisy(pack(wanted, decoder), self.config, generator)
            predicted = unpack(decoder(paths, decoder.modulate(time, context), context), decoder, self.config)
            for name in flows:
                out[name] = chunk_loss(predicted[name], clean[name], self.config, weights.get(name))
        elif names and decoder.draft is not None:
            draft = decoder.draft(hybrid.tokens, hybrid.mask, hybrid.pointer, batch["state"])[:, None]
        if draft is not None and "draft" in names:
            out["draft"] = chunk_loss(draft, clean["other"], self.config, weights["other"])
        return out

    def _whole(self, batch: Batch, clean: Streams) -> Streams:
        """Both streams, zeros where the batch has none."""
        config, state = self.config, batch["state"]
        sizes = {"head": config.n_head, "other": config.n_other}
        return {n: clean.get(n, state.new_zeros(len(state), config.k, s)) for n, s in sizes.items()}

    @torch.no_grad()
    def generate(self, hybrid: Hybrid, batch: Batch) -> tuple[Tensor, Tensor]:
        """Normalised cumulative chunks (head [B, k, 2], other [B, k, 26]) from zero noise; deterministic."""
        state, config, out = batch["state"], self.config, {}
        times = (torch.arange(config.steps, device=state.device) / config.steps).expand(len(state), -1)
        for decoder in self.denoisers():
            context = hybrid.context(decoder, state)
            modulations = decoder.modulate(times, context).split(1, 1)
            start = {n: state.new_zeros(len(state), 1, config.k, s) for n, s in decoder.streams.items()}
            final = sample(decoder, modulations, context, start)
            out.update(unpack(final, decoder, config))
        return out["head"][:, 0].float(), out["other"][:, 0].float()


def streams_of(config: VLAConfig) -> list[dict[str, int]]:
    """Which streams each decoder denoises."""
    head, other = {"head": config.n_head}, {"other": config.n_other}
    if config.decoders == "independent":
        return [head, other]
    return [{**head, **other}] if config.decoders == "shared" else [{"all": config.n_head + config.n_other}]


def pack(chunks: Streams, decoder: Decoder) -> Streams:
    """Head and other side by side for a unified decoder."""
    return {"all": torch.cat([chunks["head"], chunks["other"]], -1)} if "all" in decoder.streams else chunks


def unpack(chunks: Streams, decoder: Decoder, config: VLAConfig) -> Streams:
    """The reverse of `pack`."""
    if "all" not in decoder.streams:
        return chunks
    head, other = chunks["all"].split([config.n_head, config.n_other], -1)
    return {"head": head, "other": other}


def owners(module: nn.Module) -> list[nn.Module]:
    """Modules that hold weights of their own, LoRA's left out."""
    return [m for name, m in module.named_modules() if "lora_" not in name and list(m.parameters(recurse=False))]


def set_trainable(model: Any, names: Collection[str]) -> list[nn.Parameter]:
    """Let only these parts learn: the rest gets requires_grad False and eval(); the parameters that do learn."""
    parts = model.parts()
    for name in names:
        choose(parts, name, "part")
    model.requires_grad_(False)
    model.eval()
    for name, modules in parts.items():
        if name in names:
            for module in modules:
                module.requires_grad_(True)
                module.train()
    return [p for p in model.parameters() if p.requires_grad]


def grounding_losses(batch: Batch, found: Found, names: Collection[str]) -> dict[str, Tensor]:
    """Those of GROUNDING that are named."""
    out = {}
    if "pointer" in names:
        out["pointer"] = pointer_loss(found.pointer_logits, batch["mask"], batch.get("shown"))
    if "presence" in names:
        out["presence"] = presence_loss(found.presence, batch["mask"])
    if "answer" in names and found.reading.answer_logits is not None:
        out["answer"] = answer_loss(found.reading.answer_logits, batch["answer"])
    return out


def commit_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean cross entropy of logits [B] where it is known (not NaN) whether the view is good enough (1) or not (0)."""
    known = ~wanted.isnan()
    each = F.binary_cross_entropy_with_logits(
        logits, wanted.nan_to_num(), pos_weight=logits.new_tensor(COMMIT_WEIGHT), reduction="none"
    )
    return (each * known).sum() / known.sum().clamp(min=1)


def answer_loss(logits: Tensor, answer: Tensor) -> Tensor:
    """Mean cross entropy over the tokens of answers [B, A] (-100 padded), given their logits [B, A, V]."""
    wanted, scores = answer.flatten(), logits.flatten(0, 1).float()
    total = F.cross_entropy(scores, wanted, ignore_index=-100, reduction="sum")
    return total / (wanted >= 0).sum().clamp(min=1)
