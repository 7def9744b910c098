"""pi0 as a rival: transformers' own class, with the head's two joints in its action space of 28.

It reads one picture, the instruction and the state; depth, intrinsics and pose it never sees. The vision-language model
is run once per observation; the action expert reads its keys and values layer by layer and denoises all 28 dimensions
as one chunk. Its time runs backwards (1 is noise, 0 is clean), it predicts the velocity, and it starts from noise.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sapave.base.seeds import rng
from sapave.base.shelf import choose
from sapave.model.backbone import square, words_read
from sapave.model.backbones._published import places
from sapave.model.flow import draw
from sapave.model.kind import Answer, Batch, Kind
from sapave.model.kinds._pi0_config import TINY, Pi0Config
from sapave.model.kinds._pi0_settings import begin, published, small
from sapave.model.kinds.sapave import answered
from sapave.model.vla import answer_loss

LOSSES = ("head", "other", "answer")


class Seen(NamedTuple):
    """What the action expert reads of picture and words."""

    cache: Any
    """Keys and values of every layer (transformers' cache)."""
    mask: Tensor
    """[B, N] True where a token is."""


class Pi0(nn.Module):
    """Words, picture and state in; a chunk of head motion and a chunk of arm and hand motion out."""

    def __init__(self, config: Pi0Config, core: nn.Module | None = None) -> None:
        super().__init__()
        from transformers import PI0Config, PI0ForConditionalGeneration

        if core is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(config.seed)
                core = PI0ForConditionalGeneration(PI0Config(**(config.settings or small(config))))
                begin(core)
        self.core: Any = core
        self.core.model.dit.embed_tokens = None  # the expert reads no words
        self.config = config

    @classmethod
    def from_pretrained(cls, name: str | Path, config: Pi0Config) -> Pi0:
        """Published weights of a folder or a hub id; the projections of state and action, whose sizes are ours, are
        fresh. ValueError for another model, or where more than these does not fit."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            core = published(name, config)
        settings = json.loads(core.config.to_json_string(use_diff=False))
        settings.pop("transformers_version", None)
        vision, text = core.config.vlm_config.vision_config, core.config.vlm_config.text_config
        own = {"image_size": vision.image_size, "vocab_size": text.vocab_size}
        return cls(replace(config, settings=settings, **own), core)

    def parts(self) -> dict[str, list[nn.Module]]:
        """The modules of each part that a stage may train; head and other share the action expert."""
        core = self.core
        expert = [core.model.dit, core.embed_action_time, core.action_out_proj]
        return {"backbone": [core.model.vlm], "head_decoder": expert, "other_decoder": expert}

    def scale_aim(self, std: Tensor) -> None:
        """Nothing here has the units of the head's chunk."""

    def perceive(self, batch: Batch) -> Seen:
        """The prefix, once per observation; several instructions may share an image through `image_index` [B]."""
        embedded, mask = self._embed(batch)
        return Seen(self._read(embedded, mask).past_key_values, mask)

    def _embed(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Image tokens, then words: [B, N, D], and where there are any, [B, N]."""
        vlm, index = self.core.model.vlm, batch.get("image_index")
        image = vlm.get_image_features(square(batch["rgb"], self.config.image_size)).pooler_output
        image = image if index is None else image[index]
        mask = batch["tokens_mask"]
        longest = words_read(mask)  # what is padding in every row is not computed
        words = vlm.get_input_embeddings()(batch["tokens"][:, :longest])
        mask = torch.cat([mask.new_ones(image.shape[:2]), mask[:, :longest]], 1)
        return torch.cat([image.to(words.dtype), words], 1), mask

    def _read(self, embedded: Tensor, mask: Tensor, causal: int = 0) -> Any:
        """The language model's output for a sequence that sees itself whole, but for its last `causal` positions."""
        kinds = torch.zeros_like(mask, dtype=torch.long)
        kinds[:, mask.shape[1] - causal :] = 1
        return self.core.model.vlm(
            inputs_embeds=embedded,
            attention_mask=mask.long(),
            position_ids=places(mask),
            token_type_ids=kinds,
            use_cache=not causal,
        )

    def answer_logits(self, batch: Batch) -> Tensor:
        """Scores [B, A, V] of the tokens of `answer` [B, A] (-100 padded), each given the true ones before it."""
        embedded, mask = self._embed(batch)
        words, answer = self.core.model.vlm.get_input_embeddings(), batch["answer"]
        shifted = answer[:, :-1]
        embedded = torch.cat([embedded, words(shifted.clamp(min=0))], 1)
        states = self._read(embedded, torch.cat([mask, shifted >= 0], 1), shifted.shape[1]).last_hidden_state
        # the first token is asked of the last word, which padding may follow
        last = mask.shape[1] - 1 - mask.flip(1).int().argmax(1)
        first = states[torch.arange(len(states), device=states.device), last][:, None]
        return torch.cat([first, states[:, mask.shape[1] :]], 1) @ words.weight.T

    def losses(
        self,
        batch: Batch,
        seen: Seen | None = None,
        *,
        names: Collection[str] = LOSSES,
        generator: torch.Generator | None = None,
    ) -> dict[str, Tensor]:
        """Those of `names` whose targets are in the batch, unweighted; all chance comes from `generator`."""
        for name in names:
            choose(dict.fromkeys(LOSSES), name, "loss of pi0")
        out: dict[str, Tensor] = {}
        if "answer" in names and "answer" in batch and seen is None:
            out["answer"] = answer_loss(self.answer_logits(batch), batch["answer"])
        acting = [n for n in ("head", "other") if n in names and f"{n}_chunk" in batch]
        if acting:
            rows = self._velocity_errors(batch, self.perceive(batch) if seen is None else seen, generator)
            head, other = rows.split([self.config.n_head, self.config.n_other], -1)
            if "head" in acting:
                out["head"] = head.mean()
            if "other" in acting:
                weight = batch["has_other"].to(other.dtype) if "has_other" in batch else other.new_ones(len(other))
                out["other"] = (other.mean(1) * weight).sum() / weight.sum().clamp(min=1)
        return out

    def _velocity_errors(self, batch: Batch, seen: Seen, generator: torch.Generator | None) -> Tensor:
        """Squared errors of the velocity [B, 28], mean over the chunk, at one draw of noise and time per row."""
        config, state = self.config, batch["state"]
        sizes = {"head_chunk": config.n_head, "other_chunk": config.n_other}
        chunks = [batch.get(n, state.new_zeros(len(state), config.k, size)) for n, size in sizes.items()]
        clean = torch.cat(chunks, -1)
        own = self.core.config
        time = draw(torch.rand, (len(clean),), generator, clean.device)
        time = time ** (1 / own.time_sampling_beta_alpha)  # Beta(alpha, 1) through its inverse
        time = time * own.time_sampling_scale + own.time_sampling_offset
        noise = draw(torch.randn, clean.shape, generator, clean.device)
        return self._expert(seen, state, noise, time, clean).loss.mean(1)

    def _expert(self, seen: Seen, state: Tensor, chunk: Tensor, time: Tensor, clean: Tensor | None = None) -> Any:
        """The class's own forward behind the prefix, which is left as it was."""
        length = seen.mask.shape[1]
        output = self.core(
            state=state,
            noise=chunk,
            timestep=time,
            actions=clean,
            attention_mask=seen.mask.long(),
            past_key_values=seen.cache,
        )
        seen.cache.crop(length - seen.cache.get_seq_length())
        return output

    @torch.no_grad()
    def generate(self, seen: Seen, batch: Batch, seeds: Sequence[int] | None = None) -> tuple[Tensor, Tensor]:
        """Normalised cumulative chunks (head [B, k, 2], other [B, k, 26]); a row's noise depends on its seed alone."""
        config, state = self.config, batch["state"]
        shape = (config.k, config.n_head + config.n_other)
        noise = [rng(s, "start").standard_normal(shape, np.float32) for s in seeds or [config.seed] * len(state)]
        chunk = torch.from_numpy(np.stack(noise)).to(state.device)
        for step in range(config.steps):
            time = torch.full((len(state),), 1 - step / config.steps, device=state.device)
            chunk = chunk - self._expert(seen, state, chunk, time).logits / config.steps
        head, other = chunk.float().split([config.n_head, config.n_other], -1)
        return head, other

    def act(self, batch: Batch, memory: None = None, seeds: Sequence[int] | None = None) -> Answer:
        """Chunks of a look; it has no memory."""
        return Answer(*self.generate(self.perceive(batch), batch, seeds), None)


def judge(model: Pi0, batch: Batch) -> dict[str, Tensor]:
    """`answer`: every token right, each given the true ones before it."""
    return {"answer": answered(model.answer_logits(batch), batch["answer"])} if "answer" in batch else {}


def facts(config: Pi0Config) -> list[tuple[str, str]]:
    """Rows of the card's table."""
    return [
        ("backbone", f"PaliGemma's class, image {config.image_size} px"),
        ("decoders", f"one action expert beside it, {config.steps} denoising steps from noise"),
    ]


MODEL = Kind(
    name="pi0",
    doc="rival: transformers' pi0, the head's joints in its action space; loads published weights",
    about="pi0's class (transformers' own) with the head's two joints in its action space, trained in sapave's loop.",
    config=Pi0Config,
    model=Pi0,
    tiny=TINY,
    fresh=("state_proj.weight", "action_in_proj.weight", "action_out_proj."),
    cached=False,
    judge=judge,
    facts=facts,
)
