"""`sapave demo`: run the shipped policy on episodes it never saw and write a report with films."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "run the shipped policy on episodes it never saw and write a report with films"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.bench.demo import DemoConfig, demo

    demo(read_config(DemoConfig, arguments, "demo", SUMMARY))


COMMAND = Command(name="demo", summary=SUMMARY, run=run)
