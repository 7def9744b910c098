"""Library: a green desk before a wall of books."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="library",
    homes=homes("desk", swapped=True),
    places=room_places("desk"),
    suite="activemanip",
    held_out=True,
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.18, 0.30, 0.22),
        front=(0.32, 0.18, 0.11),
        wall=(0.40, 0.28, 0.20),
        wood=(0.38, 0.23, 0.14),
        accent=(0.76, 0.62, 0.28),
        floor=(0.36, 0.20, 0.14),
        grain="flat",
        base="desk",
        back="book_wall",
        fittings=(("table_lamp", 0.6, 0.45, TOP),),
    ),
)
