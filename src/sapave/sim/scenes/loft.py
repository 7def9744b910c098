"""Loft kitchen: concrete and black fronts before bare brick."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="loft",
    homes=homes("kitchen"),
    places=room_places(),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.58, 0.58, 0.57),
        front=(0.12, 0.12, 0.13),
        wall=(0.58, 0.32, 0.25),
        wood=(0.36, 0.28, 0.22),
        accent=(0.80, 0.55, 0.15),
        tiles=True,
        floor=(0.36, 0.36, 0.37),
        fittings=(("stove", 0.6, 0.0, TOP),),
    ),
)
