"""The choices of our pi0 as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from sapave.base.types import N_HEAD, N_OTHER
from sapave.model.config import GEOMETRY


@dataclass(frozen=True, kw_only=True)
class Pi0Config:
    """The whole model in plain values; stored in every checkpoint. Our small sizes, unless `settings` are given."""

    kind: str = field(default="pi0", init=False)
    hidden: ClassVar[tuple[str, ...]] = GEOMETRY
    """Parts of an observation's geometry that it never reads."""
    extra_cameras: ClassVar[tuple[str, ...]] = ()
    """It looks through the head's camera alone."""
    settings: Mapping[str, Any] | None = None
    """transformers' PI0Config in plain values; None: the small one of the values below."""
    image_size: int = 128
    """The picture is resized to this square [px]."""
    vision_width: int = 128
    vision_layers: int = 4
    vision_heads: int = 4
    vision_patch: int = 16
    """16 gives 64 image tokens, as many as ours reads."""
    text_width: int = 192
    text_layers: int = 4
    """Of the language model and of the action expert, which pairs its layers with them."""
    text_heads: int = 4
    text_mlp: int = 512
    vocab_size: int = 2048
    max_tokens: int = 20
    """Longest instruction, begin token included."""
    expert_width: int = 384
    expert_mlp: int = 1152
    k: int = 16
    """Control ticks in a chunk."""
    n_head: int = N_HEAD
    n_other: int = N_OTHER
    state_size: int = 74
    steps: int = 10
    """Euler steps of sampling; may be changed after training."""
    seed: int = 0
    """Of the first weights, and of the noise where none is asked for."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pi0Config:
        """The config of plain values; ValueError names unknown keys."""
        unknown = sorted(set(values) - {f.name for f in fields(cls) if f.init})
        if unknown:
            raise ValueError(f"model config: unknown {', '.join(unknown)}; expected the fields of Pi0Config")
        return cls(**values)


TINY = Pi0Config(
    image_size=64,
    vision_width=32,
    vision_layers=1,
    vision_heads=2,
    text_width=48,
    text_layers=2,
    text_heads=2,
    text_mlp=64,
    vocab_size=128,
    expert_width=32,
    expert_mlp=64,
    steps=4,
)
"""Small enough for unit tests."""
