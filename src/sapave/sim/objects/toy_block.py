"""Building blocks of wood."""

from __future__ import annotations

from functools import partial

import numpy as np

from sapave.sim.objects._build import felt, lighter, post, skin, turned
from sapave.sim.objects._family import BOX, RGB, Family, Model, Part, Shape
from sapave.sim.objects._mesh import join, loft, slab


def _cube(rgb: RGB, g: np.random.Generator) -> Shape:
    a = g.uniform(0.0245, 0.0275)
    pale = lighter(rgb, 0.2)
    faces = join(
        slab(0.66 * a, 0.66 * a, 0.0006, 0.004).at((0, 0, a)),
        slab(0.66 * a, 0.0006, 0.66 * a, 0.0005).at((0, a, 0)),
        slab(0.66 * a, 0.0006, 0.66 * a, 0.0005).at((0, -a, 0)),
        slab(0.0006, 0.66 * a, 0.66 * a, 0.0005).at((a, 0, 0)),
        slab(0.0006, 0.66 * a, 0.66 * a, 0.0005).at((-a, 0, 0)),
    )
    parts = (skin(slab(a, a, a, 0.003, 0.002), rgb), skin(faces, pale, density=0.0), felt(BOX, (a, a, a)))
    return Shape(parts=parts, radius=a, half_height=a, mass=0.09)


def _pillar(rgb: RGB, g: np.random.Generator) -> Shape:
    r, h = g.uniform(0.023, 0.026), g.uniform(0.036, 0.042)
    parts = (turned([(r - 0.002, -h), (r, -h + 0.002), (r, h - 0.002), (r - 0.002, h)], rgb), post(r, -h, h))
    return Shape(parts=parts, radius=r, half_height=h, mass=0.10)


def _arch(rgb: RGB, g: np.random.Generator) -> Shape:
    a, b, h = g.uniform(0.042, 0.046), g.uniform(0.022, 0.025), g.uniform(0.024, 0.026)
    gap = 0.5 * a
    t = np.linspace(np.pi, 0, 9)
    inner = np.stack([gap * np.cos(t), -h + 1.35 * h * np.sin(t)], 1)
    outline = np.array([[-a, h], [-a, -h], *inner, [a, -h], [a, h]])
    # the outline is not star-shaped: two legs and a bow of quadrilaterals between it and the straight top
    rows = [np.array([[x, -b, z], [x, b, z], [x, b, h], [x, -b, h]]) for x, z in [(-a, -h), *inner, (a, -h)]]
    body = loft(np.array(rows))
    felts: list[Part] = [felt(BOX, ((a - gap) / 2, b, h), (s * (a + gap) / 2, 0, 0)) for s in (-1, 1)]
    felts.append(felt(BOX, (gap, b, (h - 0.35 * h) / 2), (0, 0, (h + 0.35 * h) / 2)))
    assert len(outline) == 13
    return Shape(parts=(skin(body, rgb), *felts), radius=b, half_height=h, mass=0.09)


def _brick(rgb: RGB, g: np.random.Generator, *, studs: int) -> Shape:
    a, b, h = g.uniform(0.040, 0.044), g.uniform(0.022, 0.025), g.uniform(0.021, 0.024)
    knob = [(0.0075, h - 0.001), (0.0075, h + 0.0055), (0.0065, h + 0.0065)]
    spots = [(x, y) for x in np.linspace(-0.7 * a, 0.7 * a, studs) for y in (-0.48 * b, 0.48 * b)]
    knobs = turned(knob, rgb).mesh
    assert knobs is not None
    top = join(*[knobs.at((float(x), float(y), 0.0)) for x, y in spots])
    return Shape(
        parts=(skin(slab(a, b, h, 0.002), rgb), skin(top, rgb), felt(BOX, (a, b, h))),
        radius=b,
        half_height=h,
        mass=0.06,
    )


FAMILY = Family(
    name="toy_block",
    nouns=("toy block", "building block", "toy brick"),
    use="build a tower with",
    colours=("red", "blue", "yellow", "green", "orange", "purple"),
    models=(
        Model(name="cube block", synonyms=("toy cube",), material="wood", build=_cube),
        Model(name="pillar block", synonyms=("toy column",), material="wood", build=_pillar),
        Model(name="studded brick", material="plastic", build=partial(_brick, studs=4)),
        Model(name="arch block", synonyms=("toy bridge",), material="wood", use="build a bridge with", build=_arch),
    ),
)
