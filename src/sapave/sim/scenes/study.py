"""Study: a walnut desk with drawers, lamp and books."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="study",
    homes=homes("desk"),
    places=room_places("desk"),
    suite="activemanip",
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.36, 0.22, 0.14),
        front=(0.30, 0.18, 0.11),
        wall=(0.56, 0.62, 0.52),
        wood=(0.40, 0.25, 0.15),
        accent=(0.72, 0.58, 0.25),
        floor=(0.42, 0.28, 0.18),
        base="desk",
        back="picture_wall",
        fittings=(
            ("table_lamp", 0.62, 0.42, TOP),
            ("book_row", 0.64, -0.05, TOP),
        ),
    ),
)
