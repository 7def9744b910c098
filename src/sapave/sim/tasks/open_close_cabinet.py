"""OpenCloseCabinet: the named cabinet is opened, beyond 80 degrees, and then fully closed, to 5 degrees, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import OPENED, TOUCHED, is_shut

TASK = Task(
    name="open_close_cabinet",
    templates={
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
    },
    has_goal=False,
    seconds=20.0,
    reached=is_shut,
    needs="cabinet",
    start=(0.0, 0.0),
    stages=(
        TOUCHED,
        OPENED,
    ),
    expert="handles",
)
