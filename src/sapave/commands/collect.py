"""`sapave collect`: record expert (and corrected) episodes as a LeRobot v3 data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sapave.commands._command import Command, read_config

if TYPE_CHECKING:
    from sapave.base.types import Policy

SUMMARY = "record expert (and corrected) episodes as a LeRobot v3 data set"


def load_learner(checkpoint: str) -> Policy:
    """The trained policy that drives while the expert labels; made once in every worker."""
    from sapave.base.shelf import pick

    return pick("sapave.policies", "POLICY", "sapave").make(checkpoint=Path(checkpoint))


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.data.collect import CollectConfig, collect

    config = read_config(CollectConfig, arguments, "collect", SUMMARY)
    collect(config, load_learner if config.learner else None)


COMMAND = Command(name="collect", summary=SUMMARY, run=run)
