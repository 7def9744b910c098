"""Gymnasium environment: the world at 25 Hz with two named action streams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from sapave.base.shelf import pick
from sapave.base.types import CONTROL_DT, EpisodeSpec, Observation
from sapave.sim.axes._axis import settings
from sapave.sim.robots._robot import Robot
from sapave.sim.world import World

_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 ,.-'?"


class ActiveManipEnv(gym.Env[dict[str, Any], dict[str, np.ndarray]]):
    """One task under one condition.

    Action: `{"head": Box(2), "other": Box(26)}`, increments of the joint targets per tick [rad], clipped to the
    robot's step limits. Observation: a dict with, per camera, `rgb` uint8 [H, W, 3], `depth` float32 [H, W] m,
    `intrinsics` [3, 3] px, `base_from_camera` [4, 4]; `head`, `head_target` [2] rad; `other`, `other_target` [26] rad;
    `instruction`; `time` [1] s. Reward: 1 at the tick at which the goal state has held for 2 s, else 0.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 25}

    def __init__(
        self,
        *,
        task: str = "pick",
        condition: str = "unoccluded",
        scene: str = "",
        suite: str = "kitchens",
        camera: str = "active",
        cameras: tuple[str, ...] = ("head",),
        width: int = 176,
        height: int = 128,
        robot: str = "g1",
        axes: tuple[str, ...] = (),
        render_mode: str | None = None,
    ) -> None:
        """KeyError with the nearest right name for an unknown task, scene, robot or axis (sim/axes)."""
        settings(axes)
        pick("sapave.sim.tasks", "TASK", task)
        if scene:
            pick("sapave.sim.scenes", "SCENE", scene)
        body: Robot = pick("sapave.sim.robots", "ROBOT", robot)
        for name in cameras:
            if name not in body.cameras:
                raise KeyError(f"unknown camera '{name}' (there are: {', '.join(body.cameras)})")
        self._spec = EpisodeSpec(task=task, condition=condition, seed=0, scene=scene, suite=suite, camera=camera)
        self._robot_name, self._cameras, self._size = robot, cameras, (width, height)
        self._axes = axes
        self.render_mode = render_mode
        self.world: World | None = None
        steps = body.head_step.astype(np.float32), body.other_step.astype(np.float32)
        self.action_space = spaces.Dict(
            {"head": spaces.Box(-steps[0], steps[0]), "other": spaces.Box(-steps[1], steps[1])}
        )
        self.observation_space = _space(body, cameras, width, height)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict]:
        """Start the episode of `seed` (its range decides the split); without a seed one is drawn from training."""
        super().reset(seed=seed)
        number = int(self.np_random.integers(1_000_000)) if seed is None else seed
        width, height = self._size
        if self.world is not None:
            self.world.close()
        self.world = World(
            replace(self._spec, seed=number), width=width, height=height, robot=self._robot_name, axes=self._axes
        )
        return _flat(self.world.observe(self._cameras)), {"seed": number, "instruction": self.world.instruction}

    def step(self, action: dict[str, np.ndarray]) -> tuple[dict[str, Any], SupportsFloat, bool, bool, dict[str, Any]]:
        """One control tick; ValueError for NaN or a wrong shape, by the stream's name."""
        if self.world is None:
            raise ValueError("step() before reset(): call reset(seed=...) first")
        missing = {"head", "other"} - set(action)
        if missing:
            raise ValueError(f"action: found keys {sorted(action)}, expected 'head' and 'other'")
        self.world.tick(np.asarray(action["head"], float), np.asarray(action["other"], float))
        held = self.world.judge.held
        late = self.world.time >= self.world.task.seconds
        outcome = self.world.outcome()
        info = {"success_ever": outcome.success_ever, "success_held": held, "is_success": held}
        return _flat(self.world.observe(self._cameras)), float(held), held, late and not held, info

    def render(self) -> np.ndarray | None:
        """The outside view, uint8 [240, 320, 3]."""
        if self.render_mode is None or self.world is None:
            return None
        return self.world.render("outside")

    def close(self) -> None:
        """Free the renderer."""
        if self.world is not None:
            self.world.close()
            self.world = None


def _space(robot: Robot, cameras: tuple[str, ...], width: int, height: int) -> spaces.Dict:
    big = np.float32(np.inf)
    head, other = robot.head_limits.T.astype(np.float32), robot.other_limits.T.astype(np.float32)
    parts: dict[str, spaces.Space] = {}
    for name in cameras:
        parts[f"rgb.{name}"] = spaces.Box(0, 255, (height, width, 3), np.uint8)
        parts[f"depth.{name}"] = spaces.Box(0.0, 100.0, (height, width), np.float32)
        parts[f"intrinsics.{name}"] = spaces.Box(0.0, 1e5, (3, 3), np.float32)
        parts[f"base_from_camera.{name}"] = spaces.Box(-100.0, 100.0, (4, 4), np.float32)
    slack = np.float32(0.5)  # a joint may be pushed past its limit by a contact
    parts["head"] = spaces.Box(head[0] - slack, head[1] + slack)
    parts["head_target"] = spaces.Box(head[0] - slack, head[1] + slack)
    parts["other"] = spaces.Box(other[0] - slack, other[1] + slack)
    parts["other_target"] = spaces.Box(other[0] - slack, other[1] + slack)
    parts["instruction"] = spaces.Text(200, charset=_CHARACTERS)
    parts["time"] = spaces.Box(0.0, big, (1,), np.float32)
    return spaces.Dict(parts)


def _flat(seen: Observation) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, image in seen.rgb.items():
        known = seen.geometry[name]
        out[f"rgb.{name}"] = image
        out[f"depth.{name}"] = known.depth
        out[f"intrinsics.{name}"] = known.intrinsics
        out[f"base_from_camera.{name}"] = known.base_from_camera
    for name in ("head", "head_target", "other", "other_target"):
        out[name] = getattr(seen, name)
    return out | {"instruction": seen.instruction, "time": np.array([seen.time], np.float32)}


DT = CONTROL_DT
"""Control period [s]."""
