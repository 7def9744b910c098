"""Bistro kitchen: dark stone and red fronts."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="bistro",
    homes=homes("kitchen"),
    places=room_places(),
    suite="activemanip",
    held_out=True,
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.25, 0.25, 0.27),
        front=(0.42, 0.13, 0.12),
        wall=(0.80, 0.74, 0.62),
        wood=(0.45, 0.30, 0.18),
        accent=(0.62, 0.20, 0.15),
        tiles=True,
        fittings=(("stove", 0.6, 0.0, TOP),),
    ),
)
