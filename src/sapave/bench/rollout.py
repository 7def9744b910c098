"""Play one episode: render when the policy asks, execute part of its chunk, record what was seen and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from sapave.base.types import CONTROL_DT, HEAD_ONLY, EpisodeSpec, Observation, Outcome, Policy, cameras_of
from sapave.bench.protocol import EXECUTE
from sapave.policies._entry import Privileged

FILM_EVERY = 2
"""Ticks between two frames of a film: 12.5 frames per second."""
OUTSIDE_SIZE = (384, 288)
"""Width and height of the outside view [px]."""


class Watch(Protocol):
    """Records what was seen."""

    def look(self) -> float: ...


class Stage(Protocol):
    """What a rollout needs of a world (sim/world.py has more)."""

    spec: EpisodeSpec
    instruction: str
    target: Any

    @property
    def judge(self) -> Watch: ...
    @property
    def done(self) -> bool: ...
    def tick(self, head: np.ndarray, other: np.ndarray) -> None: ...
    def observe(self, names: tuple[str, ...] = ...) -> Observation: ...
    def render(self, camera: str, width: int, height: int) -> np.ndarray: ...
    def position(self, name: str) -> np.ndarray: ...
    def outcome(self) -> Outcome: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Film:
    """Frames of one episode, every FILM_EVERY ticks."""

    times: list[float]
    """[s]"""
    head: list[np.ndarray]
    """uint8 [H, W, 3] of the head camera."""
    outside: list[np.ndarray]
    """uint8 [288, 384, 3] of the fixed outside camera."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One episode that was played."""

    spec: EpisodeSpec
    target: str
    instruction: str
    target_at: tuple[float, float, float]
    """Centre of the target at the start [m]."""
    outcome: Outcome
    wall_s: float
    """Playing time without making the scene [s]; filming included when it was filmed."""
    policy_s: float
    """Of which inside the policy [s]."""
    film: Film | None = None


def make_world(spec: EpisodeSpec, axes: tuple[str, ...] = ()) -> Stage:
    """The world of one episode, under generalisation axes (sim/axes)."""
    from sapave.sim.world import World

    return World(spec, axes=axes)


def play(
    episode: EpisodeSpec | Stage,
    policy: Policy,
    *,
    execute: int = EXECUTE,
    max_seconds: float | None = None,
    film: bool = False,
    needs_images: bool = True,
    make: Callable[[EpisodeSpec], Stage] = make_world,
) -> Record:
    """Play until success was held, or until the task's limit (or `max_seconds`, if that is less).

    `execute` rows of each chunk are played. With needs_images=False the policy gets None and nothing is
    rendered for it; else it gets the pictures of the cameras it looks through (`cameras_of`). The target's visibility
    is measured whenever the policy is asked. Same spec, same policy: same record, whether filmed or not.
    """
    if execute < 1:
        raise ValueError(f"execute: found {execute} rows, expected at least 1")
    world = make(episode) if isinstance(episode, EpisodeSpec) else episode
    ticks = round(max_seconds / CONTROL_DT) if max_seconds else None
    x, y, z = (round(float(v), 4) for v in world.position(world.target.name))
    cameras = cameras_of(policy)
    look = world.observe if cameras == HEAD_ONLY else partial(world.observe, cameras)
    policy.reset(world.spec.seed)
    if isinstance(policy, Privileged):
        policy.bind(world)
    shots = Film(times=[], head=[], outside=[])
    spent, step = 0.0, 0
    start = time.perf_counter()

    def over() -> bool:
        return world.done or step == ticks

    while not over():
        world.judge.look()
        observation = look() if needs_images else None
        before = time.perf_counter()
        chunk = policy.act(observation)  # type: ignore[arg-type]
        spent += time.perf_counter() - before
        rows = range(chunk.executed, min(chunk.executed + execute, len(chunk.head)))
        if not rows:
            raise ValueError(f"policy: a chunk of {len(chunk.head)} rows with {chunk.executed} executed leaves none")
        for row in rows:
            if over():
                break
            if film and step % FILM_EVERY == 0:
                shots.times.append(step * CONTROL_DT)
                shots.head.append(world.observe().rgb["head"])
                shots.outside.append(world.render("outside", *OUTSIDE_SIZE))
            world.tick(chunk.head[row], chunk.other[row])
            step += 1
    world.judge.look()
    record = Record(
        spec=world.spec,
        target=world.target.words,
        instruction=world.instruction,
        target_at=(x, y, z),
        outcome=world.outcome(),
        wall_s=time.perf_counter() - start,
        policy_s=spent,
        film=shots if film else None,
    )
    if world is not episode:
        world.close()
    return record
