"""What a task is: words, whether it has a goal place, a time limit and a success test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sapave.sim.world import World

HOLD_SECONDS = 2.0
"""How long the goal state must hold (paper)."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of the benchmark."""

    name: str
    templates: Mapping[str, tuple[str, ...]]
    """Wordings per split (train | val | test), disjoint; `{object}` and `{goal}` are filled in."""
    has_goal: bool
    seconds: float
    """Time limit [s]."""
    reached: Callable[[World], bool]
    """Is the goal state true right now?"""


def still(world: World, name: str, limit: float = 0.08) -> bool:
    """Is the thing at rest (linear speed below `limit` m/s)?"""
    return bool(np.linalg.norm(world.velocity(name)) < limit)
