"""A vision-language model, asked for pitch and yaw in degrees (docs/rivals.md says how to set its endpoint)."""

from __future__ import annotations

from typing import Any

from sapave.policies._entry import PolicyEntry
from sapave.policies._vlm import VLM, VLMConfig, missing, settings


def make(*, config: VLMConfig | None = None, **changes: Any) -> VLM:
    """The model of `config` (the environment's by default), asked by the protocol `degrees`."""
    return VLM(settings(config, **{**changes, "protocol": "degrees"}))


POLICY = PolicyEntry(
    name="vlm_degrees",
    doc="A vision-language model behind an endpoint, asked for pitch and yaw in degrees.",
    make=make,
    missing=missing,
    asks=lambda: settings().model,
)
