"""`sapave eval`: play a policy on a list of episodes and report success with intervals."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "play a policy on a list of episodes and report success with intervals"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    if _suite(arguments) == "activeviewpose":
        from sapave.bench.looking import LookingConfig, evaluate_looking

        evaluate_looking(read_config(LookingConfig, arguments, "eval", "answer requests to look, and the leak tests"))
        return
    from sapave.bench.evaluate import EvalConfig, evaluate

    evaluate(read_config(EvalConfig, arguments, "eval", SUMMARY))


def _suite(arguments: list[str]) -> str:
    """The value of --suite: looking alone has options of its own."""
    for i, argument in enumerate(arguments):
        if argument.startswith("--suite"):
            return argument.partition("=")[2] or "".join(arguments[i + 1 : i + 2])
    return ""


COMMAND = Command(name="eval", summary=SUMMARY, run=run)
