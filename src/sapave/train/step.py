"""One update of the weights, or none: a step that is not finite leaves weights and optimiser as they were."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NamedTuple

import torch
from torch import nn

from sapave.train.flops import flops_of
from sapave.train.presets import TrainConfig
from sapave.train.setup import Job

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
    batch: dict[str, Any],
    step: int,
    config: TrainConfig,
    named: list[tuple[str, nn.Parameter]],
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> Taken:
    """One update, dropped when loss or gradient norm is not finite. All chance of the step comes from (seed, step)."""
    optimizer.zero_grad(set_to_none=True)
    loss, terms = forward(job, batch, step, config, device)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_([p for _, p in named], config.clip)
    values = {"loss": loss.item(), **{name: value.item() for name, value in terms.items()}, "grad_norm": norm.item()}
    fault = unsound(values)
    if not fault:
        optimizer.step()
    return Taken(values, fault)


def forward(
    job: Job, batch: dict[str, Any], step: int, config: TrainConfig, device: torch.device
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The weighted loss of a batch, and the terms it is made of."""
    chance = torch.Generator(device).manual_seed((config.seed * 1_000_003 + step) % (1 << 62))
    weights = dict(config.losses)
    with autocast(device):
        terms = {name: value for name, value in job.losses(batch, chance).items() if name in weights}
    if not terms:
        raise ValueError(f"stage '{config.stage}': the batch gives none of the losses {', '.join(weights)}")
    return torch.stack([weights[name] * value for name, value in terms.items()]).sum(), terms


def flops_per_row(job: Job, config: TrainConfig, named: list[tuple[str, nn.Parameter]], device: torch.device) -> float:
    """Operations per row of the run's first batch, whatever step it is at (texts differ in length, hence rows)."""
    batch = job.batch(0)
    return flops_of(lambda: forward(job, batch, 0, config, device)[0], [p for _, p in named]) / len(batch["state"])


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 on a GPU, float32 on a CPU."""
    return torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext()


def unsound(values: dict[str, float]) -> str:
    """What of a step's values is not finite, in words; empty when all is well."""
    bad = {name: value for name, value in values.items() if not math.isfinite(value)}
    if "loss" in bad:
        terms = ", ".join(name for name in bad if name not in ("loss", "grad_norm"))
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
            f"or per_image (now {config.per_image})"
        ) from problem
