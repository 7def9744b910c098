"""One recorded episode: who acts (noisy expert, or a learner the expert corrects), and what is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sapave.base.seeds import rng, split_of
from sapave.base.types import CONTROL_DT, N_HEAD, N_OTHER, ActionChunk, EpisodeSpec, Observation, Policy, cameras_of
from sapave.data.features import CHUNK, HEAD_CAMERA, HEAD_DEPTH, IMAGES, SEGMENTATION
from sapave.data.video import to_millimetres

if TYPE_CHECKING:
    from sapave.sim.acting._expert import Acting
    from sapave.sim.world import World

LIFTED = 0.005
"""A touched target this far above its support is being carried [m]."""
HOPELESS_TICKS = 25
"""After this long without a plan the expert has nothing to teach."""
GENTLE = 0.2
"""Share of the noise that is left while the hand carries the target: more of it shakes the object loose."""
KICK_TICKS = (4, 10)
KICK_SIZE = (0.02, 0.025)
"""A kick pushes one arm's targets for 4-9 ticks in one direction, this far per tick (largest joint) [rad]."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one episode is driven and recorded."""

    spec: EpisodeSpec
    every: int = 5
    """Ticks between two recorded frames."""
    noise: float = 0.0
    """Spread of the noise on every executed increment [rad]."""
    kicks: float = 0.0
    """Kicks per second."""
    expert_share: float = 1.0
    """Chance that the expert and not the learner drives one segment."""
    execute: int = 8
    """Ticks of a chunk that a learner plays before it looks again."""
    width: int = 176
    height: int = 128
    cameras: tuple[str, ...] = ()
    """Cameras whose pictures are written down besides the head's."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What one episode left: `frames` is None when it is to be dropped, and `reason` says why."""

    frames: dict[str, np.ndarray] | None
    instruction: str
    extra: dict[str, Any]
    reason: str = ""


class Recorder:
    """Collects one row per recorded tick."""

    def __init__(self, world: World, cameras: tuple[str, ...] = ()) -> None:
        self._world, self._cameras = world, cameras
        self._rows: list[dict[str, Any]] = []
        self._end: dict[str, np.ndarray] | None = None

    def add(self, seen: Observation, label: ActionChunk) -> None:
        """Write down the moment before an action: what is sensed, and what the expert would do from here."""
        world = self._world
        segment = world.segment()
        known = seen.geometry["head"]
        assert known.depth is not None and known.intrinsics is not None and known.base_from_camera is not None
        head = np.zeros_like(label.head) if world.spec.camera == "fixed" else label.head
        self._rows.append(
            {
                "observation.state": np.concatenate([seen.head, seen.other]),
                "observation.head": seen.head,
                "observation.head_target": seen.head_target,
                "observation.other": seen.other,
                "observation.other_target": seen.other_target,
                "observation.intrinsics": known.intrinsics.ravel(),
                "observation.base_from_camera": known.base_from_camera.ravel(),
                "observation.visible": world.visible_fraction(segment=segment),
                "label.head": head[:CHUNK].ravel(),
                "label.other": label.other[:CHUNK].ravel(),
                "label.seg_target": world.instances[world.target.name],
                "label.seg_goal": world.instances[world.goal.name] if world.goal is not None else 0,
                HEAD_CAMERA: seen.rgb["head"],
                HEAD_DEPTH: to_millimetres(known.depth),
                SEGMENTATION: segment,
                **{f"{IMAGES}{name}": seen.rgb[name] for name in self._cameras},
            }
        )

    def __len__(self) -> int:
        """Rows so far."""
        return len(self._rows)

    def forget(self, count: int) -> None:
        """Take back the last `count` rows; actions then end at the first row taken back."""
        first = self._rows[-count]
        self._end = {name: first[f"observation.{name}_target"] for name in ("head", "other")}
        del self._rows[-count:]

    def frames(self) -> dict[str, np.ndarray]:
        """All rows stacked [T, ...]; actions are the differences of the joint targets between rows."""
        frames = {name: np.stack([row[name] for row in self._rows]) for name in self._rows[0]}
        controller = self._world.controller
        end = self._end or {"head": controller.targets_head, "other": controller.targets_other}
        for name, last in end.items():
            targets = np.concatenate([frames[f"observation.{name}_target"], last[None].astype(np.float32)])
            frames[f"action.{name}"] = np.diff(targets, axis=0)
        frames["action"] = np.concatenate([frames["action.head"], frames["action.other"]], axis=1)
        return {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in frames.items()}


class Disturbance:
    """Noise and kicks on executed increments, from one episode's own chance."""

    def __init__(self, recipe: Recipe, chance: np.random.Generator) -> None:
        self._noise, self._kicks, self._chance = recipe.noise, recipe.kicks, chance
        self._left = 0
        self._push = np.zeros(N_OTHER)

    def __call__(self, head: np.ndarray, other: np.ndarray, carrying: bool) -> tuple[np.ndarray, np.ndarray]:
        """Disturbed increments of one tick: head [2], other [26] rad; gently while the target is in the hand."""
        chance, noise = self._chance, self._noise * (GENTLE if carrying else 1.0)
        if self._left == 0 and not carrying and chance.random() < self._kicks * CONTROL_DT:
            self._left = int(chance.integers(*KICK_TICKS))
            arm = slice(0, 7) if chance.random() < 0.5 else slice(7, 14)
            way = chance.normal(size=7)
            self._push = np.zeros(N_OTHER)
            self._push[arm] = way / np.abs(way).max() * chance.uniform(*KICK_SIZE)
        if self._left > 0:
            self._left -= 1
            other = other + self._push
        if noise > 0:
            head = head + chance.normal(0, noise, N_HEAD)
            other = other + chance.normal(0, noise, N_OTHER)
        return head, other


def record(recipe: Recipe, learner: Policy | None = None) -> Recording:
    """Play and record one episode; the result depends on the recipe and the learner only.

    Without a learner the expert drives and an episode that does not end in held success is dropped. With a learner
    every episode in which the expert has an answer is kept: what it would do in the learner's states is the lesson.
    """
    from sapave.sim.acting._expert import expert_for
    from sapave.sim.world import World

    spec = recipe.spec
    try:
        world = World(spec, width=recipe.width, height=recipe.height)
    except ValueError as error:
        return Recording(frames=None, instruction="", extra={}, reason=f"no layout: {error}")
    try:
        expert = expert_for(world, rng(spec.seed, "expert"), wait_for_view=spec.camera == "active")
        recorder = Recorder(world, recipe.cameras)
        if not _drive(world, expert, learner, recipe, recorder):
            return Recording(frames=None, instruction=world.instruction, extra={}, reason="no plan")
        outcome = world.outcome()
        extra = _extra(world, recipe, learner, outcome.success_held, outcome.success_ever)
        extra |= {"steps": outcome.steps, "head_travel": outcome.head_travel, "failure": outcome.failure}
        if learner is None and not outcome.success_held:
            return Recording(frames=None, instruction=world.instruction, extra=extra, reason=outcome.failure)
        return Recording(frames=recorder.frames(), instruction=world.instruction, extra=extra)
    finally:
        world.close()


def _drive(world: World, expert: Acting, learner: Policy | None, recipe: Recipe, recorder: Recorder) -> bool:
    """Play to the end, or until the expert has had no plan for a second; False when it never had one.

    Under noise the expert answers every tick: within longer stretches the noise would add up unseen.
    """
    chance = rng(recipe.spec.seed, "collect")
    disturb = Disturbance(recipe, chance)
    if learner is not None:
        learner.reset(recipe.spec.seed)
    play = recipe.execute if learner is not None else recipe.every if recipe.noise == 0 else 1
    cameras = ("head", *recipe.cameras)
    needed = tuple(dict.fromkeys((*cameras, *cameras_of(learner))))
    chunk, row, end, lost = None, 0, 0, 0
    while not world.done:
        recorded, due = world.steps % recipe.every == 0, chunk is None or row >= end
        by_expert = learner is None or (due and chance.random() < recipe.expert_share)
        asked = due and not by_expert
        seen = world.observe(needed if asked else cameras) if recorded or asked else None
        expert.horizon = CHUNK if recorded else min(play, CHUNK)  # what is played is all that is asked for
        advice = expert.act(seen) if recorded or (due and by_expert) else None
        if recorded and seen is not None and advice is not None:
            recorder.add(seen, advice)
            lost = 0 if expert.ok else lost + 1
            if lost * recipe.every >= HOPELESS_TICKS:
                recorder.forget(lost)
                return len(recorder) > 0
        if due:
            chunk = advice if learner is None or seen is None or by_expert else learner.act(seen)
            assert chunk is not None
            row, end = chunk.executed, min(chunk.executed + play, len(chunk.head))
        assert chunk is not None
        carrying = world.lift(world.target.name) > LIFTED and world.held(world.target.name)
        world.tick(*disturb(chunk.head[row], chunk.other[row], carrying))
        row += 1
    return True


def _extra(world: World, recipe: Recipe, learner: Policy | None, held: bool, ever: bool) -> dict[str, Any]:
    spec, thing = world.spec, world.target
    gaze = world.best_gaze if world.best_gaze is not None else np.zeros(2)
    return {
        "seed": spec.seed,
        "split": split_of(spec.seed),
        "task": spec.task,
        "condition": spec.condition,
        "scene": spec.scene,
        "suite": spec.suite,
        "attempt": spec.attempt,
        "camera": spec.camera,
        "start": spec.start,
        "success_held": held,
        "success_ever": ever,
        "target": thing.words,
        "gaze_yaw": float(gaze[0]),
        "gaze_pitch": float(gaze[1]),
        "noise": recipe.noise,
        "kicks": recipe.kicks,
        "driver": "expert" if learner is None else "learner",
        "expert_share": recipe.expert_share if learner is not None else 1.0,
    }
