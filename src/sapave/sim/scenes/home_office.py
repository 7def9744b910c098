"""Home office: a white desk with a screen."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._homes import homes
from sapave.sim.scenes._room import DRAWERS, build_room, room_places
from sapave.sim.scenes._scene import TOP, Scene

SCENE = Scene(
    name="home_office",
    homes=homes("desk", swapped=True),
    places=room_places("desk"),
    suite="activemanip",
    slots=DRAWERS,
    build=partial(
        build_room,
        top=(0.92, 0.92, 0.90),
        front=(0.80, 0.81, 0.83),
        wall=(0.62, 0.70, 0.78),
        wood=(0.78, 0.66, 0.50),
        accent=(0.25, 0.40, 0.55),
        floor=(0.62, 0.52, 0.40),
        grain="flat",
        base="desk",
        fittings=(("monitor", 0.64, 0.0, TOP),),
    ),
)
