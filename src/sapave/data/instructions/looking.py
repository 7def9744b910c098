"""Wordings that ask to look: centring, spatial directive, commonsense search; disjoint by split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sapave.base.shelf import shelf

CENTRING = {
    "train": (
        "look at the {object}",
        "find the {object}",
        "show me the {object}",
        "turn your head to the {object}",
        "where is the {object}",
        "bring the {object} into view",
        "centre the {object}",
        "i need to see the {object}",
    ),
    "val": ("face the {object}", "look for the {object}"),
    "test": ("please look over at the {object}", "find me the {object}", "let me see the {object}"),
}
SPATIAL = {
    "train": (
        "turn {direction} and look at the {object}",
        "look {direction} to see the {object}",
        "the {object} is {direction} look at it",
        "move your head {direction} to the {object}",
    ),
    "val": ("look {direction} until you see the {object}",),
    "test": ("turn your head {direction} to find the {object}", "the {object} should be {direction} of here find it"),
}
COMMONSENSE = {
    "train": (
        "find something to {use}",
        "look for something to {use}",
        "i need something to {use}",
        "where is something to {use}",
    ),
    "val": ("show me something to {use}",),
    "test": ("can you see something to {use}", "please find something to {use}"),
}


def direction_words(motion: np.ndarray | Sequence[float]) -> str:
    """`left`, `right`, `up`, `down`, or two of them, for a head motion (yaw, pitch) rad; '' when it is under 8 deg."""
    yaw, pitch = motion
    words = []
    if abs(pitch) > 0.14:
        words.append("up" if pitch > 0 else "down")
    if abs(yaw) > 0.14:
        words.append("left" if yaw > 0 else "right")
    return " and ".join(words)


def noun_of(thing: dict[str, Any], split: str, g: np.random.Generator) -> str:
    """Colour and noun of a thing; the last noun of each family occurs in the test split only."""
    if thing["family"] == "tray" or thing.get("kind") == "unit":
        return thing.get("words") or "tray"
    nouns = shelf("sapave.sim.objects", "FAMILY")[thing["family"]].nouns
    nouns = nouns if split == "test" else nouns[:-1]
    return f"{thing['colour']} {nouns[int(g.integers(len(nouns)))]}"


def looking(
    thing: dict[str, Any],
    others: Sequence[dict[str, Any]],
    motion: np.ndarray | Sequence[float],
    split: str,
    g: np.random.Generator,
) -> tuple[str, str]:
    """An instruction to look at `thing` and its kind (centring | spatial | commonsense)."""
    direction = direction_words(motion)
    kind = float(g.uniform())
    if kind < 0.25 and direction:
        return _fill(SPATIAL[split], g, object=noun_of(thing, split, g), direction=direction), "spatial"
    plain = thing.get("kind", "thing") == "thing" and thing["family"] != "tray"
    if kind < 0.4 and plain and all(o["family"] != thing["family"] for o in others):
        use = shelf("sapave.sim.objects", "FAMILY")[thing["family"]].use
        return _fill(COMMONSENSE[split], g, use=use), "commonsense"
    return _fill(CENTRING[split], g, object=noun_of(thing, split, g)), "centring"


def _fill(templates: Sequence[str], g: np.random.Generator, **words: str) -> str:
    return templates[int(g.integers(len(templates)))].format(**words)
