"""PickAndPlace: the named object rests on the tray, released, for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.tasks._task import Task, still

if TYPE_CHECKING:
    from sapave.sim.world import World

TOLERANCE = 0.06
"""Horizontal distance of the object's centre from the tray's [m]."""


def _reached(world: World) -> bool:
    assert world.goal is not None
    offset = world.position(world.target.name) - world.goal.position
    low = offset[2] < world.target.half_height + 0.03
    inside = float(np.hypot(offset[0], offset[1])) < TOLERANCE
    return inside and low and still(world, world.target.name, 0.05) and not world.held(world.target.name)


TASK = Task(
    name="pick_and_place",
    templates={
        "train": (
            "put the {object} on the {goal}",
            "place the {object} on the {goal}",
            "move the {object} to the {goal}",
            "set the {object} down on the {goal}",
            "take the {object} and put it on the {goal}",
            "pick up the {object} and place it on the {goal}",
            "please put the {object} onto the {goal}",
            "bring the {object} to the {goal}",
        ),
        "val": ("could you place the {object} onto the {goal}", "move the {object} over to the {goal}"),
        "test": (
            "please move the {object} onto the {goal}",
            "can you set the {object} on the {goal}",
            "grab the {object} and bring it to the {goal}",
        ),
        "paraphrase": (
            "I would like to have the {object} on the {goal}",
            "the {object} belongs on the {goal}",
            "let the {object} stand on the {goal}",
            "go find the {object}, then leave it on the {goal}",
            "carry the {object} over and rest it on the {goal}",
            "the {goal} is where I want the {object}",
            "transfer the {object} to the {goal}",
            "would you mind laying the {object} upon the {goal}",
            "see that the {object} ends up on the {goal}",
            "deliver the {object} to the {goal} for me",
            "serve me the {object} on the {goal}",
            "drop the {object} off at the {goal}",
        ),
    },
    has_goal=True,
    seconds=16.0,
    reached=_reached,
)
