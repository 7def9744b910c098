"""Jugs: a slim body with a lip and a handle on its +x side, hollow."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import darker, handle, lighter, skin, vessel
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._mesh import tube


def _build(
    rgb: RGB, g: np.random.Generator, *, tall: float, neck: float, marks: bool = False, alpha: float = 1.0
) -> Shape:
    r, h = g.uniform(0.0325, 0.0345), tall * g.uniform(0.97, 1.03)
    outline = [(0.84 * r, 0.0), (r, 0.25 * h), (0.97 * r, 0.5 * h), (neck * r, 0.8 * h), ((neck + 0.07) * r, h)]
    top = (neck + 0.02) * r
    lip = np.array([[-top + 0.004, 0, h / 2 - 0.011], [-top - 0.004, 0, h / 2 - 0.004], [-top - 0.010, 0, h / 2]])
    extra = [*handle(0.92 * r, -0.22 * h, 0.30 * h, 0.020, rgb)]
    extra.append(skin(tube(lip, [(0.011, 0.002), (0.009, 0.002), (0.004, 0.002)], sides=8), rgb, alpha=alpha))
    if marks:
        for z in (-0.2, 0.0, 0.2):
            line = np.array([[-0.1 * r, 1.005 * r, z * h], [0.35 * r, 0.95 * r, z * h]])
            extra.append(skin(tube(line, [0.0014, 0.0014], sides=5), (0.75, 0.1, 0.1), density=0.0))
    inside = lighter(rgb, 0.35) if alpha < 1 else darker(rgb, 0.6)
    return vessel(outline, 0.0035, rgb, mass=0.25, inside=inside, steps=(0, 1, 3, 4), extra=extra, alpha=alpha)


FAMILY = Family(
    name="jug",
    nouns=("jug", "pitcher", "ewer"),
    use="pour water into glasses",
    colours=("white", "blue", "yellow", "red", "green", "pink"),
    models=(
        Model(name="water jug", material="ceramic", build=partial(_build, tall=0.118, neck=0.80)),
        Model(
            name="milk jug",
            synonyms=("creamer",),
            material="ceramic",
            use="pour milk into coffee",
            build=partial(_build, tall=0.086, neck=0.74),
        ),
        Model(
            name="measuring jug",
            synonyms=("measuring cup",),
            material="plastic",
            use="measure flour with",
            colours=("white", "blue", "pink"),
            build=partial(_build, tall=0.098, neck=0.95, marks=True, alpha=0.85),
        ),
    ),
    hollow=True,
    yaws=(-0.9, 0.9),
    grasp="around the body, the handle away from the palm",
)
