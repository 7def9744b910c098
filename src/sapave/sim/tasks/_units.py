"""Goal states of drawers and cabinets (paper): opened, fully closed; and the stages on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sapave.sim.tasks._task import Stage
from sapave.sim.units import Unit

if TYPE_CHECKING:
    from sapave.sim.world import World

MOVED = 0.03
"""A handle that has gone this far was got hold of [m]."""


def _target(world: World) -> Unit:
    unit = world.target
    assert isinstance(unit, Unit)
    return unit


def is_open(world: World) -> bool:
    """A drawer beyond 90 % of its travel, a door beyond 80 degrees."""
    unit = _target(world)
    return world.joint(unit.name)[0] > unit.articulation.open_at


def is_shut(world: World) -> bool:
    """Fully closed: to 8 mm, to 5 degrees."""
    unit = _target(world)
    return world.joint(unit.name)[0] < unit.articulation.shut_at


TOUCHED = Stage(name="touched", reached=lambda world: world.held(world.target.name))
STIRRED = Stage(name="moved", reached=lambda world: world.lift(world.target.name) > MOVED)
OPENED = Stage(name="opened", reached=is_open)
