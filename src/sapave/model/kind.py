"""What training, evaluation, checkpoints and the policy ask of a model, whatever its kind; kinds stand in `kinds/`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from sapave.base.shelf import choose, shelf
from sapave.model.config import VLAConfig

Batch = dict[str, Tensor]
"""Tensors by name; `inputs.Processor` makes it and lists the names."""


class Answer(NamedTuple):
    """Normalised cumulative chunks; `inputs.Processor.chunks` makes actions of them."""

    head: Tensor
    """[B, k, 2]"""
    other: Tensor
    """[B, k, 26]"""
    memory: Any
    """For the next observation."""
    commit: Tensor | None = None
    """[B] how sure it is that it sees enough, 0 to 1; None: it does not say."""


class Model(Protocol):
    """An nn.Module with these; batches and chunks are those of `model/inputs.py`."""

    config: Any
    """Plain values. All kinds have `kind`, `k`, `vocab_size`, `max_tokens`, `hidden`: geometry it never
    reads, and `extra_cameras` besides the head's."""

    def parts(self) -> dict[str, list[nn.Module]]:
        """The modules of each part that a stage may train; `head_decoder` and `other_decoder` are among them."""
        ...

    def scale_aim(self, std: Tensor) -> None:
        """The head chunk's statistics have been fitted: std [k, n_head] rad."""
        ...

    def losses(
        self, batch: Batch, seen: Any = None, *, names: Collection[str], generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Those of `names` whose targets are in the batch, unweighted; `seen` spares what `perceive` would compute."""
        ...

    def perceive(self, batch: Batch) -> Any:
        """What words and pictures say, before any action."""
        ...

    def generate(self, seen: Any, batch: Batch) -> tuple[Tensor, Tensor]:
        """Normalised cumulative chunks (head [B, k, 2], other [B, k, 26]); the same at every call."""
        ...

    def act(self, batch: Batch, memory: Any = None, seeds: Sequence[int] | None = None) -> Answer:
        """Chunks of a look after `memory`, and the memory for the next one; `seeds`: of each row's noise, if any."""
        ...


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Shelf entry of a whole model."""

    name: str
    doc: str
    about: str
    """One sentence for the card of its checkpoints."""
    config: type[Any]
    """A frozen dataclass of plain values; `from_dict` refuses unknown ones."""
    model: Any
    """Its class: `model(config)` is fresh, `model.from_pretrained(name, config)` has published weights."""
    tiny: Any
    """A config small enough for unit tests."""
    fresh: tuple[str, ...]
    """Words in names of weights that may start anew when a checkpoint is loaded with a changed config."""
    cached: bool
    """Can its frozen tokens be kept on disk (`train/cached.py`)?"""
    judge: Callable[[Any, Batch], dict[str, Tensor]]
    """Right or wrong (1, 0) per thing judged of what it says of words and pictures; of batches with targets."""
    facts: Callable[[Any], list[tuple[str, str]]]
    """Rows of the card's table, of a config."""


def kinds() -> dict[str, Kind]:
    """All on the shelf, by name."""
    return shelf("sapave.model.kinds", "MODEL")


def kind_of(config: Any) -> Kind:
    """The kind of a model's config."""
    return kinds()[config.kind]


def config_of(values: Mapping[str, Any]) -> Any:
    """The config of plain values; `kind` names the kind of model, ours where it is absent.

    KeyError for a kind that is not on the shelf, ValueError for values that its config does not have.
    """
    kind: Kind = choose(kinds(), values.get("kind", VLAConfig.kind), "kind of model")
    return kind.config.from_dict({name: value for name, value in values.items() if name != "kind"})
