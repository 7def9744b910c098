"""What trains and how fast: freezing by part name, AdamW groups, the learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sapave.model.vla import set_trainable
from sapave.train.presets import TrainConfig
from sapave.train.shard import is_spread

FLOOR = 0.05
"""Where the cosine ends, as a share of the peak."""


def freeze_but(model: Any, trains: Sequence[str]) -> list[tuple[str, nn.Parameter]]:
    """Let only the parts in `trains` learn; their parameters with names. ValueError when the model has none there."""
    set_trainable(model, trains)
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    if not named:
        which = f" (spatial encoder '{model.config.spatial}')" if "spatial" in trains else ""
        raise ValueError(
            f"parts {', '.join(trains)}: this model has no weights to learn there{which}; leave this stage out"
        )
    return named


def make_optimizer(named: list[tuple[str, nn.Parameter]], config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with weight decay on matrices only."""
    matrices = [p for _, p in named if p.ndim >= 2]
    vectors = [p for _, p in named if p.ndim < 2]
    groups = []
    for parameters, decay in ((matrices, config.weight_decay), (vectors, 0.0)):
        for apart in (False, True):  # what is spread over processes is never updated together with what is not
            groups.append({"params": [p for p in parameters if is_spread(p) == apart], "weight_decay": decay})
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=config.lr, betas=config.betas)


@dataclass(frozen=True)
class Ending:
    """The last stretch of a run cut short by its time budget: linear to zero over [first, first + length)."""

    first: int
    length: int


def rate(config: TrainConfig, step: int, ending: Ending | None = None) -> float:
    """Learning rate of a step; depends on the step (and on where the ending began) only."""
    at = step if ending is None else min(step, ending.first)
    share = min(1.0, (at + 1) / max(1, config.warmup))
    if config.decay == "cosine":
        progress = min(1.0, at / config.steps)
        share *= FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress))
    else:
        share *= min(1.0, max(0.0, (config.steps - at) / (0.1 * config.steps)))
    if ending is not None and step >= ending.first:
        share *= max(0.0, 1 - (step - ending.first) / ending.length)
    return config.lr * share
