"""A kitchen for the words of a user: finds what they name, and an episode in which that thing is the target."""

from __future__ import annotations

import re
from dataclasses import replace

from sapave.base.seeds import SPLIT_RANGES
from sapave.base.shelf import shelf
from sapave.base.types import EpisodeSpec
from sapave.bench.lists import KITCHENS
from sapave.bench.protocol import CONDITIONS
from sapave.sim import conditions
from sapave.sim.layout import families, sample_layout
from sapave.sim.objects._family import COLOURS, Family
from sapave.sim.world import World

TRIES = 6000
"""Candidate layouts drawn before giving up; one in about a hundred fits family and colour."""
_BEFORE = "|".join(("the", "a", "an", "my", "that", "this", "some", *COLOURS))


def at_home() -> dict[str, Family]:
    """Families that the kitchens keep."""
    scenes = [s for s in shelf("sapave.sim.scenes", "SCENE").values() if s.suite == KITCHENS]
    kept = {family for scene in scenes for family in scene.homes}
    return {name: family for name, family in families().items() if name in kept}


def named(text: str) -> tuple[str, str]:
    """Family and colour ('' when none is said) that a text names; ValueError with what exists when it names nothing.

    A noun after an article or a colour goes before a bare one: in "can you take the mug" the can is not meant.
    """
    lower = text.lower()
    best: tuple[int, int, int] = (0, 0, 0)
    family = ""
    known = at_home()
    for name, entry in known.items():
        for noun in {*entry.nouns, name.replace("_", " ")}:
            for match in re.finditer(rf"(\b(?:{_BEFORE})\s+)?\b{re.escape(noun)}s?\b", lower):
                rank = (match.group(1) is not None, len(noun), -match.start())
                if not family or rank > best:
                    best, family = rank, name
    if not family:
        raise ValueError(f"'{text}': names nothing known here; objects are: {', '.join(known)}")
    said = [colour for colour in COLOURS if re.search(rf"\b{colour}\b", lower)]
    possible = [colour for colour in said if colour in known[family].colours]
    if said and not possible:
        raise ValueError(
            f"'{text}': there is no {said[0]} {family.replace('_', ' ')}; it comes in: "
            f"{', '.join(known[family].colours)}"
        )
    return family, possible[0] if possible else ""


def task_of(text: str) -> str:
    """`pick_and_place` when the words speak of the tray or of putting, else `pick`."""
    return "pick_and_place" if re.search(r"\b(tray|put|place|set|move|bring)\b", text.lower()) else "pick"


def kitchen(text: str, seed: int, condition: str) -> World:
    """The first kitchen of test seed `seed` whose target is what the text names and measures as `condition`."""
    low, high = SPLIT_RANGES["test"]
    if not 0 <= seed < high - low:
        raise ValueError(f"--seed: found {seed}, expected 0 to {high - low - 1}")
    if condition not in CONDITIONS:
        raise ValueError(f"--condition: found '{condition}', expected one of {', '.join(CONDITIONS)}")
    family, colour = named(text)
    spec = EpisodeSpec(task=task_of(text), condition=condition, seed=low + seed)
    for attempt in range(TRIES):
        thing = sample_layout(spec, attempt).standings[0].thing
        if thing.family.name != family or (colour and thing.colour != colour):
            continue
        world = World(replace(spec, attempt=attempt))
        if conditions.measures_as(world, condition):
            world.instruction = text
            return world
        world.close()
    raise ValueError(
        f"'{text}': none of {TRIES} kitchens of seed {seed} has a {colour} {family} {condition.replace('_', ' ')}; "
        "try another --seed or --condition"
    )
