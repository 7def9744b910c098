"""What a policy remembers from look to look: where things were last seen, and where it has looked since it was told."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sapave.model.pointer import CHANNELS, MEMORY

YAWS = (-1.3, -0.65, 0.0, 0.65, 1.3)
PITCHES = (-0.9, -0.3)
"""Directions of the camera's axis that are kept apart [rad]."""
SECTORS = len(YAWS) * len(PITCHES)
SPAN = (0.4, 0.35)
"""A direction has been looked in when the axis came this close to it in yaw and pitch [rad]."""


class Memory(NamedTuple):
    """Goes from one look to the next."""

    points: Tensor
    """[B, 2, 4] of object and goal place: the point last seen, base frame [m], and 1 where there is one."""
    looked: Tensor
    """[B, 10] 1 where it has looked."""

    def rows(self, at: Tensor) -> Memory:
        """Some rows of it."""
        return Memory(*(part[at] for part in self))

    @classmethod
    def blank(cls, rows: int, like: Tensor) -> Memory:
        """Nothing seen, nowhere looked."""
        return cls(like.new_zeros(rows, CHANNELS, MEMORY), like.new_zeros(rows, SECTORS))


def sectors(yaw: Tensor, pitch: Tensor) -> Tensor:
    """Which directions [B, 10] bool are looked in by a camera whose axis points to yaw [B] and pitch [B] rad."""
    yaws, pitches = (torch.tensor(v, device=yaw.device) for v in (YAWS, PITCHES))
    aside = torch.remainder(yaw[:, None] - yaws + math.pi, 2 * math.pi) - math.pi
    near = (aside.abs() < SPAN[0])[:, :, None] & ((pitch[:, None] - pitches).abs() < SPAN[1])[:, None]
    return near.flatten(1)


def looked_at(poses: Tensor) -> Tensor:
    """Where heads that stood at `poses` [B, 2] rad (NaN: nowhere) have looked, [B, 10]."""
    return sectors(poses[:, 0], poses[:, 1]).float()  # what is near to NaN is false


def look(looked: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Where it has looked [B, 10] once this picture is counted too; once everywhere, it begins again with this one."""
    forward, posed = batch["base_from_camera"][:, :3, 2], batch["has"][:, 2, None]
    yaw, pitch = torch.atan2(forward[:, 1], forward[:, 0]), torch.asin(forward[:, 2].clamp(-1, 1))
    now = sectors(yaw, pitch).to(looked.dtype) * posed
    total = torch.maximum(looked, now)
    return torch.where(total.all(1, keepdim=True), now, total)
