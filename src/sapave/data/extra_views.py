"""Pictures of cameras besides the head's, as training reads them from packs of episodes; views have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sapave.data.pack import Pack


def array_of(camera: str) -> str:
    """Name of the pack's array that holds a camera's pictures."""
    return f"rgb_{camera}"


def extra_views(pack: Pack, frames: np.ndarray, cameras: Sequence[str]) -> dict[str, Any]:
    """`extra` uint8 [I, C, H, W, 3] of the frames [I] and `has_extra` bool [I, C]; black where a pack has no picture.

    Nothing for no cameras.
    """
    if not cameras:
        return {}
    there = [array_of(name) in pack.arrays for name in cameras]
    black = np.zeros((len(frames), *pack.arrays["rgb"].shape[1:]), np.uint8)
    pictures = [pack.arrays[array_of(name)][frames] if has else black for name, has in zip(cameras, there, strict=True)]
    return {"extra": np.stack(pictures, 1), "has_extra": np.tile(there, (len(frames), 1))}


def need(folders: Sequence[str], packs: Sequence[Pack], cameras: Sequence[str]) -> None:
    """ValueError when one of the episodes folders (and its pack) was recorded without one of the cameras."""
    for folder, pack in zip(folders, packs, strict=True):
        absent = [name for name in cameras if array_of(name) not in pack.arrays]
        if absent:
            raise ValueError(
                f"{folder.partition('=')[0]}: recorded without {', '.join(absent)}, and this model looks through them; "
                "collect with `sapave collect --wrists`"
            )
