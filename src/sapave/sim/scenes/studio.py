"""Studio kitchen: groceries on the shelf, fruit on the right board, cups and tea on the left wing."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._scene import TOP, Scene, build_kitchen, kitchen_places

SCENE = Scene(
    name="studio",
    homes={
        "cup": "left",
        "mug": "left",
        "apple": "right",
        "pear": "right",
        "sponge": "left",
        "can": "shelf",
        "bottle": "right",
        "jar": "shelf",
        "carton": "right",
        "tea_box": "left",
    },
    places=kitchen_places(),
    build=partial(
        build_kitchen,
        worktop=(0.86, 0.85, 0.82),
        front=(0.30, 0.36, 0.44),
        wall=(0.72, 0.70, 0.68),
        wood=(0.74, 0.62, 0.46),
        accent=(0.42, 0.44, 0.50),
        tiles=True,
        fittings=(("stove", 0.62, 0.45, TOP), ("fruit_board", 0.09, -0.46, TOP), ("mat", 0.09, 0.46, TOP)),
    ),
)
