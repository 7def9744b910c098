"""Views with a past made up for them: what to do when a thing is not where the head has looked already.

A view is one glance without a history, and episodes hold few moments of searching. So to views whose thing stands at a
hidden place, out of the picture, a past is added: the head has been to some of the other hidden places and found
nothing. The label is then the expert's rule of searching (`sim/search.py`). Instructions that say the direction keep
their label.
"""

from __future__ import annotations

import re

import numpy as np
import torch

from sapave.base.chunks import approach
from sapave.base.seeds import rng
from sapave.data.pack import Pack
from sapave.model.memory import sectors
from sapave.sim.robots.g1 import ROBOT
from sapave.sim.scenes._scene import kitchen_places
from sapave.sim.search import Search, hidden_points, nearest
from sapave.sim.skills import gaze

DIRECTION = re.compile(r"\b(left|right|up|down)\b")
SHARE = 0.7
"""Share of the fitting views that get a past."""
NEAR = 0.12
"""A thing farther than this from every hidden place is not kept at one [m]."""
WAY = np.linspace(0, 1, 8)[:, None]


def add_past(pack: Pack, rows: np.ndarray, looked: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the head has looked [R, 10] and head chunks [R, 16, 2] rad of views `rows`, with pasts; `looked` [R, 10] is
    what the picture itself shows."""
    labels, chance = pack.arrays, rng(seed, "past", pack.key)
    looked, chunks = looked.copy(), np.array(labels["head_chunk"][rows])
    start, points = ROBOT.rest_head, hidden_points(kitchen_places(), ROBOT.rest_head)
    for i, row in enumerate(rows):
        frame = int(labels["frame"][row])
        thing = next((t for t in pack.frame_objects(frame) if t["id"] == labels["target"][row]), None)
        if thing is None or thing["pixels"] or DIRECTION.search(pack.texts[labels["text"][row]]):
            continue
        at = np.array(thing["position"])
        search, head = Search(points, nearest(points, at), start), np.asarray(labels["head_target"][frame])
        if np.linalg.norm(points[search.true] - at) > NEAR or chance.random() >= SHARE:
            continue
        search.looked[:] = (chance.random(len(points)) < 0.5) & (np.arange(len(points)) != search.true)
        search.look(head, False)
        been = [start[None], *(start + WAY * (gaze(points[j]) - start) for j in np.flatnonzero(search.looked))]
        yaw, pitch = torch.from_numpy(np.concatenate(been)).float().T
        seen = np.maximum(looked[i], sectors(yaw, pitch).any(0).numpy())
        if seen.all():
            continue
        place = search.next(head)
        aim = np.array(thing["gaze"]) if place == search.true else gaze(points[place])
        looked[i], chunks[i] = seen, approach(aim - head)
    return looked, chunks
