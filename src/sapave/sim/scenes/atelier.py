"""Atelier: a work table with a cabinet past the middle, which one hand opens and out of which the other one takes.

A suite of its own, since the room a seed draws depends on how many rooms there are: the lists of `activemanip` stay.
"""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import CABINET_MIDDLE, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="atelier",
    homes=homes("desk"),
    places=room_places("desk"),
    suite="two_hands",
    slots=(CABINET_MIDDLE,),
    build=partial(
        build_room,
        top=(0.66, 0.60, 0.52),
        front=(0.42, 0.36, 0.32),
        wall=(0.88, 0.86, 0.80),
        wood=(0.62, 0.48, 0.34),
        accent=(0.30, 0.42, 0.66),
        floor=(0.52, 0.46, 0.40),
        base="desk",
        back="picture_wall",
        fittings=(("book_row", 0.64, 0.44, TOP),),
    ),
)
