"""Pantry: white boards, everything in its place."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="pantry",
    homes=homes("kitchen", swapped=True),
    places=room_places(),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.90, 0.90, 0.88),
        front=(0.56, 0.66, 0.56),
        wall=(0.93, 0.90, 0.82),
        wood=(0.80, 0.70, 0.52),
        accent=(0.36, 0.50, 0.36),
        fittings=(("fruit_board", 0.58, 0.0, TOP),),
    ),
)
