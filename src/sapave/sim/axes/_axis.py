"""What an axis is: one way to change an episode, with a strength, seeded by the episode, and off unless asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mujoco
import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick
from sapave.base.types import Observation

if TYPE_CHECKING:
    from sapave.sim.layout import Layout
    from sapave.sim.tasks._task import Task
    from sapave.sim.world import World


class Change:
    """An axis at work in one episode; every hook does nothing unless an axis says otherwise."""

    def __init__(self, name: str, strength: float, seed: int) -> None:
        self.name, self.strength, self.seed = name, strength, seed

    def rng(self, *words: str | int) -> np.random.Generator:
        """Chance of this axis in this episode: a generator from the episode's seed, the axis and `words`."""
        return seeds.rng(self.seed, "axis", self.name, *words)

    def layout(self, layout: Layout, task: Task) -> Layout:
        """Which things stand where, and the instruction."""
        return layout

    def edit(self, spec: mujoco.MjSpec, layout: Layout) -> None:
        """The MuJoCo description before it is compiled."""

    def start(self, world: World) -> None:
        """The world right after it was built, before things settle."""

    def tick(self, world: World) -> None:
        """Before each control tick."""

    def sensed(self, world: World) -> mujoco.MjData | None:
        """The state that the sensors show, when it is not the present one."""
        return None

    def observe(self, world: World, seen: Observation) -> Observation:
        """What the robot gets of what was sensed."""
        return seen


@dataclass(frozen=True, kw_only=True)
class Axis:
    """One axis of the shelf."""

    name: str
    doc: str
    """One sentence for `sapave list axes`."""
    change: Callable[[str, float, int], Change]
    """(name, strength, episode seed) -> the axis at work; a subclass of Change."""
    alters: frozenset[str]
    """Everything this axis may change, of ALTERS; a test compares."""
    strength: float = 1.0
    """Strength when none is given."""
    unit: str = "1 = as measured in homes"
    """What the strength counts."""
    low: float = 0.0
    high: float = 3.0
    """Strengths that are allowed; `low` itself only when it is above 0."""
    whole: bool = False
    """Only whole strengths."""
    note: Callable[[Task], str] = lambda task: ""
    """What has to be said when a task is played under this axis; '' for nothing."""


ALTERS = {
    "lamps": "lights, and how bright everything is",
    "surfaces": "colours and textures of room and furniture",
    "camera": "where the head camera sits and how wide it sees",
    "things": "which things there are, their looks, and where they stand",
    "words": "the instruction",
    "posture": "where head and arms start",
    "sensing": "what the robot gets of what the sensors show",
    "events": "what happens in mid-episode",
}
"""The kinds of change."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """An axis with its strength."""

    axis: Axis
    strength: float

    @property
    def text(self) -> str:
        """As on the command line: `latency=3`."""
        return f"{self.axis.name}={self.strength:g}"

    def at_work(self, seed: int) -> Change:
        """The axis in the episode of `seed`."""
        return self.axis.change(self.axis.name, self.strength, seed)


def setting(text: str) -> Setting:
    """`light` or `light=2`; KeyError with the nearest name, ValueError for a strength that cannot be."""
    name, equals, number = text.partition("=")
    axis: Axis = pick("sapave.sim.axes", "AXIS", name)
    if not equals:
        return Setting(axis=axis, strength=axis.strength)
    try:
        strength = float(number)
    except ValueError:
        strength = float("nan")
    fits = axis.low <= strength <= axis.high and strength > 0 and (not axis.whole or strength == round(strength))
    if not fits:
        kind = "a whole number" if axis.whole else "a number"
        least = f"from {axis.low:g}" if axis.low else "above 0"
        raise ValueError(
            f"axis '{text}': found strength '{number}', expected {kind} {least} to {axis.high:g} ({axis.unit})"
        )
    return Setting(axis=axis, strength=strength)


def settings(texts: Sequence[str]) -> tuple[Setting, ...]:
    """The axes named by `texts`, in the order of their names, each at most once (ValueError)."""
    found = sorted((setting(text) for text in texts), key=lambda s: s.axis.name)
    for one, two in zip(found, found[1:], strict=False):
        if one.axis is two.axis:
            raise ValueError(f"axis '{one.axis.name}': found it twice ({one.text}, {two.text}), expected it once")
    return tuple(found)
