"""A vision-language model behind an endpoint, asked where to turn the head: one question per look, never a guess."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sapave.base.chat import Message
from sapave.base.endpoint import Endpoint, EndpointConfig
from sapave.base.shelf import choose
from sapave.base.types import N_OTHER, ActionChunk, Observation
from sapave.policies._head import ROWS, arrived, looking_at
from sapave.policies._questions import PROTOCOLS, Question, QuestionConfig
from sapave.policies._vlm_models import MODELS
from sapave.sim.robots.g1 import HEAD_LIMITS

URL, MODEL, KEY, FOLDER = "SAPAVE_VLM_URL", "SAPAVE_VLM_MODEL", "SAPAVE_VLM_KEY", "SAPAVE_VLM_FOLDER"
"""Environment variables that set the endpoint where nothing else does; the key is read from nowhere else."""

UNREADABLE = "unreadable"
"""Why there is no motion although the endpoint answered."""


@dataclass(frozen=True, kw_only=True)
class VLMConfig(EndpointConfig, QuestionConfig):
    """Which model is asked, and how."""

    key_variable: str = KEY
    answer_tokens: int = 4096
    """Longest answer [tokens]; what a model thinks before it answers counts."""
    protocol: str = "choose"
    """`choose` among numbered views, or answer pitch and yaw in `degrees`."""
    asks: int = 3
    """An answer that cannot be read is asked for again, so often in all."""
    looks: int = 1
    """Looks per instruction; afterwards the head stays."""
    folder: Path = Path("runs/vlm")
    """Where transcripts are kept, and answers found again."""


@dataclass(frozen=True, kw_only=True)
class NoAnswer(ActionChunk):
    """No motion, because the model gave no answer that could be read: to be counted, not to be judged as a look."""

    why: str
    """`unreadable`, or one of FAILURES in base/chat.py."""
    detail: str = ""


def missing() -> str:
    """What must be set before a policy can be made without settings; '' when nothing."""
    absent = [name for name in (URL, MODEL) if not os.environ.get(name)]
    if not absent:
        return ""
    return (
        f"no endpoint: set {' and '.join(absent)} ({URL}: an OpenAI-compatible address such as "
        f"http://127.0.0.1:8000/v1; {MODEL}: a name it serves, or one of {', '.join(MODELS)}), and {KEY} if it asks "
        "for a key (docs/rivals.md)"
    )


def settings(config: VLMConfig | None = None, **changes: Any) -> VLMConfig:
    """Complete settings: what is given, then the environment; a model of the paper by its short name.

    ValueError when there is no endpoint, KeyError for an unknown protocol.
    """
    found = replace(config or VLMConfig(), **changes)
    if not (found.url and found.model):
        if missing():
            raise ValueError(f"vlm: {missing()}")
        found = replace(found, url=found.url or os.environ[URL], model=found.model or os.environ[MODEL])
    if found.folder == VLMConfig.folder and os.environ.get(FOLDER):
        found = replace(found, folder=Path(os.environ[FOLDER]))
    choose(PROTOCOLS, found.protocol, "protocol")
    for name in ("asks", "looks", "enlarge"):
        if getattr(found, name) < 1:
            raise ValueError(f"vlm: {name} is {getattr(found, name)}, expected at least 1")
    if not 1.0 <= found.step <= 45.0:
        raise ValueError(f"vlm: step is {found.step}, expected 1 to 45 degrees")
    compared = MODELS.get(found.model.lower())
    return replace(found, model=compared.model) if compared else found


class VLM:
    """Looks where the model says, the arms still; `counts` says how its questions ended."""

    def __init__(self, config: VLMConfig) -> None:
        """`config` as `settings` completes it; ValueError when it does not fit."""
        self.config = config
        name = "".join(c if c.isalnum() or c in ".-" else "_" for c in config.model)
        self.endpoint = Endpoint(config, config.folder / f"{name}-{config.protocol}.jsonl")
        self.counts: Counter[str] = Counter()
        """`answered`, `unreadable`, and the endpoint's failures, of all episodes."""
        self._told: str | None = None
        self._looks, self._goal = 0, np.zeros(2)

    def reset(self, seed: int) -> None:
        """Look anew."""
        self._told = None

    def act(self, observation: Observation) -> ActionChunk:
        """The way to the view that the model chose; `NoAnswer` when it chose none. Increments to the head only."""
        if observation.instruction != self._told:
            self._told, self._looks = observation.instruction, 0
            self._goal = np.asarray(observation.head_target, float)
        if arrived(observation.head_target, self._goal) and self._looks < self.config.looks:
            self._looks += 1
            motion, why, detail = self.ask(observation)
            self.counts[why or "answered"] += 1
            if motion is None:
                return NoAnswer(head=np.zeros((ROWS, 2)), other=np.zeros((ROWS, N_OTHER)), why=why, detail=detail)
            self._goal = np.clip(observation.head_target + motion, *np.transpose(HEAD_LIMITS))
        return looking_at(observation.head_target, self._goal)

    def ask(self, observation: Observation) -> tuple[np.ndarray | None, str, str]:
        """The motion [2] rad that the model answers; or None, why not, and one line about it."""
        question: Question = PROTOCOLS[self.config.protocol](observation, self.config)
        talk = [Message(role="user", text=question.prompt, images=(question.image,))]
        text = ""
        for _ in range(self.config.asks):
            reply = self.endpoint.ask(talk)
            if not reply.ok:
                return None, reply.failure, reply.detail
            motion = question.read(reply.text)
            if motion is not None:
                return motion, "", ""
            text = reply.text
            talk += [Message(role="assistant", text=text), Message(role="user", text=question.reminder)]
        return None, UNREADABLE, f"after {self.config.asks} questions: {text[:120]!r}"
