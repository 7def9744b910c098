"""Hammers and mallets, standing on their head with the handle up."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Shape
from sapave.sim.objects._mesh import lathe, slab, tube
from sapave.sim.turns import turn_x

_STEEL = (0.45, 0.46, 0.50)
_WOOD = (0.72, 0.52, 0.30)


def _build(
    rgb: RGB, g: np.random.Generator, *, grip: float, half: float, high: float, kind: str, heavy: float = 2.0
) -> Shape:
    """`rgb` is the handle's colour, or a mallet's head's; the head lies along y, `half` long and `high` thick."""
    r, length, w = 0.0165 * g.uniform(0.97, 1.03), grip * g.uniform(0.97, 1.03), high / 2
    below = 0.055  # from the middle of the grip to the support
    head = -below + w
    colour, shaft = (rgb, _WOOD) if kind == "mallet" else (_STEEL, rgb)
    outline = [
        (0.6 * r, head),
        (0.75 * r, -0.6 * below + w),
        (r, -0.1 * below),
        (0.9 * r, 0.3 * length),
        (r, length - below),
    ]
    parts = [turned(outline, shaft)]
    lay = turn_x(np.pi / 2)
    if kind == "mallet":
        barrel = lathe([(w * 0.94, -half), (w, -half + 0.004), (w, half - 0.004), (w * 0.94, half)], sides=14)
        parts.append(skin(barrel.at((0, 0, head), lay), colour, density=heavy))
    else:
        face = lathe([(0.8 * w, -half), (w, -half + 0.003), (w, -0.6 * half), (0.7 * w, -0.3 * half)], sides=12)
        parts.append(skin(face.at((0, 0, head), lay), colour, density=heavy))
        parts.append(skin(slab(0.75 * w, 0.36 * half, 0.8 * w, 0.004).at((0, 0, head)), colour, density=heavy))
        claw = np.array([[0, -0.3 * half, head], [0, -0.7 * half, head - 0.1 * w], [0, -half, head - 0.6 * w]])
        for x in (-0.45 * w, 0.45 * w) if kind == "claw" else (0.0,):
            flat = [(0.5 * w, 0.5 * w), (0.4 * w, 0.3 * w), (0.25 * w, 0.12 * w)]
            size = flat if kind == "claw" else [(0.8 * w, 0.6 * w), (0.8 * w, 0.35 * w), (0.8 * w, 0.15 * w)]
            parts.append(skin(tube(claw + [x, 0, 0], size, sides=8), colour, density=heavy))
    parts += [
        felt(BOX, (0.8 * w, half, w), (0, 0, head), grip=False),
        post(0.94 * r, head + w, length - below),
    ]
    return Shape(parts=tuple(parts), radius=r, half_height=below, mass=0.32)


FAMILY = Family(
    name="hammer",
    nouns=("hammer", "hand hammer", "tack hammer"),
    use="drive a nail with",
    colours=("red", "blue", "yellow", "black", "brown", "white"),
    models=(
        Model(
            name="claw hammer",
            synonyms=("carpenter's hammer",),
            material="steel",
            build=partial(_build, grip=0.155, half=0.045, high=0.028, kind="claw"),
        ),
        Model(
            name="locksmith's hammer",
            synonyms=("cross-peen hammer",),
            material="steel",
            colours=("brown", "red"),
            build=partial(_build, grip=0.150, half=0.042, high=0.027, kind="peen"),
        ),
        Model(
            name="rubber mallet",
            synonyms=("mallet",),
            material="rubber",
            use="tap a tile into place with",
            colours=("black", "red", "white"),
            build=partial(_build, grip=0.150, half=0.038, high=0.044, kind="mallet", heavy=1.0),
        ),
    ),
    yaws=(-0.4, 0.4),
    grasp="around the upright handle",
)
