"""Garden shed: grey planks and a green wall."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import CABINETS, build_room, room_places
from sapave.sim.scenes._scene import Scene

SCENE = Scene(
    name="shed",
    homes=homes("workbench"),
    places=room_places("bench"),
    suite="activemanip",
    slots=CABINETS,
    build=partial(
        build_room,
        top=(0.58, 0.54, 0.48),
        front=(0.36, 0.30, 0.24),
        wall=(0.44, 0.52, 0.38),
        wood=(0.50, 0.45, 0.38),
        accent=(0.58, 0.46, 0.32),
        floor=(0.40, 0.34, 0.28),
        base="workbench",
        back="pegboard_wall",
    ),
)
