"""CloseCabinet: the named cabinet, which stands open, is fully closed, to 5 degrees, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import CLOSE, STIRRED, TOUCHED, is_shut

TASK = Task(
    name="close_cabinet",
    templates=CLOSE,
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
