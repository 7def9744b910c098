"""Task templates of ActiveViewPose from a small grammar: five categories of instructions, wordings disjoint by split.

A template is a frame with a core in it. Cores belong to one split; frames (how a request begins and ends) are shared.
Slots in braces are filled by `data/instructions/asking.py`.
"""

from __future__ import annotations

from functools import cache
from itertools import product

Cores = dict[str, dict[str, tuple[str, ...]]]
"""Kind of core (`do`: an imperative, `say`: a sentence of its own) and split -> cores."""

CATEGORIES: tuple[str, ...] = ("centring", "spatial", "commonsense", "conditional", "container")
"""The paper's five."""

BEGIN = ("", "please", "now", "okay now", "robot", "can you", "could you please", "i want you to", "next", "quickly")
END = ("", "now", "please", "for me", "and keep it in sight", "so that i can see it", "before you do anything else")
FRAMES = {
    "do": tuple(product(BEGIN, END)),
    "say": tuple(product(("", "robot", "listen", "well", "hello robot"), ("", "please", "thank you"))),
}
"""What may stand before and after a core."""

CENTRING: Cores = {
    "do": {
        "train": (
            "look at {object}", "find {object}", "show me {object}", "turn your head to {object}", "watch {object}",
            "bring {object} into view", "centre {object}", "point your camera at {object}", "get {object} in view",
            "put {object} in the middle of the picture", "move your eyes to {object}", "aim your camera at {object}",
            "spot {object}", "have a look at {object}",
        ),
        "val": ("face {object}", "look for {object}"),
        "test": ("look over at {object}", "let your camera rest on {object}", "seek out {object}"),
    },
    "say": {
        "train": ("where is {object}", "i need to see {object}", "{object} should be in view", "is there {a_object}"),
        "val": ("can you see {object}",),
        "test": ("let me see {object}", "i would like to look at {object}"),
    },
}  # fmt: skip
SPATIAL: Cores = {
    "do": {
        "train": (
            "turn {direction} and look at {object}", "look {direction} to see {object}", "look {direction} at {object}",
            "move your head {direction} to {object}", "turn your camera {direction} until you see {object}",
            "look at {object} {direction} of here", "go {direction} with your eyes to {object}",
            "look {relation} {landmark} and find {object}", "look at the thing {relation} {landmark}",
            "find what stands {relation} {landmark}",
        ),
        "val": ("look {direction} until you see {object}", "see what there is {relation} {landmark}"),
        "test": (
            "turn your head {direction} to find {object}", "swing your camera {direction} over to {object}",
            "check what is {relation} {landmark}",
        ),
    },
    "say": {
        "train": ("{object} is {direction} look at it", "{object} stands {relation} {landmark}"),
        "val": ("{object} must be {direction} see for yourself",),
        "test": ("{object} should be {direction} of here find it",),
    },
}  # fmt: skip
COMMONSENSE: Cores = {
    "do": {
        "train": (
            "find something to {use}", "look for something to {use}", "look at something i can {use}",
            "show me something to {use}", "look where {object} is kept", "find a thing to {use}",
            "turn to something one can {use}", "find me the thing made of {material}",
        ),
        "val": ("look around for something to {use}",),
        "test": ("search for something to {use}", "pick out with your eyes a thing to {use}"),
    },
    "say": {
        "train": ("i need something to {use}", "where is something to {use}", "what can one {use}"),
        "val": ("is there something to {use}",),
        "test": ("can you see something to {use}", "what could i take to {use}"),
    },
}  # fmt: skip
CONDITIONAL: Cores = {
    "do": {
        "train": (
            "if there is {a_object} look at it otherwise look at {other}",
            "look at {object} or if it is not here at {other}",
            "look at {object} if you find it else at {other}", "look at the {comparison} one of {first} and {second}",
            "look at {first} unless {second} is {comparison}", "if you see no {absent} look at {object}",
            "first look at {first} then at {second}", "look at {first} and after that at {second}",
        ),
        "val": (
            "in case there is {a_object} turn to it if not turn to {other}",
            "begin with {first} and go on to {second}",
        ),
        "test": (
            "should there be {a_object} face it or else {other}",
            "from {first} and {second} choose the {comparison} one",
            "glance at {first} and then at {second}",
        ),
    },
    "say": {
        "train": ("which is {comparison} {first} or {second} look at it", "there is no {absent} so look at {object}"),
        "val": ("of {first} and {second} the {comparison} one is to be looked at",),
        "test": ("without {a_absent} here {object} will do",),
    },
}  # fmt: skip
CONTAINER: Cores = {
    "do": {
        "train": (
            "look at the handle of {unit}", "find {unit}", "look where you would open {unit}", "turn to {unit}",
            "look into {hollow}", "find something to put {content} into", "turn your head to the grip of {unit}",
            "look at {unit} to get {content} out of it", "look at what one pulls to open {unit}", "look on {goal}",
            "first look at {first_unit} then at {second}",
        ),
        "val": ("look for the grip of {unit}", "peer into {hollow}"),
        "test": ("see how {unit} could be opened", "check the inside of {hollow}", "turn your eyes to {unit}"),
    },
    "say": {
        "train": ("i want to open {unit}", "where does one pull {unit}", "{content} belongs into {unit}"),
        "val": ("{unit} is to be opened",),
        "test": ("{unit} needs a hand on its grip",),
    },
}  # fmt: skip
GRAMMAR: dict[str, Cores] = dict(zip(CATEGORIES, (CENTRING, SPATIAL, COMMONSENSE, CONDITIONAL, CONTAINER), strict=True))


@cache
def templates(category: str, split: str) -> tuple[tuple[str, str], ...]:
    """(core, template) for every template of a category and split; KeyError for unknown ones."""
    found = []
    for kind, by_split in GRAMMAR[category].items():
        for core in by_split[split]:
            for begin, end in FRAMES[kind]:
                found.append((core, " ".join(part for part in (begin, core, end) if part)))
    return tuple(dict.fromkeys(found))


def slots(text: str) -> frozenset[str]:
    """Names of the slots of a core or template."""
    return frozenset(part.split("}")[0] for part in text.split("{")[1:])


def count(split: str) -> int:
    """Distinct templates of a split."""
    return len({template for category in CATEGORIES for _, template in templates(category, split)})
