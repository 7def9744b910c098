"""Training rows seen in the mirror: the robot is symmetric, so what its left hand learns its right hand has learned.

For the draft alone: it reads state, pointer and the mean of the words, and all three have a mirror image (instructions
of episodes name no side). Image tokens have none without the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from sapave.base.mirror import POINT, mirror_head, mirror_other
from sapave.base.types import N_HEAD, N_OTHER
from sapave.data.windows import WHOLE, Own
from sapave.model.pointer import FEATURES
from sapave.train.batches import Tensors

_POINTER = np.ones(FEATURES, np.float32)
_POINTER[[1, 3, 5, 7, 9]] = -1.0  # y of the point, yaw of gaze and of the turn, x of the ray, u in the picture


def mirror_state(state: np.ndarray) -> np.ndarray:
    """State [..., 74] (`Processor.state`: left chain, then right) of the mirrored robot."""
    other, head = N_OTHER, N_HEAD
    target, error, pose, aside, left, right = np.split(
        state, np.cumsum([other, other, head, head, (state.shape[-1] - 2 * (other + head)) // 2]), -1
    )
    flip = np.concatenate([POINT, POINT, -POINT])  # position, first and second column of the rotation
    parts = [
        mirror_other(target),
        mirror_other(error),
        mirror_head(pose),
        mirror_head(aside),
        right * flip,
        left * flip,
    ]
    return np.concatenate(parts, -1).astype(state.dtype)


def mirror_pointer(pointer: np.ndarray) -> np.ndarray:
    """Pointer features [..., 15] of the mirrored picture."""
    return pointer * _POINTER


def mirrored(
    values: Tensors,
    processor: Any,
    share: float,
    chance: np.random.Generator,
    count: int | None = None,
    own: Own = WHOLE,
) -> Tensors:
    """The cached batch with about `share` of its rows replaced by their mirror images (state, pointer, other chunk);
    `values` are the `own` rows of a batch of `count` (None: the whole batch)."""
    count = len(values["state"]) if count is None else count
    at = torch.from_numpy((chance.random(count) < share)[own.of()])
    out, norm = dict(values), processor.other_norm

    def chunk(rows: np.ndarray) -> np.ndarray:
        return norm.apply(mirror_other(norm.invert(rows))).astype(np.float32)

    for name, turn in (("state", mirror_state), ("hybrid_pointer", mirror_pointer), ("other_chunk", chunk)):
        out[name] = values[name].clone()
        out[name][at] = torch.from_numpy(turn(values[name][at].numpy()))
    return out
