"""Archive: grey steel before shelves of files."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="archive",
    homes=homes("shelves", swapped=True),
    places=room_places("shelf"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.55, 0.58, 0.60),
        front=(0.40, 0.45, 0.48),
        wall=(0.70, 0.72, 0.70),
        wood=(0.52, 0.55, 0.57),
        accent=(0.20, 0.36, 0.42),
        floor=(0.34, 0.36, 0.36),
        grain="flat",
        base="counter",
        back="book_wall",
        fittings=(("book_row", 0.62, -0.02, TOP),),
    ),
)
