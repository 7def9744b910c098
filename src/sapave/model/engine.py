"""Inference: what denoising does not change is computed once per observation, then both decoders denoise in one call.

The engine takes a copy of the model with the adapter folded into the weights it adapts; in bf16 everything but geometry
is stored in half precision too. Several observations, each with its own instruction, are one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sapave.base.seeds import rng
from sapave.base.shelf import choose
from sapave.model.config import VLAConfig
from sapave.model.decoder import Context
from sapave.model.flow import Streams, sample
from sapave.model.joint import Fixed, Joint
from sapave.model.kind import Answer, Model
from sapave.model.memory import Memory
from sapave.model.vla import Batch, Hybrid, SaPaVe, unpack

CHOICES = {
    "mode": ("eager", "compiled", "cudagraphs"),
    "dtype": ("fp32", "bf16"),
    "start": ("zero", "noise"),
}


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How the model is run."""

    mode: str = "eager"
    """eager | compiled (torch.compile; the first call of each batch size takes a minute) | cudagraphs (CUDA only)."""
    dtype: str = "fp32"
    """fp32 | bf16 (geometry, pointer readout and the way out to actions stay fp32)."""
    start: str = "zero"
    """zero (deterministic) | noise (standard normal, from a seed per row)."""
    steps: int | None = None
    """Euler steps of sampling; None: the model's own."""

    def __post_init__(self) -> None:
        for name, options in CHOICES.items():
            choose(dict.fromkeys(options), getattr(self, name), name)
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps: found {self.steps}, expected at least 1")


class Prefix(NamedTuple):
    """All that comes of an observation before denoising; may be denoised from several starts."""

    hybrid: Hybrid
    contexts: list[Context]
    """Of each decoder: state token, cross-attention keys and values, aim, draft."""
    modulations: list[Tensor]
    """[B, steps, 9, D] of each decoder."""
    fixed: Fixed | None
    """Both decoders' side by side; None where they share a trunk."""
    memory: Memory
    """For the next observation."""


class Engine:
    """A SaPaVe that only acts; `engine(batch)` is `remember`, `perceive` and `generate` of the model in one."""

    def __init__(self, model: SaPaVe | Model, config: EngineConfig | None = None) -> None:
        """Take a copy of the model as it is now, on its device; ValueError when that cannot run `config.mode`, or when
        the model is of another kind."""
        self.config = config = config or EngineConfig()
        if not isinstance(model, SaPaVe):
            raise ValueError(
                f"engine: found kind '{model.config.kind}' of model, expected '{VLAConfig.kind}'; leave the engine out"
            )
        self.device = next(model.parameters()).device
        if config.mode == "cudagraphs" and self.device.type != "cuda":
            raise ValueError(f"mode 'cudagraphs': the model is on {self.device}, expected CUDA; take 'compiled' here")
        self.model = fold_adapter(deepcopy(model)).eval().requires_grad_(False)
        self.half = config.dtype == "bf16"
        self.steps = config.steps or model.config.steps
        decoders = self.model.denoisers()
        dtype = torch.bfloat16 if self.half else torch.float32
        self.joint = Joint(decoders, dtype) if Joint.fits(decoders) else None
        self._settled = not self.half
        self._see: Callable[..., Prefix] = self._prefix
        self._sample: Callable[..., Streams] = self._denoise
        if config.mode != "eager":
            how = "reduce-overhead" if config.mode == "cudagraphs" else None
            self._see = torch.compile(self._prefix, mode=how, dynamic=False)
            self._sample = torch.compile(self._denoise, mode=how, dynamic=False)

    def __call__(self, batch: Batch, memory: Memory | None = None, seeds: Sequence[int] | None = None) -> Answer:
        """Chunks of one batch (`inputs.Processor.observe`), after `memory`; `seeds`: one per row, for start 'noise'."""
        return self.denoise(self.prefix(batch, memory), seeds)

    @torch.inference_mode()
    def prefix(self, batch: Batch, memory: Memory | None = None) -> Prefix:
        """Backbone, spatial tokens, memory, and what both decoders need of them at every step."""
        if self.config.mode == "cudagraphs":
            torch.compiler.cudagraph_mark_step_begin()
        if memory is None:
            memory = Memory.blank(len(batch["state"]), batch["state"])
        with self._precision():
            if not self._settled:
                self._settle(batch, memory)
            return self._see(batch, memory)

    @torch.inference_mode()
    def denoise(self, prefix: Prefix, seeds: Sequence[int] | None = None) -> Answer:
        """Chunks from the start that the config names."""
        start = self._start(len(prefix.hybrid.tokens), seeds)
        with self._precision():
            out = self._sample(start, prefix.contexts, prefix.modulations, prefix.fixed)
        head, other = (out[name][:, 0].float() for name in ("head", "other"))
        memory = prefix.memory
        if self.config.mode == "cudagraphs":  # the next replay writes where these lie
            head, other, memory = head.clone(), other.clone(), Memory(*(part.clone() for part in memory))
        return Answer(head, other, memory)

    def _prefix(self, batch: Batch, memory: Memory) -> Prefix:
        hybrid, memory = self.model.remember(self.model.perceive(batch), memory, batch)
        state, contexts, modulations = batch["state"], [], []
        times = (torch.arange(self.steps, device=state.device) / self.steps).expand(len(state), -1)
        for decoder in self.model.denoisers():
            context = hybrid.context(decoder, state)
            contexts.append(context)
            modulations.append(decoder.modulate(times, context))
        fixed = None if self.joint is None else self.joint.fix(contexts, modulations)
        return Prefix(hybrid, contexts, modulations, fixed, memory)

    def _denoise(
        self, start: Streams, contexts: list[Context], modulations: list[Tensor], fixed: Fixed | None
    ) -> Streams:
        out: Streams = {}
        decoders = self.model.denoisers()
        if self.joint is not None and fixed is not None:
            final = self.joint.sample(start, fixed)
            for decoder in decoders:
                out.update(unpack({n: final[n] for n in decoder.streams}, decoder, self.model.config))
            return out
        for decoder, context, modulation in zip(decoders, contexts, modulations, strict=True):
            own = {n: start[n] for n in decoder.streams}
            final = sample(decoder, modulation.split(1, 1), context, own)
            out.update(unpack(final, decoder, self.model.config))
        return out

    def _zeros(self, rows: int) -> Streams:
        """Per stream [B, 1, k, n]."""
        sizes = {n: s for decoder in self.model.denoisers() for n, s in decoder.streams.items()}
        return {n: torch.zeros(rows, 1, self.model.config.k, s, device=self.device) for n, s in sizes.items()}

    def _start(self, rows: int, seeds: Sequence[int] | None) -> Streams:
        """Where denoising begins; a row's noise depends on its seed alone."""
        start = self._zeros(rows)
        if self.config.start == "zero":
            return start
        if seeds is None or len(seeds) != rows:
            found = "none" if seeds is None else len(seeds)
            raise ValueError(f"start 'noise': found {found} seeds, expected one for each of {rows} rows")
        for name, chunks in start.items():
            drawn = np.stack([rng(seed, "start", name).standard_normal(chunks.shape[1:], np.float32) for seed in seeds])
            chunks.copy_(torch.from_numpy(drawn))
        return start

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.half else nullcontext()

    def _settle(self, batch: Batch, memory: Memory) -> None:
        """Run once and store in bf16 the weights of the layers that were met in half precision (not under `exact`)."""
        met: set[nn.Module] = set()
        exact: set[nn.Module] = set()

        def note(module: nn.Module, _: Any) -> None:
            (met.add if torch.is_autocast_enabled(self.device.type) else exact.add)(module)

        layers = [m for m in self.model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        hooks = [layer.register_forward_pre_hook(note) for layer in layers]
        prefix = self._prefix(batch, memory)
        self._denoise(self._zeros(len(batch["state"])), prefix.contexts, prefix.modulations, prefix.fixed)
        for hook in hooks:
            hook.remove()
        for layer in met - exact:
            layer.to(torch.bfloat16)
        self._settled = True


def fold_adapter(model: SaPaVe) -> SaPaVe:
    """Add LoRA's product to the weights it adapts, in place, and take its layers out; the same up to rounding."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, layer in list(model.backbone.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge()
            model.backbone.set_submodule(name, layer.get_base_layer())
    return model
