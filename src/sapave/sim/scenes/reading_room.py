"""Reading room: a low front before shelves of books."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import CABINETS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="reading_room",
    homes=homes("shelves"),
    places=room_places("shelf"),
    suite="activemanip",
    slots=CABINETS,
    build=partial(
        build_room,
        top=(0.62, 0.46, 0.30),
        front=(0.58, 0.42, 0.27),
        wall=(0.84, 0.80, 0.72),
        wood=(0.60, 0.44, 0.28),
        accent=(0.45, 0.20, 0.22),
        floor=(0.48, 0.36, 0.26),
        base="sideboard",
        back="book_wall",
    ),
)
