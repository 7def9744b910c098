"""What a task is: words, whether it has a goal place, a time limit and a success test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sapave.base.types import EpisodeSpec
    from sapave.sim.layout import Layout
    from sapave.sim.scenes._scene import Scene
    from sapave.sim.world import World

HOLD_SECONDS = 2.0
"""How long the goal state must hold (paper)."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One step on the way to the goal; reached for good once it was true at any time."""

    name: str
    reached: Callable[[World], bool]


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
    needs: str = "thing"
    """What a scene must offer as target: `thing`, `drawer` or `cabinet`."""
    start: tuple[float, float] = (0.0, 0.0)
    """How far a unit stands open at the start, as a share of its travel (low, high)."""
    stages: tuple[Stage, ...] = ()
    """What comes before the goal state, in this order; the goal counts only after the last of them."""
    suite: str = ""
    """The one suite that plays it; empty: every suite with a scene that offers what it needs."""
    arrange: Callable[[EpisodeSpec, Task, Scene, np.random.Generator], Layout] | None = None
    """Draws a candidate layout; None: as for picking, or, when a unit is needed, as for units."""
    pours: bool = False
    """Is there liquid in the target? (No views are drawn from such a world.)"""
    fetches: bool = False
    """Is there a thing inside the unit that is to be taken out?"""
    measures: Callable[[World], Mapping[str, float]] | None = None
    """What is written down beside success (`Outcome.extra`)."""
    expert: str = "things"
    """Who can do it: a module of sim/acting/."""
    shown: tuple[str, ...] = ("unoccluded", "occluded", "out_of_view")
    """Conditions in which the expert has been shown to do it; only these are collected."""


def still(world: World, name: str, limit: float = 0.08) -> bool:
    """Is the thing at rest (linear speed below `limit` m/s)?"""
    return bool(np.linalg.norm(world.velocity(name)) < limit)
