"""Cucumbers and courgettes: straight and green, lying; too thin for the hand on a counter."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import lighter, skin
from sapave.sim.objects._family import RGB, Family, Model, Shape
from sapave.sim.objects._fruit import lying
from sapave.sim.objects._mesh import tube


def _build(rgb: RGB, g: np.random.Generator, *, thick: float, long: float, end: RGB, stripes: bool) -> Shape:
    r, length = thick * g.uniform(0.97, 1.03), long * g.uniform(0.95, 1.05)
    dark = (rgb[0] * 0.7, rgb[1] * 0.7, rgb[2] * 0.6)
    y = np.array([-0.5, -0.46, -0.3, 0.0, 0.3, 0.46, 0.5]) * length
    path = np.stack([0 * y, y, 0 * y], 1)
    body, _ = lying(path, [r * s for s in (0.5, 0.8, 1.0, 1.0, 1.0, 0.8, 0.5)])
    _, parts = lying(path[[1, 3, 5]], [r] * 3)
    tip = tube(np.array([[0, 0.48 * length, 0], [0, 0.54 * length, 0]]), [0.45 * r, 0.28 * r], sides=8)
    skins = [skin(body, dark), skin(tip, end)]
    if stripes:
        for angle in (0.5, 1.2, 1.9, 2.6):
            x, z = 0.93 * r * np.cos(angle), 0.93 * r * np.sin(angle)
            line = np.array([[x, -0.3 * length, z], [x, 0.3 * length, z]])
            skins.append(skin(tube(line, [0.0026, 0.0026], sides=5), lighter(dark, 0.65), density=0.0))
    return Shape(parts=(*skins, *parts), radius=r, half_height=r, mass=0.2)


FAMILY = Family(
    name="cucumber",
    nouns=("cucumber", "salad cucumber", "crisp cucumber"),
    use="slice into a salad",
    colours=("green",),
    models=(
        Model(
            name="garden cucumber",
            material="vegetable",
            build=partial(_build, thick=0.0205, long=0.150, end=(0.75, 0.75, 0.35), stripes=True),
        ),
        Model(
            name="courgette",
            synonyms=("zucchini",),
            material="vegetable",
            use="fry with garlic",
            build=partial(_build, thick=0.0220, long=0.130, end=(0.55, 0.60, 0.30), stripes=False),
        ),
        Model(
            name="pickling cucumber",
            synonyms=("gherkin",),
            material="vegetable",
            use="pickle in vinegar",
            build=partial(_build, thick=0.0195, long=0.090, end=(0.70, 0.72, 0.40), stripes=True),
        ),
    ),
    graspable=False,
)
