"""CloseCabinet: the named cabinet, which stands open, is fully closed, to 5 degrees, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import STIRRED, TOUCHED, is_shut

TASK = Task(
    name="close_cabinet",
    templates={
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
    },
    has_goal=False,
    seconds=14.0,
    reached=is_shut,
    needs="cabinet",
    start=(0.12, 0.6),
    stages=(
        TOUCHED,
        STIRRED,
    ),
    expert="handles",
)
