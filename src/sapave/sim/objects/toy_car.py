"""Toy vehicles; they point along x."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, skin
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import Mesh, join, lathe, loft, slab
from sapave.sim.turns import turn_x

_TYRE = (0.10, 0.10, 0.11)
_PANE = (0.60, 0.78, 0.88)


def _cabin(front: float, back: float, half: float, low: float, high: float) -> Mesh:
    """A roof that is shorter than its windows."""
    foot = np.array([[front, -half], [front, half], [back, half], [back, -half]])
    roof = np.array([[front - 0.010, -half + 0.003], [front - 0.010, half - 0.003], [back + 0.006, half - 0.003]])
    roof = np.concatenate([roof, [[back + 0.006, -half + 0.003]]])
    levels = [np.c_[foot, np.full(4, low)], np.c_[roof, np.full(4, high)]]
    return loft(np.array(levels))


def _build(rgb: RGB, g: np.random.Generator, *, kind: str, long: float, wide: float, tall: float) -> Shape:
    a, b, h = long * g.uniform(0.97, 1.03), wide * g.uniform(0.97, 1.03), tall * g.uniform(0.97, 1.03)
    wheel, belt = 0.30 * h, -0.02 * h
    body = slab(a, b, (h + belt - 0.25 * h) / 2, 0.007, 0.003)
    low = skin(body.at((0, 0, belt - (h + belt - 0.25 * h) / 2)), rgb)
    tyre = lathe([(0.5 * wheel, -0.004), (wheel, -0.0035), (wheel, 0.0035), (0.5 * wheel, 0.004)], sides=12)
    spots = [(x * a, y * (b - 0.001), -h + wheel) for x in (-0.58, 0.58) for y in (-1, 1)]
    tyres = skin(join(*[tyre.at(spot, turn_x(np.pi / 2)) for spot in spots]), _TYRE)
    parts: list[Part] = [low, tyres]
    if kind == "car":
        parts += [
            skin(_cabin(0.36 * a, -0.72 * a, b - 0.002, belt, h), _PANE, density=0.5),
            skin(slab(0.36 * a, b - 0.005, 0.002, 0.004).at((-0.17 * a, 0, h)), rgb),
        ]
    elif kind == "bus":
        parts += [
            skin(slab(a - 0.001, b + 0.0005, 0.24 * h, 0.007).at((0, 0, 0.25 * h)), _PANE, density=0.5),
            skin(slab(a, b, 0.26 * h, 0.007, 0.003).at((0, 0, 0.74 * h)), rgb),
        ]
    else:
        parts += [
            skin(slab(0.30 * a, b, 0.42 * h, 0.004).at((0.66 * a, 0, 0.4 * h)), rgb),
            skin(slab(0.05 * a, b - 0.003, 0.2 * h, 0.002).at((0.94 * a, 0, 0.5 * h)), _PANE, density=0.5),
            skin(slab(0.62 * a, b, 0.48 * h, 0.003).at((-0.34 * a, 0, 0.5 * h)), lighter(rgb, 0.25), density=0.5),
        ]
    share = 0.6 if kind == "car" else 0.98
    parts += [
        felt(BOX, (0.78 * a, b, (belt + h) / 2), (0, 0, (belt - h) / 2)),
        felt(BOX, (a, b, (belt + 0.6 * h) / 2), (0, 0, (belt - 0.6 * h) / 2)),
        felt(BOX, (share * a, b - 0.002, (h - belt) / 2), (-0.15 * a if kind == "car" else 0.0, 0, (h + belt) / 2)),
    ]
    return Shape(parts=tuple(parts), radius=b, half_height=h, mass=0.11)


FAMILY = Family(
    name="toy_car",
    nouns=("toy car", "toy vehicle", "model car"),
    use="race across the floor",
    colours=("red", "blue", "yellow", "green", "white", "orange"),
    models=(
        Model(
            name="toy saloon",
            synonyms=("little car",),
            material="painted metal",
            build=partial(_build, kind="car", long=0.044, wide=0.026, tall=0.024),
        ),
        Model(
            name="toy bus",
            synonyms=("little bus",),
            material="painted metal",
            use="play bus stop with",
            build=partial(_build, kind="bus", long=0.045, wide=0.025, tall=0.028),
        ),
        Model(
            name="toy lorry",
            synonyms=("toy truck",),
            material="plastic",
            use="carry sand in the sandpit",
            build=partial(_build, kind="lorry", long=0.045, wide=0.026, tall=0.029),
        ),
    ),
)
