"""Pupil's desk: birch, bright colours, a lamp."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="school_desk",
    homes=homes("desk"),
    places=room_places("desk"),
    suite="activemanip",
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.84, 0.72, 0.52),
        front=(0.24, 0.55, 0.66),
        wall=(0.94, 0.88, 0.66),
        wood=(0.82, 0.70, 0.50),
        accent=(0.90, 0.42, 0.16),
        floor=(0.60, 0.50, 0.38),
        grain="flat",
        base="desk",
        back="picture_wall",
        fittings=(
            ("table_lamp", 0.62, -0.42, TOP),
            ("book_row", 0.64, 0.1, TOP),
        ),
    ),
)
