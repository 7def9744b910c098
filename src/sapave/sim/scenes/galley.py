"""Galley kitchen: cups on the upper shelf, fruit on the left board, the pantry on the right."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._scene import TOP, Scene, build_kitchen, kitchen_places

SCENE = Scene(
    name="galley",
    homes={
        "cup": "shelf",
        "mug": "shelf",
        "apple": "left",
        "pear": "left",
        "sponge": "left",
        "can": "right",
        "bottle": "right",
        "jar": "right",
        "carton": "right",
        "tea_box": "shelf",
    },
    places=kitchen_places(),
    build=partial(
        build_kitchen,
        worktop=(0.55, 0.55, 0.57),
        front=(0.88, 0.88, 0.86),
        wall=(0.80, 0.84, 0.86),
        wood=(0.62, 0.47, 0.32),
        accent=(0.50, 0.62, 0.66),
        tiles=True,
        fittings=(("stove", 0.62, -0.45, TOP), ("fruit_board", 0.09, 0.46, TOP), ("mat", 0.09, -0.46, TOP)),
    ),
)
