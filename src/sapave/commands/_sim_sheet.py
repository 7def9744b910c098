"""`sapave sim sheet`: a picture of every object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sapave.commands._command import read_config

SUMMARY = "a contact sheet of every object: as the head camera sees it, and larger"


@dataclass(frozen=True, kw_only=True)
class SheetConfig:
    """Options of `sapave sim sheet`."""

    out: Path = Path("runs/sim/objects.png")
    """The picture (png)."""
    family: str = ""
    """Only the objects of this family; empty: all."""
    columns: int = 10
    """Objects side by side."""


def run(arguments: list[str]) -> None:
    """Draw the sheet."""
    config = read_config(SheetConfig, arguments, "sim sheet", SUMMARY)
    if config.columns < 1:
        raise ValueError(f"--columns: found {config.columns}, expected 1 or more")
    from sapave.sim.gl import ensure_gl

    ensure_gl()
    from PIL import Image

    from sapave.base.runs import atomic
    from sapave.base.shelf import pick
    from sapave.sim.sheet import contact_sheet, every_object

    things = every_object()
    if config.family:
        family = pick("sapave.sim.objects", "FAMILY", config.family)
        things = [thing for thing in things if thing.family is family]
    image = contact_sheet(things, columns=min(config.columns, len(things)))
    with atomic(config.out) as partial:
        Image.fromarray(image).save(partial, format="png")
    print(config.out)
