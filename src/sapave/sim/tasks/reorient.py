"""Reorient: the named thing, which lies on its side, stands upright, released and at rest, for 2 s."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sapave.sim.layout_lying import sample_lying
from sapave.sim.tasks._task import Stage, Task, still

if TYPE_CHECKING:
    from sapave.sim.world import World

TOLERANCE = np.deg2rad(10.0)
"""Largest angle between the thing's own axis and the vertical [rad]; its turn about the vertical is free."""
LIFTED = 0.03
"""Height above where it lay at which it counts as lifted [m]."""


def tilt(world: World, name: str) -> float:
    """Angle between a thing's own upward axis and the vertical [rad]: pi when it stands on its head."""
    return float(np.arccos(np.clip(world.body_pose(name)[2, 2], -1.0, 1.0)))


def _reached(world: World) -> bool:
    name = world.target.name
    upright = tilt(world, name) < TOLERANCE
    return upright and still(world, name, 0.05) and world.supported(name) and not world.held(name)


TASK = Task(
    name="reorient",
    templates={
        "train": (
            "stand the {object} upright",
            "put the {object} upright",
            "set the {object} upright again",
            "please stand the {object} up",
            "the {object} has fallen over, stand it up",
            "turn the {object} so that it stands",
            "can you stand the {object} up",
            "bring the {object} into an upright position",
        ),
        "val": ("please set the {object} upright", "the {object} lies on its side, put it upright"),
        "test": (
            "could you put the {object} back on its foot",
            "make the {object} stand again",
            "the {object} tipped over, set it up straight",
        ),
        "paraphrase": (
            "the {object} should not be lying there like that",
            "I would like to see the {object} standing",
            "would you mind righting the {object}",
            "somebody knocked the {object} over, please repair that",
            "get the {object} off its side",
            "the {object} belongs on its base",
            "let the {object} stand straight once more",
            "raise the {object} to its feet",
            "things like the {object} are not meant to lie down",
            "correct the position of the {object}, it fell over",
        ),
    },
    has_goal=False,
    seconds=18.0,
    reached=_reached,
    suite="activemanip",
    arrange=sample_lying,
    stages=(
        Stage(name="grasped", reached=lambda world: world.held(world.target.name)),
        Stage(name="lifted", reached=lambda world: world.lift(world.target.name) > LIFTED),
    ),
    expert="uprights",
)
