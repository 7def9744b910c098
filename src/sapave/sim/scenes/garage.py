"""Garage: a steel bench, blue walls, a toolbox."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="garage",
    homes=homes("workbench", swapped=True),
    places=room_places("bench"),
    suite="activemanip",
    held_out=True,
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.44, 0.46, 0.48),
        front=(0.30, 0.32, 0.34),
        wall=(0.46, 0.56, 0.66),
        wood=(0.36, 0.38, 0.40),
        accent=(0.86, 0.84, 0.80),
        floor=(0.34, 0.34, 0.35),
        base="workbench",
        back="pegboard_wall",
        fittings=(("toolbox", 0.62, -0.4, TOP),),
    ),
)
