"""OpenDrawer: the named drawer is open, beyond 90 % of its travel, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import OPEN_PARAPHRASES, STIRRED, TOUCHED, is_open

TASK = Task(
    name="open_drawer",
    templates={
        "train": (
            "open the {object}",
            "please open the {object}",
            "slide the {object} open",
            "can you open the {object}",
            "open up the {object}",
            "get the {object} open",
        ),
        "val": (
            "pull the {object} out",
            "please open up the {object}",
        ),
        "test": (
            "could you open the {object} for me",
            "the {object} has to be open",
            "make the {object} stand open",
        ),
        "paraphrase": OPEN_PARAPHRASES,
    },
    has_goal=False,
    seconds=14.0,
    reached=is_open,
    needs="drawer",
    start=(0.0, 0.0),
    stages=(
        TOUCHED,
        STIRRED,
    ),
    expert="handles",
)
