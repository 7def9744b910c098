"""A tiny world and made-up rows, so that the bench is tested without a simulator or a network."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from sapave.base.types import N_HEAD, N_OTHER, ActionChunk, EpisodeSpec, Geometry, Observation, Outcome


class Watch:
    def __init__(self, world):
        self.world = world

    def look(self):
        fraction = 1.0 if abs(self.world.head[0] - self.world.where) < 0.3 else 0.0
        self.world.samples.append((self.world.steps * 0.04, fraction))
        return fraction


class FakeWorld:
    """The target hangs at a yaw drawn from the seed; looking at it for 50 ticks is success."""

    max_steps = 150

    def __init__(self, spec: EpisodeSpec):
        self.spec = replace(spec, attempt=max(spec.attempt, 0), scene="void")
        self.where = 0.5 if spec.seed % 2 else -0.5
        self.instruction = f"look {'left' if self.where > 0 else 'right'}"
        self.target: Any = SimpleNamespace(name="thing0", words="lamp")
        self.head = np.zeros(2)
        self.steps = self.looked = self.observed = 0
        self.samples: list[tuple[float, float]] = []
        self.judge = Watch(self)
        self.closed = False

    @property
    def done(self):
        return self.looked >= 50 or self.steps >= self.max_steps

    def tick(self, head, other):
        assert head.shape == (N_HEAD,) and other.shape == (N_OTHER,)
        if self.spec.camera != "fixed":
            self.head = self.head + head
        self.steps += 1
        self.looked = self.looked + 1 if abs(self.head[0] - self.where) < 0.1 else 0

    def observe(self):
        self.observed += 1
        image = np.full((128, 176, 3), int(100 + 100 * self.head[0]) % 255, np.uint8)
        return Observation(
            rgb={"head": image},
            geometry={"head": Geometry()},
            head=self.head.astype(np.float32),
            head_target=self.head.astype(np.float32),
            other=np.zeros(N_OTHER, np.float32),
            other_target=np.zeros(N_OTHER, np.float32),
            instruction=self.instruction,
            time=self.steps * 0.04,
        )

    def render(self, camera, width, height):
        return np.full((height, width, 3), 90, np.uint8)

    def position(self, name):
        return np.array([self.where, 0.0, 0.0])

    def outcome(self):
        sights = [t for t, f in self.samples if f > 0.1]
        held = self.looked >= 50
        return Outcome(
            success_ever=held,
            success_held=held,
            steps=self.steps,
            failure="" if held else "never_saw",
            time_to_first_sight=sights[0] if sights else None,
            head_travel=float(np.abs(self.head).sum()),
            visibility=tuple(self.samples),
        )

    def close(self):
        self.closed = True


class Looker:
    """Turns towards the word in the instruction."""

    def __init__(self):
        self.resets = []

    def reset(self, seed):
        self.resets.append(seed)

    def act(self, observation):
        goal = 0.5 if "left" in observation.instruction else -0.5
        step = np.clip((goal - observation.head[0]) / 8, -0.05, 0.05)
        return ActionChunk(head=np.tile([step, 0.0], (16, 1)), other=np.zeros((16, N_OTHER)))


def rows(arms=("active", "fixed", "held"), n=20, tasks=("pick", "pick_and_place")):
    """Rows as episodes.jsonl has them, with rates that differ by arm and condition."""
    chance = np.random.default_rng(5)
    rates = {"active": (0.9, 0.8, 0.75), "fixed": (0.85, 0.4, 0.05), "held": (0.8, 0.3, 0.0)}
    out = []
    for arm in arms:
        for task in tasks:
            for index, condition in enumerate(("unoccluded", "occluded", "out_of_view")):
                for seed in range(n):
                    good = bool(chance.random() < rates.get(arm, (1, 1, 1))[index])
                    failure = str(chance.choice(["never_saw", "missed_grasp", "dropped", "timeout"]))
                    out.append(
                        {
                            "arm": arm,
                            "task": task,
                            "condition": condition,
                            "seed": 2_000_000 + seed,
                            "attempt": 0,
                            "scene": "galley",
                            "target": "red mug",
                            "instruction": "take the red mug",
                            "outcome": {
                                "success_ever": good or bool(chance.random() < 0.1),
                                "success_held": good,
                                "steps": int(chance.integers(100, 300)),
                                "failure": "" if good else failure,
                                "time_to_first_sight": float(chance.random()) if good else None,
                                "visible_at_grasp": float(chance.random()) if good else None,
                                "head_travel": float(chance.random()),
                                "looks": int(chance.integers(0, 4)),
                                "needless_looks": int(chance.integers(0, 2)),
                                "centring": float(chance.random()) if good else None,
                                "look_to_act": float(chance.normal(0.2, 0.2)) if good else None,
                                "camera_gain": float(chance.uniform(-0.1, 0.7)),
                                "visibility": [[0.0, 0.0], [0.32, 0.7]],
                            },
                            "wall_s": 3.0,
                            "policy_s": 1.0,
                        }
                    )
    return out
