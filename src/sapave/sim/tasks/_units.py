"""Goal states of drawers and cabinets (paper): opened, fully closed; and the stages on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sapave.sim.tasks._task import Stage
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

MOVED = 0.03
"""A handle that has gone this far was got hold of [m]."""

CLOSE: dict[str, tuple[str, ...]] = {
    "train": (
        "close the {object}",
        "please close the {object}",
        "shut the {object}",
        "can you close the {object}",
        "push the {object} shut",
        "please shut the {object}",
    ),
    "val": (
        "push the {object} closed",
        "can you shut the {object}",
    ),
    "test": (
        "could you close the {object} for me",
        "the {object} has to be closed",
        "make sure the {object} is shut",
    ),
    "paraphrase": (
        "nobody should see into the {object}",
        "i am done with the {object} now",
        "bring the {object} back to where it was before it stood open",
        "see to it that nothing falls out of the {object}",
        "the {object} stands open and that bothers me",
        "put an end to the gap at the {object}",
        "hide what lies in the {object}",
        "the {object} does not need to stay as it is, tidy it up",
        "take care that the {object} is in nobody's way",
        "leave no crack at the {object}",
        "return the {object} to its resting place",
    ),
}
"""Wordings of closing, whatever it is that closes."""
OPEN_AND_CLOSE: dict[str, tuple[str, ...]] = {
    "train": (
        "open the {object} and close it again",
        "open and then close the {object}",
        "open the {object}, then shut it",
        "please open the {object} and close it",
        "first open the {object}, then close it",
    ),
    "val": (
        "open the {object} and shut it again",
        "please open and then close the {object}",
    ),
    "test": (
        "could you open the {object} and close it afterwards",
        "open the {object} once and shut it",
        "the {object} should be opened and then closed",
    ),
    "paraphrase": (
        "let some air into the {object} but do not leave it ajar",
        "try whether the {object} runs smoothly there and back",
        "show me the inside of the {object} and then hide it again",
        "move the {object} through its whole travel and return it",
        "have a peek into the {object} and leave it as it was",
        "test the {object} once, out and in",
        "give the {object} a go and put it back in order",
        "reveal what the {object} holds, then cover it up",
        "i only want a short look into the {object}, no more",
        "work the {object} one full time",
    ),
}
OPEN_PARAPHRASES = (
    "i want to get at what is inside the {object}",
    "let me see what the {object} holds",
    "make room for a hand to reach into the {object}",
    "the contents of the {object} are needed",
    "give me access to the {object}",
    "reveal the inside of the {object}",
    "something i need is kept in the {object}",
    "unblock the way into the {object}",
    "help me reach what the {object} contains",
    "the {object} should not stay shut",
    "i cannot see into the {object} like this",
)
"""Other words for opening."""
"""Wordings of opening and then closing."""


def _target(world: World) -> Unit:
    unit = world.target
    assert isinstance(unit, Unit)
    return unit


def is_open(world: World) -> bool:
    """A drawer beyond 90 % of its travel, a door beyond 80 degrees."""
    unit = _target(world)
    return world.joint(unit.name)[0] > unit.articulation.open_at


def is_shut(world: World) -> bool:
    """Fully closed: to 8 mm, to 5 degrees."""
    unit = _target(world)
    return world.joint(unit.name)[0] < unit.articulation.shut_at


TOUCHED = Stage(name="touched", reached=lambda world: world.held(world.target.name))
STIRRED = Stage(name="moved", reached=lambda world: world.lift(world.target.name) > MOVED)
OPENED = Stage(name="opened", reached=is_open)
