"""Bathroom: white vanity, sea-green tiles, a mirror."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="bathroom",
    homes=homes("bathroom"),
    places=room_places("vanity"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.92, 0.93, 0.93),
        front=(0.86, 0.88, 0.88),
        wall=(0.50, 0.74, 0.72),
        wood=(0.80, 0.72, 0.60),
        accent=(0.70, 0.72, 0.74),
        tiles=True,
        floor=(0.70, 0.74, 0.74),
        base="vanity",
        back="mirror_wall",
    ),
)
