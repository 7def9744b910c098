"""Parlour: black lacquer before a green wall."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="parlour",
    homes=homes("sideboard"),
    places=room_places("sideboard"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.11, 0.10, 0.10),
        front=(0.14, 0.12, 0.12),
        wall=(0.22, 0.40, 0.34),
        wood=(0.24, 0.16, 0.12),
        accent=(0.82, 0.68, 0.30),
        floor=(0.40, 0.26, 0.18),
        grain="flat",
        base="sideboard",
        back="picture_wall",
        fittings=(("book_row", 0.64, 0.05, TOP),),
    ),
)
