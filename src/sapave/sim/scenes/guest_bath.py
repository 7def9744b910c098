"""Guest bathroom: dark stone top and sand-coloured tiles."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="guest_bath",
    homes=homes("bathroom", swapped=True),
    places=room_places("vanity"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.28, 0.27, 0.27),
        front=(0.62, 0.48, 0.34),
        wall=(0.82, 0.74, 0.60),
        wood=(0.58, 0.44, 0.30),
        accent=(0.60, 0.46, 0.22),
        tiles=True,
        floor=(0.56, 0.50, 0.44),
        base="vanity",
        back="mirror_wall",
    ),
)
