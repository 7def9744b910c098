"""`sapave sim`: film a scene while the expert plays it, or watch it live in the browser."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "film a scene while the expert plays it, or watch it live in the browser"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.sim.film import FilmConfig, film

    film(read_config(FilmConfig, arguments, "sim", SUMMARY))


COMMAND = Command(name="sim", summary=SUMMARY, run=run)
