"""Several processes on one batch (torchrun): each works on some of its parts, and their gradients are added up.

Every process holds all weights and the optimiser's state (unless they are spread out, `shard.py`), and takes the same
update; the first one alone writes. A batch is cut into `accumulate` parts whoever works on them, and each process
prepares the pictures of its own parts, so the number of processes changes speed, not the curve.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from sapave.data.windows import Own

PATIENCE = timedelta(hours=6)
"""How long a process waits for the first one, which packs data, fills the cache of tokens and evaluates."""
BUCKET = 1 << 24
"""Numbers added up in one message."""
_MEETINGS = count()


@dataclass(frozen=True)
class Ranks:
    """Which of the processes this is."""

    rank: int = 0
    size: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def own(self) -> Own:
        """Its pictures of a batch."""
        return Own(self.rank, self.size)

    @property
    def first(self) -> bool:
        """The one that writes."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            dist.barrier()

    def agree(self, value: float) -> float:
        """The first process's value."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return shared.item()

    def total(self, values: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
        """Sum over all processes of each of `names`, which some may not know."""
        sums = torch.tensor([values.get(name, 0.0) for name in names], dtype=torch.float64, device=self.device)
        if self.size > 1:
            dist.all_reduce(sums)
        return dict(zip(names, sums.tolist(), strict=True))

    def add_up(
        self, parameters: Sequence[Tensor], totals: dict[str, Tensor], names: Sequence[str]
    ) -> dict[str, Tensor]:
        """Sum the gradients of all processes in place, and their totals (some of `names`)."""
        if self.size == 1:
            return totals
        learns = [p.grad is not None for p in parameters]
        for bucket in _buckets(parameters):
            flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in bucket])
            dist.all_reduce(flat)
            for parameter, grad in zip(bucket, flat.split([p.numel() for p in bucket]), strict=True):
                parameter.grad = grad.view_as(parameter)
        known = [name in totals for name in names]
        values = [totals[name].float().item() if name in totals else 0.0 for name in names]
        small = torch.tensor([*learns, *known, *values], dtype=torch.float64, device=self.device)
        dist.all_reduce(small)
        learns, known, sums = small.split([len(learns), len(known), len(values)])
        for parameter, anywhere in zip(parameters, learns.tolist(), strict=True):
            if not anywhere:
                parameter.grad = None  # AdamW passes over what no row has touched
        return {name: sums[i] for i, name in enumerate(names) if known[i]}


def _buckets(parameters: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    bucket: list[Tensor] = []
    for parameter in parameters:
        if bucket and sum(p.numel() for p in bucket) + parameter.numel() > BUCKET:
            yield bucket
            bucket = []
        bucket.append(parameter)
    if bucket:
        yield bucket


def launched() -> tuple[int, int, int]:
    """Rank, number of processes, and rank on this machine, as torchrun says; (0, 1, 0) without it."""
    words = os.environ
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= words.keys():
        return 0, 1, 0
    return int(words["RANK"]), int(words["WORLD_SIZE"]), int(words.get("LOCAL_RANK", 0))


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The processes that torchrun started, met: over NCCL on GPUs, gloo on CPUs."""
    rank, size, _ = launched()
    if size == 1:
        yield Ranks(device=device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    # a recipe meets once per stage; under the names of the meeting before, the processes would wait forever
    store, rank, size = next(rendezvous("env://", timeout=PATIENCE))
    meeting = PrefixStore(f"meeting {next(_MEETINGS)}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE, store=meeting, rank=rank, world_size=size)
    try:
        yield Ranks(rank, size, device)
    finally:
        dist.destroy_process_group()
