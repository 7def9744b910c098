"""Den: dark panels, a lamp, books to the ceiling."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import CABINETS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="den",
    homes=homes("shelves"),
    places=room_places("shelf"),
    suite="activemanip",
    slots=CABINETS,
    build=partial(
        build_room,
        top=(0.22, 0.15, 0.12),
        front=(0.28, 0.19, 0.14),
        wall=(0.30, 0.22, 0.20),
        wood=(0.30, 0.19, 0.13),
        accent=(0.70, 0.35, 0.15),
        floor=(0.30, 0.16, 0.14),
        base="sideboard",
        back="book_wall",
        fittings=(("table_lamp", 0.62, -0.44, TOP),),
    ),
)
