"""`sapave eval`: play a policy on a list of episodes and report success with intervals."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "play a policy on a list of episodes and report success with intervals"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.bench.evaluate import EvalConfig, evaluate

    evaluate(read_config(EvalConfig, arguments, "eval", SUMMARY))


COMMAND = Command(name="eval", summary=SUMMARY, run=run)
