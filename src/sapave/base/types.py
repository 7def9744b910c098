"""What crosses a door between rooms: observations, action chunks, episode records, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

N_HEAD = 2
N_OTHER = 26
CONTROL_DT = 0.04
"""Control period of every stream: 25 Hz [s]."""

HEAD_NAMES = ("head_yaw", "head_pitch")
"""Order of the head stream. Yaw + looks left, pitch + looks up (docs/units_and_frames.md)."""

_ARM = (
    "shoulder_pitch",
    "shoulder_roll",
    "shoulder_yaw",
    "elbow",
    "wrist_roll",
    "wrist_pitch",
    "wrist_yaw",
)
_HAND = ("pinky", "ring", "middle", "index", "thumb_bend", "thumb_rotation")
OTHER_NAMES = (
    tuple(f"left_{j}" for j in _ARM)
    + tuple(f"right_{j}" for j in _ARM)
    + tuple(f"left_{j}" for j in _HAND)
    + tuple(f"right_{j}" for j in _HAND)
)
"""Order of the other stream: left arm 0:7, right arm 7:14, left hand 14:20, right hand 20:26."""

LEFT_ARM, RIGHT_ARM = slice(0, 7), slice(7, 14)
LEFT_HAND, RIGHT_HAND = slice(14, 20), slice(20, 26)

HEAD_ONLY = ("head",)
"""The cameras of a policy that does not say which it looks through."""
WRISTS = ("left_wrist", "right_wrist")
"""The cameras on the hands."""


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """What is known of one camera's geometry; each part may be absent."""

    depth: np.ndarray | None = None
    """[H, W] float32: distance along the optical axis [m]; 0 where nothing was measured."""
    intrinsics: np.ndarray | None = None
    """[3, 3] float32 pinhole matrix [px], pixel centres at integer + 0.5."""
    base_from_camera: np.ndarray | None = None
    """[4, 4] float32 camera pose in the base frame (OpenCV camera: x right, y down, z forward)."""


@dataclass(frozen=True, kw_only=True)
class Observation:
    """Everything a policy may see at one control tick."""

    rgb: Mapping[str, np.ndarray]
    """Per camera name (`head`, `left_wrist`, `right_wrist`): uint8 [H, W, 3]."""
    geometry: Mapping[str, Geometry]
    """Per camera name."""
    head: np.ndarray
    """[2] float32 measured head joints (yaw, pitch) [rad]."""
    head_target: np.ndarray
    """[2] float32 current head joint targets [rad]."""
    other: np.ndarray
    """[26] float32 measured arm and hand joints, order OTHER_NAMES [rad]."""
    other_target: np.ndarray
    """[26] float32 current arm and hand joint targets [rad]."""
    instruction: str
    time: float
    """Seconds since the episode began."""


@dataclass(frozen=True, kw_only=True)
class ActionChunk:
    """k future control ticks of the two streams, as increments of the joint targets per tick."""

    head: np.ndarray
    """[k, 2] increments of the head targets [rad]."""
    other: np.ndarray
    """[k, 26] increments of the arm and hand targets [rad]."""
    dt: float = CONTROL_DT
    executed: int = 0
    """Rows already executed (for policies that overlap chunks)."""
    commit: float | None = None
    """How sure the policy is that it sees enough and need not look further, 0 to 1; None: it does not say."""
    known: float | None = None
    """Share of the instruction's words that the policy has learned, 0 to 1; None: it does not say."""

    def __post_init__(self) -> None:
        check_stream("head", self.head, N_HEAD)
        check_stream("other", self.other, N_OTHER)
        if len(self.head) != len(self.other):
            raise ValueError(
                f"action chunk: head has {len(self.head)} rows, other has {len(self.other)}; expected the same k"
            )


def check_stream(name: str, value: np.ndarray, width: int) -> None:
    """Refuse an action stream that is not finite [k, width] by its name (ValueError)."""
    array = np.asarray(value)
    if array.ndim != 2 or array.shape[1] != width:
        raise ValueError(f"action '{name}': found shape {array.shape}, expected [k, {width}]")
    if not np.all(np.isfinite(array)):
        bad = np.argwhere(~np.isfinite(array))[0]
        names = HEAD_NAMES if width == N_HEAD else OTHER_NAMES
        raise ValueError(
            f"action '{name}': {array[tuple(bad)]} at row {bad[0]}, joint {names[bad[1]]}; expected finite numbers"
        )


@dataclass(frozen=True, kw_only=True)
class EpisodeSpec:
    """All that is needed to make one episode again, bit for bit."""

    task: str
    condition: str
    """`unoccluded`, `occluded` or `out_of_view`, measured at the start."""
    seed: int
    """Root of all chance in the episode; its range decides the split (base/seeds.py)."""
    scene: str = ""
    """Scene name; empty lets the seed choose."""
    attempt: int = -1
    """Which candidate layout of this seed; -1 searches the first that measures as `condition`."""
    camera: str = "active"
    """`active`: the head moves; `fixed`: the head stays at its default pose."""
    start: str = "default"
    """Head pose at the start: `default` (benchmark) or `random` (training only)."""
    suite: str = "kitchens"
    """Which scenes may be drawn: `kitchens` (the first road's three) or `activemanip`."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one episode ended."""

    success_ever: bool
    success_held: bool
    """Goal state held for 2 s: the headline."""
    steps: int
    """Control ticks played."""
    failure: str = ""
    """'' on success, else never_saw | wrong_object | missed_grasp | dropped | not_at_goal | timeout."""
    time_to_first_sight: float | None = None
    """[s]; None when the target never showed."""
    visible_at_grasp: float | None = None
    """Visible fraction of the target when the hand first closed on it."""
    head_travel: float = 0.0
    """Sum of absolute head joint motion [rad]."""
    looks: int = 0
    """Number of separate head motions (sim/attention.py defines this and what follows)."""
    needless_looks: int | None = None
    """Looks away from a target well in view, or back to where nothing was; None when the view was never measured."""
    centring: float | None = None
    """Mean angle of the target off the optical axis, from the first arm motion to the touch [rad]."""
    look_to_act: float | None = None
    """From the target first well in view to the first arm motion [s]."""
    camera_gain: float | None = None
    """Mean visible fraction of the target minus what the default head pose would show at the same moments."""
    visibility: tuple[tuple[float, float], ...] = ()
    """(time [s], visible fraction of the target) samples."""
    progress: float = 0.0
    """Share of the task's stages that were reached, in order; the goal state is the last one."""
    extra: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Policy(Protocol):
    """Anything that can act."""

    def reset(self, seed: int) -> None:
        """Forget the last episode; all chance of the next one comes from `seed`."""
        ...

    def act(self, observation: Observation) -> ActionChunk:
        """The next chunk for this observation."""
        ...


def cameras_of(policy: object) -> tuple[str, ...]:
    """The cameras a policy looks through: its `cameras`, or those of the `policy` it drives; else the head's alone."""
    found = getattr(policy, "cameras", None)
    if found is None:
        inner = getattr(policy, "policy", None)
        return HEAD_ONLY if inner is None else cameras_of(inner)
    return tuple(found)
