"""One update of the weights, or none: a step that is not finite, or has nothing to learn from, leaves weights and
optimiser as they were."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn

from sapave.base.seeds import rng
from sapave.train.flops import flops_of
from sapave.train.parts import Part, cut
from sapave.train.presets import TrainConfig
from sapave.train.ranks import Ranks
from sapave.train.setup import Job
from sapave.train.shard import clip, is_spread

ENDURED = 2
"""Steps in a row that may be dropped; one more stops the run."""


class Taken(NamedTuple):
    """How a step went."""

    terms: dict[str, float]
    """`loss`, its terms unweighted, and `grad_norm` before clipping."""
    fault: str
    """Why it was dropped; empty when the weights were updated."""


def take(
    job: Job,
    parts: Sequence[Part],
    step: int,
    config: TrainConfig,
    named: list[tuple[str, nn.Parameter]],
    optimizer: torch.optim.Optimizer,
    ranks: Ranks,
) -> Taken:
    """One update, dropped when loss or gradient norm is not finite, or no row has a target of any loss (a small batch
    of stage-0 tasks may happen to ask no question). All chance of the step comes from (seed, step).

    `parts` are this process's own; the update is that of all processes' parts.
    """
    parameters = [p for _, p in named]
    optimizer.zero_grad(set_to_none=True)
    totals = gradients(job, parts, step, config, ranks.device)
    held = [p for p in parameters if not is_spread(p)]  # the others' gradients are summed already
    names = dict(config.losses)
    totals = ranks.add_up(held, totals, ["loss", *names])
    norm = clip(parameters, config.clip)
    values = {**{name: value.item() for name, value in totals.items()}, "grad_norm": norm.item()}
    fault = unsound(values) if names.keys() & values.keys() else f"none of the losses {', '.join(names)} in the batch"
    if not fault:
        optimizer.step()
    return Taken(values, fault)


def gradients(
    job: Job, parts: Sequence[Part], step: int, config: TrainConfig, device: torch.device
) -> dict[str, torch.Tensor]:
    """Add the gradients of all parts up in the parameters; the loss and its terms, summed over the parts."""
    totals: dict[str, torch.Tensor] = {}
    for part in parts:
        loss, terms = forward(job, part, step, config, device)
        if loss.requires_grad or (terms and not part.shares):  # a part may hold no row that teaches
            loss.backward()
        for name, value in {"loss": loss, **terms}.items():
            totals[name] = value.detach() + totals[name] if name in totals else value.detach()
    return totals


def forward(
    job: Job, part: Part, step: int, config: TrainConfig, device: torch.device
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weighted loss of a part of a batch and the terms it is made of, each times the part's share; 0 and no terms
    where no row has a target."""
    chance = torch.Generator(device).manual_seed(chance_of(config.seed, step, part.number))
    weights = dict(config.losses)
    with autocast(device, config.precision):
        terms = {name: value for name, value in job.losses(part.batch, chance).items() if name in weights}
    if part.shares:
        terms = {name: part.shares[name] * value for name, value in terms.items()}
    if not terms:
        return torch.zeros((), device=device), {}
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum(), terms


def flops_per_row(job: Job, config: TrainConfig, named: list[tuple[str, nn.Parameter]], device: torch.device) -> float:
    """Operations per row of the run's first batch, whatever step it is at (texts differ in length, hence rows)."""
    part = cut(job.batch(0), config.accumulate, dict(config.losses))[0]
    rows = len(part.batch["state"])
    return flops_of(lambda: forward(job, part, 0, config, device)[0], [p for _, p in named]) / rows


def chance_of(seed: int, step: int, part: int) -> int:
    """Seed of a part of a step."""
    return int(rng(seed, "part", step, part).integers(1 << 62)) if part else (seed * 1_000_003 + step) % (1 << 62)


def autocast(device: torch.device, precision: str = "auto") -> AbstractContextManager[Any]:
    """bfloat16 where `precision` asks for it, or by itself on a GPU; else float32."""
    half = precision == "bf16" or (precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, torch.bfloat16) if half else nullcontext()


def unsound(values: dict[str, float]) -> str:
    """What of a step's values is not finite, in words; empty when all is well."""
    bad = {name: value for name, value in values.items() if not math.isfinite(value)}
    if "loss" in bad:
        terms = ", ".join(sorted(bad.keys() - {"loss", "grad_norm"}))
        return f"the loss is {bad['loss']}" + (f" ({terms})" if terms else "")
    return f"the gradient norm is {bad['grad_norm']}" if bad else ""


@contextmanager
def enough_memory(step: int, config: TrainConfig) -> Iterator[None]:
    """Around a step and its batch; ValueError that says what to lower when memory runs out."""
    try:
        yield
    except (MemoryError, RuntimeError) as problem:
        # torch has an error of its own for a GPU, none for a CPU
        if not isinstance(problem, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(
            problem
        ):
            raise
        where = "gpu" if isinstance(problem, torch.OutOfMemoryError) else "cpu"
        raise ValueError(
            f"step {step + 1}: out of memory on {where}; lower images (now {config.images}) "
            f"or per_image (now {config.per_image}), or raise accumulate (now {config.accumulate})"
        ) from problem
