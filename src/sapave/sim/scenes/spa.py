"""Spa: bamboo and slate."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import CABINETS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="spa",
    homes=homes("bathroom"),
    places=room_places("vanity"),
    suite="activemanip",
    held_out=True,
    slots=CABINETS,
    build=partial(
        build_room,
        top=(0.76, 0.66, 0.44),
        front=(0.34, 0.38, 0.40),
        wall=(0.42, 0.46, 0.48),
        wood=(0.74, 0.62, 0.40),
        accent=(0.80, 0.72, 0.50),
        tiles=True,
        floor=(0.38, 0.40, 0.41),
        base="vanity",
        back="mirror_wall",
    ),
)
