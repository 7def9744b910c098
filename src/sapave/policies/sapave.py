"""A trained model as a policy, ours or a rival of another kind: a checkpoint folder in, chunks out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import sapave
from sapave.base.seeds import rng
from sapave.base.shelf import choose
from sapave.base.types import ActionChunk, Observation
from sapave.policies._entry import PolicyEntry

if TYPE_CHECKING:
    from sapave.model.engine import EngineConfig
    from sapave.model.inputs import Processor
    from sapave.model.kind import Model

WEIGHTS = Path(sapave.__file__).parent / "weights"
"""Where the package carries its trained checkpoints: one folder each."""


def shipped(name: str = "active", suite: str = "") -> Path:
    """Folder of a shipped checkpoint (`active`, `fixed`), that of `suite` where it has one of its own
    (`activemanip_active`); KeyError with those that exist."""
    found = {path.parent.name: path.parent for path in sorted(WEIGHTS.glob("*/config.json"))}
    if f"{suite}_{name}" in found:
        return found[f"{suite}_{name}"]
    if not found:
        raise ValueError(f"no trained checkpoint in {WEIGHTS}; train one and give its folder with --checkpoint")
    return choose(found, name, "shipped checkpoint")


class SaPaVePolicy:
    """Perceives, denoises, answers a chunk of 16 rows; the same again after the same `reset`.

    Ours starts from zero noise; a model that starts from noise gets it from the seed of `reset`.
    """

    def __init__(
        self,
        *,
        checkpoint: Path | None = None,
        hold_head: bool = False,
        engine: EngineConfig | None = None,
        delay: int = 0,
    ) -> None:
        """Load `checkpoint`, a folder or a hub id (the shipped `active` one by default); `hold_head`: it stays.

        `engine`: run by the inference engine with these settings (None: the model's own methods). `delay`: an answer
        takes so many ticks, during which the last chunk runs on (0: the world waits); see `model/realtime.py`.
        """
        import torch

        from sapave.model.engine import Engine
        from sapave.model.hub import from_pretrained

        torch.set_num_threads(1)  # one core per rollout: the bench runs many beside each other
        self.model: Model
        self.processor: Processor
        self.model, self.processor = from_pretrained(checkpoint or shipped())
        self.cameras = ("head", *self.processor.cameras)
        self.engine = None if engine is None else Engine(self.model, engine)
        self.answer = self.engine or self.model.act
        self.hold_head, self.delay = hold_head, delay
        self.running: tuple[ActionChunk, float] | None = None
        """The last chunk and the time of its first row [s]; kept when answers take time."""
        self.seed = self.asked = 0
        self.memory: Any = None
        self.told = ""

    def reset(self, seed: int) -> None:
        """Forget what was seen, where it has looked, and what was under way."""
        self.memory = self.running = None
        self.seed, self.asked = seed, 0

    def act(self, observation: Observation) -> ActionChunk:
        """Chunk for one observation; a new instruction asks for other things, so what was seen is forgotten. One of
        which it knows no word is acted on all the same, but never committed to."""
        import torch

        if observation.instruction != self.told:
            self.memory, self.told = None, observation.instruction
        with torch.inference_mode():
            batch = self.processor.observe(observation)
            noise = int(rng(self.seed, "chunk", self.asked).integers(2**31))
            answer = self.answer(batch, self.memory, [noise])
            self.memory = answer.memory
            commit = None if answer.commit is None else float(answer.commit)
        self.asked += 1
        known = self.processor.tokenizer.known(observation.instruction)
        if known == 0.0 and commit is not None:
            commit = 0.0  # who knows none of the words cannot know that what they ask for is in view
        chunk = replace(self.processor.chunks(answer.head, answer.other)[0], commit=commit, known=known)
        if self.hold_head:
            chunk = replace(chunk, head=np.zeros_like(chunk.head))
        return self._continued(chunk, observation.time) if self.delay else chunk

    def _continued(self, chunk: ActionChunk, now: float) -> ActionChunk:
        """The chunk behind the rows of the last one that run while it is computed."""
        from sapave.model.realtime import continue_chunk

        running = None
        if self.running is not None:
            last, begun = self.running
            running = replace(last, executed=round((now - begun) / last.dt))
        chunk = continue_chunk(running, chunk, self.delay)
        self.running = chunk, now
        return chunk


POLICY = PolicyEntry(
    name="sapave",
    doc="Our trained model: looks, then acts; takes a checkpoint folder.",
    make=SaPaVePolicy,
    learned=True,
)
