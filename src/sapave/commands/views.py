"""`sapave views`: render views with the head motion that brings the named thing into sight; review them by people."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "render views with the head motion that brings the named thing into sight"


def run(arguments: list[str]) -> None:
    """Read the options and hand over to the room."""
    from sapave.sim.gl import ensure_gl

    if arguments[:1] in (["export"], ["paraphrase"], ["check"], ["review"]):
        from sapave.commands import _views_words

        ensure_gl(required=arguments[0] == "review" and "--help" not in arguments)
        getattr(_views_words, arguments[0])(arguments[1:])
        return
    ensure_gl(required="--help" not in arguments)
    from sapave.data.views import ViewsConfig, generate

    generate(read_config(ViewsConfig, arguments, "views", SUMMARY))


COMMAND = Command(name="views", summary=SUMMARY, run=run)
