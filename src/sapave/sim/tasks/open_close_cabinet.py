"""OpenCloseCabinet: the named cabinet is opened, beyond 80 degrees, and then fully closed, to 5 degrees, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import OPEN_AND_CLOSE, OPENED, TOUCHED, is_shut

TASK = Task(
    name="open_close_cabinet",
    templates=OPEN_AND_CLOSE,
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
