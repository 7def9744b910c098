"""The columns of a SaPaVe episode data set, and the named body parts that GR00T's modality.json asks for."""

from __future__ import annotations

from typing import Any

from sapave.base.types import HEAD_NAMES, N_HEAD, N_OTHER, OTHER_NAMES
from sapave.data.lerobot_format import Features, image, vector, video
from sapave.data.video import DEFAULT_CRF

CHUNK = 16
IMAGES = "observation.images."
HEAD_CAMERA = f"{IMAGES}head"
HEAD_DEPTH = "observation.images.head_depth"
SEGMENTATION = "label.segmentation"
PARTS = {
    "head": (0, 2),
    "left_arm": (2, 9),
    "right_arm": (9, 16),
    "left_hand": (16, 22),
    "right_hand": (22, 28),
}
"""Named parts of `observation.state` and `action` [28] = head 2 + other 26."""


def sapave_features(
    fps: int, *, height: int = 128, width: int = 176, crf: int = DEFAULT_CRF, cameras: tuple[str, ...] = ()
) -> Features:
    """Every column that `sapave collect` writes, besides LeRobot's own five.

    Angles in rad, `action*` are increments of the joint targets summed over one recorded step, `label.*` are what only
    the simulator knows: the expert's clean 25 Hz increments [16, D] flattened by rows, the target's and the goal's
    number in the segmentation (0 = none), the segmentation itself. `cameras`: those besides the head's.
    """
    joints = (*HEAD_NAMES, *OTHER_NAMES)
    return {
        "observation.state": vector(N_HEAD + N_OTHER, joints),
        "action": vector(N_HEAD + N_OTHER, joints),
        "observation.head": vector(N_HEAD, HEAD_NAMES),
        "observation.head_target": vector(N_HEAD, HEAD_NAMES),
        "observation.other": vector(N_OTHER, OTHER_NAMES),
        "observation.other_target": vector(N_OTHER, OTHER_NAMES),
        "observation.intrinsics": vector(9),
        "observation.base_from_camera": vector(16),
        "observation.visible": vector(1),
        "action.head": vector(N_HEAD, HEAD_NAMES),
        "action.other": vector(N_OTHER, OTHER_NAMES),
        "label.head": vector(CHUNK * N_HEAD),
        "label.other": vector(CHUNK * N_OTHER),
        "label.seg_target": vector(1, dtype="int64"),
        "label.seg_goal": vector(1, dtype="int64"),
        HEAD_CAMERA: video(height, width, fps, crf),
        HEAD_DEPTH: image(height, width, depth=True),
        SEGMENTATION: image(height, width),
        **{f"{IMAGES}{name}": video(height, width, fps, crf) for name in cameras},
    }


def modality(cameras: tuple[str, ...] = ()) -> dict[str, Any]:
    """meta/modality.json: where each named part lies in the joined state and action, and the cameras' columns."""
    return {
        "state": {name: {"start": a, "end": b, "absolute": True} for name, (a, b) in PARTS.items()},
        "action": {name: {"start": a, "end": b, "absolute": False} for name, (a, b) in PARTS.items()},
        "video": {name: {"original_key": f"{IMAGES}{name}"} for name in ("head", *cameras)},
        "annotation": {"human.task_description": {"original_key": "task_index"}},
    }
