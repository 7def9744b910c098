"""Hallway: a pale blue sideboard, keys and groceries put down."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="hallway",
    homes=homes("sideboard", swapped=True),
    places=room_places("sideboard"),
    suite="activemanip",
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.88, 0.86, 0.80),
        front=(0.52, 0.64, 0.74),
        wall=(0.92, 0.90, 0.86),
        wood=(0.66, 0.74, 0.80),
        accent=(0.82, 0.74, 0.50),
        floor=(0.62, 0.58, 0.54),
        grain="flat",
        base="sideboard",
        back="picture_wall",
    ),
)
