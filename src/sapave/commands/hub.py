"""`sapave hub`: write the card of a checkpoint, or push the checkpoint to the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sapave.base.shelf import choose
from sapave.commands._command import Command, read_config

SUMMARY = "a checkpoint's home on the hub: sapave hub card | push [CHECKPOINT]"


def run(arguments: list[str]) -> None:
    """Hand over to the action named first."""
    actions = {"card": write_card, "push": push}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: sapave hub {{{','.join(actions)}}} [OPTIONS]\n\n{SUMMARY}\n`sapave hub push --help` for options")
        return
    choose(actions, arguments[0], "action of hub")(arguments[1:])


def write_card(arguments: list[str]) -> None:
    """Print the card, or write it."""
    import tyro

    # tyro reads these annotations as they stand here: this module must not postpone their evaluation
    @dataclass(frozen=True, kw_only=True)
    class CardConfig:
        checkpoint: Annotated[Path | None, tyro.conf.Positional] = None
        """Checkpoint folder; the shipped `active` one by default."""
        results: Path | None = None
        """results.json of an evaluation of these weights; the folder's own by default."""
        license: str = "apache-2.0"
        """Licence of the weights, as the hub spells it."""
        name: str = ""
        """Title, and the owner/name under which it will be found."""
        out: Path | None = None
        """File to write (the hub reads README.md); printed by default."""

    config = read_config(CardConfig, arguments, "hub card", "Make the card of a checkpoint from its config and results")
    from sapave.base.runs import atomic
    from sapave.model.hub_card import card
    from sapave.policies.sapave import shipped

    folder = config.checkpoint or shipped()
    text = card(folder, results=config.results, license=config.license, name=config.name)
    if config.out is None:
        print(text, end="")
        return
    with atomic(config.out) as partial:
        partial.write_text(text)
    print(config.out)


def push(arguments: list[str]) -> None:
    """Push a checkpoint that loads, with its card."""
    import tyro

    @dataclass(frozen=True, kw_only=True)
    class PushConfig:
        checkpoint: Annotated[Path | None, tyro.conf.Positional] = None
        """Checkpoint folder; the shipped `active` one by default."""
        repo: str
        """owner/name of the model repository; made where absent."""
        private: bool = False
        """Make a new repository private."""
        results: Path | None = None
        """results.json of an evaluation of these weights; the folder's own by default."""
        message: str = "Checkpoint of sapave"
        """Message of the commit."""

    config = read_config(PushConfig, arguments, "hub push", "Push a checkpoint and its card; log in by `hf auth login`")
    from sapave.model.hub import push_to_hub
    from sapave.policies.sapave import shipped

    folder = config.checkpoint or shipped()
    print(push_to_hub(folder, config.repo, private=config.private, message=config.message, results=config.results))


COMMAND = Command(name="hub", summary=SUMMARY, run=run)
