"""What the head did for the task: looks and needless looks, centring, lead over the arms, what the camera gained.

Exact definitions:

- A *look* is a run of ticks in which the head's targets move faster than 0.5 rad/s (29 degrees per second; slower is
  following, not looking), pauses of up to 0.12 s included, that ends at least 9 degrees (0.15 rad) from where it began.
  A motion that turns back is a new look.
- A look that begins before the target was first touched is *needless* when it begins with the target well in view
  (at least 60 % visible) and ends with it less visible and farther off the axis; or when it ends within 12 degrees
  (0.2 rad) of a direction where the head already stood without seeing the target, and again sees nothing of it.
- *Centring* is the mean angle between the optical axis and the target from the first motion of an arm to the first
  touch: the time in which the arm needs to know where the target is.
- The *lead* is the time from the first moment with the target well in view to the first motion of an arm; negative
  when the arm moved first.
- The *gain* is the visible fraction of the target minus what the head would see of it at the same moment in its
  default pose, averaged over the samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sapave.base.types import CONTROL_DT
from sapave.sim import conditions
from sapave.sim.gaze import seen_from

if TYPE_CHECKING:
    from sapave.sim.world import World

GLIMPSE = 0.10
"""A target counts as sighted from this visible fraction on."""
MOVES = 0.02
"""The head looks elsewhere when its targets change by more than this in one tick: 0.5 rad/s [rad]."""
PAUSE = 3
"""Ticks of standing still that do not end a look."""
LOOK = 0.15
"""Least way between the beginning and the end of a look [rad]."""
SAME = 0.20
"""Two directions closer than this are the same [rad]."""
ARM_MOVES = 0.10
"""An arm has begun to act when one of its joint targets is this far from where it began [rad]."""
LESS = 0.10
"""A loss of visible fraction that counts."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One measurement of what the head sees of the target."""

    time: float
    fraction: float
    """Visible fraction of the target."""
    angle: float
    """Angle between the optical axis and the target's centre [rad]."""
    gain: float
    """Visible fraction minus that from the default head pose."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One separate motion of the head."""

    start: float
    end: float
    """[s]"""
    from_head: np.ndarray
    to_head: np.ndarray
    """Head targets [2] rad at its two ends."""


class Attention:
    """Records of one episode; `tick` after every control tick, `sample` whenever the view is measured."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._heads = [world.controller.targets_head]
        self._arms = world.controller.targets_other[:14]
        self.samples: list[Sample] = []
        self.first_touch: float | None = None
        self.first_act: float | None = None
        """[s]: first touch of the target, first motion of an arm."""

    def tick(self) -> None:
        """Take note of where both streams' targets are now."""
        controller = self._world.controller
        self._heads.append(controller.targets_head)
        if self.first_act is None and np.abs(controller.targets_other[:14] - self._arms).max() > ARM_MOVES:
            self.first_act = self._world.time
        if self.first_touch is None and self._world.held(self._world.target.name):
            self.first_touch = self._world.time

    def sample(self, fraction: float) -> None:
        """Take note of the visible `fraction` of the target now; one more small render or two for the gain."""
        world = self._world
        name = world.target.name
        gain = 0.0
        if np.abs(world.controller.head - world.robot.rest_head).max() > 0.02:
            with seen_from(world, world.robot.rest_head):
                gain = fraction - conditions.visible_fraction(world, name)
        angle = conditions.off_axis(world, name)
        self.samples.append(Sample(time=world.time, fraction=fraction, angle=angle, gain=gain))

    @property
    def travel(self) -> float:
        """Sum of absolute motion of the head's targets [rad]."""
        return float(np.abs(np.diff(self._heads, axis=0)).sum())

    @property
    def looks(self) -> list[Look]:
        """Every separate motion of the head, in order."""
        return find_looks(np.array(self._heads))

    def centring(self) -> float | None:
        """Mean angle off axis while the arm goes for the target [rad]; None when no arm moved."""
        if self.first_act is None:
            return None
        end = np.inf if self.first_touch is None else self.first_touch
        angles = [s.angle for s in self.samples if self.first_act - 1e-9 <= s.time <= end + 1e-9]
        return float(np.mean(angles)) if angles else None

    def lead(self) -> float | None:
        """From the target first well in view to the first motion of an arm [s]; None without either."""
        well = next((s.time for s in self.samples if s.fraction >= conditions.SEEN), None)
        return None if well is None or self.first_act is None else self.first_act - well

    def gain(self) -> float | None:
        """Mean gain of visible fraction over the default head pose; None without samples."""
        return float(np.mean([s.gain for s in self.samples])) if self.samples else None

    def first_sight(self) -> float | None:
        """First sample that shows at least a glimpse of the target [s]."""
        return next((s.time for s in self.samples if s.fraction >= GLIMPSE), None)

    def needless(self) -> int | None:
        """Number of needless looks; None without samples."""
        return needless(self.looks, self.samples, self.first_touch) if self.samples else None


def find_looks(heads: np.ndarray) -> list[Look]:
    """The looks in head targets [ticks + 1, 2] rad, one row per control tick."""
    steps = np.diff(heads, axis=0)
    moving = np.flatnonzero(np.abs(steps).max(axis=1) > MOVES)
    if not len(moving):
        return []
    turned = (steps[moving[1:]] * steps[moving[:-1]]).sum(axis=1) < 0
    runs = np.split(moving, np.flatnonzero((np.diff(moving) > PAUSE + 1) | turned) + 1)
    looks = []
    for run in runs:
        before, after = heads[run[0]], heads[run[-1] + 1]
        if np.linalg.norm(after - before) >= LOOK:
            start, end = run[0] * CONTROL_DT, (run[-1] + 1) * CONTROL_DT
            looks.append(Look(start=float(start), end=float(end), from_head=before, to_head=after))
    return looks


def needless(looks: list[Look], samples: list[Sample], first_touch: float | None) -> int:
    """How many of the looks before the first touch [s] are needless (definition above)."""
    times = np.array([s.time for s in samples])

    def before(t: float) -> Sample:
        return samples[max(0, int(np.searchsorted(times, t + 1e-9, side="right")) - 1)]

    def after(t: float) -> Sample:
        return samples[min(len(samples) - 1, int(np.searchsorted(times, t - 1e-9)))]

    count = 0
    empty = [looks[0].from_head] if looks and before(looks[0].start).fraction < GLIMPSE else []
    for look in looks:
        if first_touch is not None and look.start >= first_touch:
            break
        old, new = before(look.start), after(look.end)
        turned_away = old.fraction >= conditions.SEEN and new.fraction < old.fraction - LESS and new.angle > old.angle
        nothing = new.fraction < GLIMPSE
        again = nothing and any(np.linalg.norm(look.to_head - head) < SAME for head in empty)
        count += turned_away or again
        if nothing:
            empty.append(look.to_head)
    return count
