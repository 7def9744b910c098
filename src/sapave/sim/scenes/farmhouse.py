"""Farmhouse kitchen: mugs and cups on the right wing, preserves on the shelf, fruit and drinks on the left."""

from __future__ import annotations

from functools import partial

from sapave.sim.scenes._scene import TOP, Scene, build_kitchen, kitchen_places

SCENE = Scene(
    name="farmhouse",
    homes={
        "cup": "right",
        "mug": "right",
        "apple": "left",
        "pear": "left",
        "sponge": "right",
        "can": "shelf",
        "bottle": "left",
        "jar": "shelf",
        "carton": "left",
        "tea_box": "shelf",
    },
    places=kitchen_places(),
    build=partial(
        build_kitchen,
        worktop=(0.58, 0.44, 0.30),
        front=(0.55, 0.62, 0.52),
        wall=(0.90, 0.86, 0.76),
        wood=(0.48, 0.34, 0.22),
        accent=(0.66, 0.58, 0.44),
        tiles=False,
        fittings=(("sink", 0.62, -0.45, TOP), ("fruit_board", 0.09, 0.46, TOP), ("mat", 0.09, -0.46, TOP)),
    ),
)
