"""CloseDrawer: the named drawer, which stands open, is fully closed, to 8 mm, for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._task import Task
from sapave.sim.tasks._units import CLOSE, STIRRED, TOUCHED, is_shut

TASK = Task(
    name="close_drawer",
    templates=CLOSE,
    has_goal=False,
    seconds=14.0,
    reached=is_shut,
    needs="drawer",
    start=(0.6, 0.97),
    stages=(
        TOUCHED,
        STIRRED,
    ),
    expert="handles",
)
