"""`sapave train`: train one stage; every stage is a preset of the one loop."""

from __future__ import annotations

from sapave.commands._command import Command, read_config

SUMMARY = "train one stage of the model from a preset: sapave train PRESET [OPTIONS]"


def run(arguments: list[str]) -> None:
    """The first word names the preset; options change single values of it."""
    from sapave.base.shelf import choose
    from sapave.train.presets import PRESETS

    names = ", ".join(PRESETS)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: sapave train PRESET [OPTIONS]\n\n{SUMMARY}\n\npresets: {names}\n")
        print("`sapave train PRESET --help` lists the options with the preset's values.")
        return
    if arguments[0].startswith("-"):
        raise ValueError(f"train: the preset comes first, found '{arguments[0]}' (there are: {names})")
    preset = choose(PRESETS, arguments[0], "preset")
    from sapave.sim.gl import ensure_gl

    ensure_gl(required=False)
    from sapave.train.loop import main

    main(read_config(type(preset), arguments[1:], f"train {arguments[0]}", SUMMARY, default=preset))


COMMAND = Command(name="train", summary=SUMMARY, run=run)
