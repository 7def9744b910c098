"""Our trained model as a policy: a checkpoint folder in, chunks out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import sapave
from sapave.base.shelf import choose
from sapave.base.types import ActionChunk, Observation
from sapave.policies._entry import PolicyEntry

if TYPE_CHECKING:
    from sapave.model.inputs import Processor
    from sapave.model.memory import Memory
    from sapave.model.vla import SaPaVe

WEIGHTS = Path(sapave.__file__).parent / "weights"
"""Where the package carries its trained checkpoints: one folder each."""


def shipped(name: str = "active") -> Path:
    """Folder of a shipped checkpoint (`active`, `fixed`); KeyError with those that exist."""
    found = {path.parent.name: path.parent for path in sorted(WEIGHTS.glob("*/config.json"))}
    if not found:
        raise ValueError(f"no trained checkpoint in {WEIGHTS}; train one and give its folder with --checkpoint")
    return choose(found, name, "shipped checkpoint")


class SaPaVePolicy:
    """Perceives, denoises, answers a chunk of 16 rows; deterministic (denoising starts from zero noise)."""

    def __init__(self, *, checkpoint: Path | None = None, hold_head: bool = False) -> None:
        """Load `checkpoint`, a folder or a hub id (the shipped `active` one by default); `hold_head`: it stays."""
        import torch

        from sapave.model.hub import from_pretrained

        torch.set_num_threads(1)  # one core per rollout: the bench runs many beside each other
        self.model: SaPaVe
        self.processor: Processor
        self.model, self.processor = from_pretrained(checkpoint or shipped())
        self.model.eval()
        self.hold_head = hold_head
        self.memory: Memory | None = None
        self.told = ""

    def reset(self, seed: int) -> None:
        """Forget what was seen, and where it has looked."""
        self.memory = None

    def act(self, observation: Observation) -> ActionChunk:
        """Chunk for one observation; a new instruction asks for other things, so what was seen is forgotten."""
        import torch

        if observation.instruction != self.told:
            self.memory, self.told = None, observation.instruction
        with torch.inference_mode():
            batch = self.processor.observe(observation)
            hybrid, self.memory = self.model.remember(self.model.perceive(batch), self.memory, batch)
            head, other = self.model.generate(hybrid, batch)
        chunk = self.processor.chunks(head, other)[0]
        if self.hold_head:
            return ActionChunk(head=np.zeros_like(chunk.head), other=chunk.other, dt=chunk.dt)
        return chunk


POLICY = PolicyEntry(
    name="sapave",
    doc="Our trained model: looks, then acts; takes a checkpoint folder.",
    make=SaPaVePolicy,
    learned=True,
)
