"""`sapave train`: train one stage, a preset of the one loop; or a recipe, which is all stages one after another."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sapave.commands._command import Command, read_config

SUMMARY = "train one stage of the model from a preset: sapave train PRESET [OPTIONS]"
RECIPE_SUMMARY = "train all stages of a recipe (an ablation, a rival): sapave train recipe NAME [OPTIONS]"


def run(arguments: list[str]) -> None:
    """The first word names the preset; options change single values of it."""
    from sapave.base.shelf import choose
    from sapave.train.presets import PRESETS, TrainConfig

    names = ", ".join(PRESETS)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: sapave train PRESET --out FOLDER [OPTIONS]\n\n{SUMMARY}\n\npresets: {names}\n")
        print("`sapave train PRESET --help` lists the options with the preset's values.")
        print("\n`sapave train recipe NAME` runs all stages of a recipe; `sapave list recipes` names them.")
        return
    name = arguments[0]
    if name == "recipe":
        run_recipe(arguments[1:])
        return
    if name.startswith("-"):
        raise ValueError(f"train: the preset comes first, found '{name}' (there are: {names})")
    preset = choose({**PRESETS, "recipe": None}, name, "preset")

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


def run_recipe(arguments: list[str]) -> None:
    """The first word names the recipe."""
    from sapave.base.shelf import choose, shelf
    from sapave.train.follow import FollowConfig, follow

    recipes = shelf("sapave.train.recipes", "RECIPE")
    names = ", ".join(recipes)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: sapave train recipe NAME --views ... --episodes ... [OPTIONS]\n\n{RECIPE_SUMMARY}\n")
        print(f"recipes: {names}")
        return
    name = arguments[0]
    if name.startswith("-"):
        raise ValueError(f"train recipe: the recipe's name comes first, found '{name}' (there are: {names})")
    recipe = choose(recipes, name, "recipe")
    default = FollowConfig(out=Path("runs") / name)
    options = read_config(FollowConfig, arguments[1:], f"train recipe {name}", recipe.doc, default=default)
    print(f"{name}: {follow(recipe, options)}")


COMMAND = Command(name="train", summary=SUMMARY, run=run)
