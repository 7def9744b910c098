"""Pick: the named object is more than 5 cm above its support, at rest in the hand, for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sapave.sim.tasks._task import Task, still

if TYPE_CHECKING:
    from sapave.sim.world import World

LIFT = 0.05
"""Height above the support at which an object counts as lifted [m] (paper)."""


def _reached(world: World) -> bool:
    return world.lift(world.target.name) > LIFT and still(world, world.target.name) and world.held(world.target.name)


TASK = Task(
    name="pick",
    templates={
        "train": (
            "pick up the {object}",
            "take the {object}",
            "grab the {object}",
            "lift the {object}",
            "please pick up the {object}",
            "can you take the {object}",
            "get the {object}",
            "raise the {object} from the counter",
        ),
        "val": ("please grab the {object} now", "could you lift the {object}"),
        "test": ("please take hold of the {object}", "can you get me the {object}", "pick the {object} up please"),
        "paraphrase": (
            "I could use the {object}",
            "hand me the {object}, would you",
            "the {object}, please",
            "go find the {object} and hold it up",
            "fetch the {object}",
            "let me see the {object}",
            "would you mind getting hold of the {object}",
            "your job is to raise the {object} off its place",
            "seize the {object} and keep it in your hand",
            "I need you to collect the {object} for me",
            "there is the {object} somewhere here; have it in your hand",
            "show me that you hold the {object}",
        ),
    },
    has_goal=False,
    seconds=10.0,
    reached=_reached,
)
