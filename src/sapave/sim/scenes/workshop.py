"""Workshop: beech bench, tools on a pegboard."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import SLOTS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="workshop",
    homes=homes("workbench"),
    places=room_places("bench"),
    suite="activemanip",
    slots=SLOTS,
    build=partial(
        build_room,
        top=(0.72, 0.56, 0.36),
        front=(0.42, 0.44, 0.46),
        wall=(0.74, 0.74, 0.72),
        wood=(0.66, 0.50, 0.32),
        accent=(0.70, 0.58, 0.40),
        floor=(0.42, 0.42, 0.42),
        base="workbench",
        back="pegboard_wall",
        fittings=(("toolbox", 0.62, 0.02, TOP),),
    ),
)
