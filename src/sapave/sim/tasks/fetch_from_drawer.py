"""FetchFromDrawer: the named drawer is opened, the named thing taken out and put on the counter, and the drawer fully
closed, in this order; drawer shut and thing at rest for 2 s."""

from __future__ import annotations

from sapave.sim.tasks._fetch import FETCH, STAGES, is_done
from sapave.sim.tasks._task import Task

TASK = Task(
    name="fetch_from_drawer",
    templates=FETCH,
    has_goal=False,
    seconds=50.0,
    reached=is_done,
    needs="drawer",
    start=(0.0, 0.0),
    stages=STAGES,
    fetches=True,
    expert="fetch",
)
