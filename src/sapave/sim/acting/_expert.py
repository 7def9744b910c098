"""The expert that can do a world's task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from sapave.base.shelf import shelf
from sapave.base.types import ActionChunk, Observation

if TYPE_CHECKING:
    from sapave.sim.world import World


class Acting(Protocol):
    """What every expert offers."""

    label: ActionChunk
    """The clean chunk of the last `act`."""
    horizon: int
    """Ticks that `act` thinks ahead; the first ones are the same however many follow."""

    @property
    def ok(self) -> bool:
        """Is there a plan?"""
        ...

    def act(self, observation: Observation | None = None) -> ActionChunk:
        """The next chunk, disturbed if asked for."""
        ...


def expert_for(world: World, rng: np.random.Generator, *, noise: float = 0.0, wait_for_view: bool = True) -> Acting:
    """The expert that the world's task names (Task.expert)."""
    make = shelf("sapave.sim.acting", "EXPERT")[world.task.expert]
    return make(world, rng, noise=noise, wait_for_view=wait_for_view)
