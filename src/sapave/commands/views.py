"""`sapave views`: render views with the head motion that brings the named thing into sight."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "render views with the head motion that brings the named thing into sight"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    ensure_gl(required="--help" not in arguments)
    from sapave.data.views import ViewsConfig, generate

    generate(read_config(ViewsConfig, arguments, "views", SUMMARY))


COMMAND = Command(name="views", summary=SUMMARY, run=run)
