"""A moving average of the trained weights (EMA): what is evaluated and handed on, while the optimiser goes its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """average <- d * average + (1 - d) * weights after every update; d grows from 0.2 to `decay`, so that the start is
    soon forgotten. With decay 0 there is none, and `shown` shows the weights themselves."""

    def __init__(self, named: list[tuple[str, nn.Parameter]], decay: float) -> None:
        self.named, self.decay = named, decay
        self.values: dict[str, Tensor] = {name: p.detach().clone() for name, p in named} if decay else {}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step number `step` (from 1)."""
        if self.decay:
            decay = min(self.decay, (1 + step) / (9 + step))
            for name, parameter in self.named:
                self.values[name].lerp_(parameter, 1 - decay)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Within, the model has the average as its weights; afterwards its own again, bit for bit."""
        if not self.decay:
            yield
            return
        own = [parameter.detach().clone() for _, parameter in self.named]
        self._put([self.values[name] for name, _ in self.named])
        try:
            yield
        finally:
            self._put(own)

    @torch.no_grad()
    def _put(self, values: list[Tensor]) -> None:
        for (_, parameter), value in zip(self.named, values, strict=True):
            parameter.copy_(value)
