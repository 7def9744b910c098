"""`sapave collect`: record expert (and corrected) episodes as a LeRobot v3 data set."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "record expert (and corrected) episodes as a LeRobot v3 data set"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.data.collect import CollectConfig, collect

    collect(read_config(CollectConfig, arguments, "collect", SUMMARY))


COMMAND = Command(name="collect", summary=SUMMARY, run=run)
