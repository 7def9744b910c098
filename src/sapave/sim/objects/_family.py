"""What an object family is: its words, its home, and how one individual is built from primitives."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass, field

import mujoco
import numpy as np

from sapave.base import seeds

COLOURS = {
    "red": (0.0, 0.85, 0.80),
    "orange": (0.075, 0.92, 0.95),
    "yellow": (0.150, 0.90, 0.95),
    "green": (0.345, 0.75, 0.60),
    "blue": (0.600, 0.80, 0.80),
    "purple": (0.770, 0.65, 0.60),
    "pink": (0.905, 0.50, 0.95),
    "white": (0.100, 0.03, 0.95),
    "black": (0.600, 0.10, 0.13),
}
"""Named colours as (hue, saturation, value)."""

LOOKS = {"train": (0, 40), "val": (40, 50), "test": (50, 60)}
"""Look numbers [lo, hi) of each split: sizes and shades of test objects never occur in training."""

CYLINDER, BOX, SPHERE, CAPSULE, ELLIPSOID = (
    mujoco.mjtGeom.mjGEOM_CYLINDER,
    mujoco.mjtGeom.mjGEOM_BOX,
    mujoco.mjtGeom.mjGEOM_SPHERE,
    mujoco.mjtGeom.mjGEOM_CAPSULE,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID,
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One primitive of an object, in the object's frame (origin at its geometric centre, z up)."""

    shape: mujoco.mjtGeom
    size: tuple[float, ...]
    pos: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rgb: tuple[float, float, float]
    solid: bool = True
    """False: drawn, but touches nothing."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The body of one individual."""

    parts: tuple[Part, ...]
    radius: float
    """Half of the horizontal width that a hand must span [m]."""
    half_height: float
    """From the centre to the support [m]."""
    mass: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of thing."""

    name: str
    nouns: tuple[str, ...]
    """What people call it; the last one is kept for the test split when there are three or more."""
    use: str
    """Completes 'something to ...'."""
    colours: tuple[str, ...] = tuple(COLOURS)
    build: Callable[[tuple[float, float, float], np.random.Generator], Shape]
    """(rgb, generator of the look) -> Shape."""


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One individual in a scene."""

    name: str
    """Body name, `thing0` ..."""
    family: Family
    colour: str
    look: int
    shape: Shape
    words: str = ""
    """How the scene calls it, e.g. `red mug`."""
    place: str = ""
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def radius(self) -> float:
        """Half of the width that a hand must span [m]."""
        return self.shape.radius

    @property
    def half_height(self) -> float:
        """From the centre to the support [m]."""
        return self.shape.half_height


def shade(colour: str, generator: np.random.Generator) -> tuple[float, float, float]:
    """RGB of a named colour, a little off as real things are; never so far that the name changes."""
    hue, saturation, value = COLOURS[colour]
    hue = (hue + generator.uniform(-0.012, 0.012)) % 1.0
    saturation = float(np.clip(saturation * generator.uniform(0.88, 1.1), 0, 1))
    value = float(np.clip(value * generator.uniform(0.88, 1.1), 0, 1))
    return colorsys.hsv_to_rgb(hue, saturation, value)


def make_thing(name: str, family: Family, colour: str, look: int) -> Thing:
    """Individual `look` of a family in a named colour; the same look is the same thing everywhere."""
    generator = seeds.rng(look, "look", family.name)
    shape = family.build(shade(colour, generator), generator)
    return Thing(
        name=name,
        family=family,
        colour=colour,
        look=look,
        shape=shape,
        words=f"{colour} {family.name.replace('_', ' ')}",
    )


def add_thing(spec: mujoco.MjSpec, thing: Thing, pos: np.ndarray, yaw: float) -> None:
    """Put a thing into a world with a free joint, its centre at pos [3] m, turned by yaw [rad]."""
    body = spec.worldbody.add_body(name=thing.name, pos=pos, quat=[np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])
    body.add_freejoint(name=f"{thing.name}_free")
    total = sum(_bulk(p) for p in thing.shape.parts)
    for part in thing.shape.parts:
        add_part(body, part, mass=thing.shape.mass * _bulk(part) / total)


def _bulk(part: Part) -> float:
    """Volume of a solid part, up to a constant that is about the same for every shape; 0 for a drawn one."""
    x, y, z = (*part.size, part.size[-1], part.size[-1])[:3]
    volume = x * x * y if part.shape == CYLINDER else x * y * z
    return volume if part.solid else 0.0


def add_part(body: mujoco.MjsBody, part: Part, mass: float) -> None:
    """Add one primitive to a body; env things collide with everything."""
    size = (*part.size, 0.0, 0.0)[:3]
    bits = (1, 3) if part.solid else (0, 0)
    body.add_geom(
        type=part.shape,
        size=size,
        pos=part.pos,
        rgba=(*part.rgb, 1.0),
        mass=mass,
        contype=bits[0],
        conaffinity=bits[1],
        condim=6,
        friction=[1.0, 0.01, 0.002],
        solref=[0.01, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
    )
