"""Goal states and words of fetching: open, take the named thing out, put it on the counter, close.

The conditions are measured on the handle, as in all tasks with a unit: the thing itself is hidden inside at the start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.tasks._task import Stage, still
from sapave.sim.tasks._units import OPENED, TOUCHED, is_shut
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

LEVEL = 0.006
"""A contact this close to the height of the worktop is one with the worktop [m]."""

FETCH: dict[str, tuple[str, ...]] = {
    "train": (
        "get the {object} out of the {unit} and put it on the {surface}",
        "take the {object} out of the {unit}, put it on the {surface} and close the {unit}",
        "please take the {object} from the {unit} and put it on the {surface}",
        "open the {unit}, put the {object} on the {surface} and close it again",
        "fetch the {object} from the {unit}",
        "can you fetch the {object} out of the {unit}",
    ),
    "val": (
        "please get the {object} out of the {unit} and shut it again",
        "take the {object} from the {unit} and place it on the {surface}",
    ),
    "test": (
        "could you fetch me the {object} from the {unit}",
        "the {object} is in the {unit}, put it on the {surface}",
        "I need the {object} that is in the {unit}",
    ),
    "paraphrase": (
        "there is a {object} in the {unit}, bring it out here",
        "dig the {object} out of the {unit} for me",
        "inside the {unit} you find the {object}, I want it on the {surface}",
        "lift the {object} out of the {unit} onto the {surface}, then shut the {unit}",
        "somebody put the {object} in the {unit}, have it back on the {surface}",
        "hand me what is in the {unit}, the {object}",
        "look into the {unit} and bring the {object} to the {surface}",
        "I am missing the {object}, it lies in the {unit}",
        "out of the {unit} with the {object}, and close up after you",
        "the {object} belongs on the {surface} and not in the {unit}",
    ),
}
"""Wordings of fetching; the `{unit}` and the `{surface}` are filled in as well."""


def _unit(world: World) -> Unit:
    assert isinstance(world.target, Unit)
    return world.target


def inside(world: World) -> bool:
    """Is the middle of the thing in the drawer or in the cabinet, below the upper edge of its opening?"""
    assert world.content is not None
    unit = _unit(world)
    return unit.inside(world.position(world.content.name), world.joint(unit.name)[0])


def is_taken(world: World) -> bool:
    """In the hand, and out of the unit."""
    assert world.content is not None
    return world.held(world.content.name) and not inside(world)


def is_placed(world: World) -> bool:
    """At rest on the worktop, and no hand on it."""
    assert world.content is not None
    name = world.content.name
    return on_worktop(world, name) and still(world, name) and not world.held(name)


def on_worktop(world: World, name: str) -> bool:
    """Does the thing touch something that never moves, at the height of the worktop?"""
    contact, model = world.data.contact, world.model
    if len(contact.geom) == 0:
        return False
    mine = np.isin(contact.geom, list(world.geoms(name)))
    fixed = (model.body_weldid[model.geom_bodyid[contact.geom]] == 0) & ~mine
    level = np.abs(contact.pos[:, 2] - world.layout.scene.places["front_left"].z) < LEVEL
    return bool(np.any(mine.any(1) & fixed.any(1) & level))


def is_done(world: World) -> bool:
    """The unit fully closed, and the thing at rest on the worktop."""
    return is_shut(world) and is_placed(world)


STAGES = (TOUCHED, OPENED, Stage(name="taken", reached=is_taken), Stage(name="placed", reached=is_placed))
