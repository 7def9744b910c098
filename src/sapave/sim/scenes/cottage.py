"""Cottage kitchen: cream fronts under an oak top."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="cottage",
    homes=homes("kitchen", swapped=True),
    places=room_places(),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.66, 0.48, 0.30),
        front=(0.90, 0.86, 0.74),
        wall=(0.74, 0.80, 0.78),
        wood=(0.58, 0.42, 0.27),
        accent=(0.30, 0.46, 0.44),
        floor=(0.58, 0.44, 0.32),
        fittings=(("sink", 0.58, 0.0, TOP),),
    ),
)
