"""`sapave train`: train one stage; every stage is a preset of the one loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sapave.commands._command import Command, read_config

SUMMARY = "train one stage of the model from a preset: sapave train PRESET [OPTIONS]"


def run(arguments: list[str]) -> None:
    """The first word names the preset; options change single values of it."""
    from sapave.base.shelf import choose
    from sapave.train.presets import PRESETS, TrainConfig

    names = ", ".join(PRESETS)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: sapave train PRESET --out FOLDER [OPTIONS]\n\n{SUMMARY}\n\npresets: {names}\n")
        print("`sapave train PRESET --help` lists the options with the preset's values.")
        return
    name = arguments[0]
    if name.startswith("-"):
        raise ValueError(f"train: the preset comes first, found '{name}' (there are: {names})")
    preset = choose(PRESETS, name, "preset")

    import tyro

    # tyro reads these annotations as they stand here: this module must not postpone their evaluation
    @dataclass(frozen=True, kw_only=True)
    class TrainOptions:
        config: Annotated[TrainConfig, tyro.conf.arg(name="")]
        out: Path = Path("runs") / name
        """Folder of the checkpoint and the run's records; a run that is already there is resumed."""

    options = read_config(TrainOptions, arguments[1:], f"train {name}", SUMMARY, default=TrainOptions(config=preset))
    from sapave.train.loop import main

    main(options.config, options.out)


COMMAND = Command(name="train", summary=SUMMARY, run=run)
