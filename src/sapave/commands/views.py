"""`sapave views`: render views with the head motion that brings the named thing into sight; review them by people."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "render views with the head motion that brings the named thing into sight"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.commands import _views_review
    from sapave.sim.gl import ensure_gl

    if arguments[:1] == ["export"]:
        _views_review.export(arguments[1:])
        return

    ensure_gl(required="--help" not in arguments)
    if arguments[:1] == ["review"]:
        _views_review.review(arguments[1:])
        return
    from sapave.data.views import ViewsConfig, generate

    generate(read_config(ViewsConfig, arguments, "views", SUMMARY))


COMMAND = Command(name="views", summary=SUMMARY, run=run)
