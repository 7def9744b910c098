"""Dining room: a cherry sideboard under pictures."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="dining_room",
    homes=homes("sideboard"),
    places=room_places("sideboard"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.50, 0.24, 0.14),
        front=(0.46, 0.22, 0.13),
        wall=(0.86, 0.80, 0.70),
        wood=(0.54, 0.28, 0.17),
        accent=(0.78, 0.66, 0.34),
        floor=(0.52, 0.36, 0.24),
        base="sideboard",
        back="picture_wall",
        fittings=(("table_lamp", 0.62, 0.0, TOP),),
    ),
)
