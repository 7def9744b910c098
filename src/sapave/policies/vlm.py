"""A vision-language model, asked to choose among numbered views (docs/rivals.md says how to set its endpoint)."""

from __future__ import annotations

from typing import Any

from sapave.policies._entry import PolicyEntry
from sapave.policies._vlm import VLM, VLMConfig, missing, settings


def make(*, config: VLMConfig | None = None, **changes: Any) -> VLM:
    """The model of `config` (the environment's by default), asked by the protocol `choose` unless changed."""
    return VLM(settings(config, **changes))


POLICY = PolicyEntry(
    name="vlm",
    doc="A vision-language model behind an endpoint, asked to choose among numbered views.",
    make=make,
    missing=missing,
    asks=lambda: settings().model,
)
