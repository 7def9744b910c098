"""What an object family is: its words and its models, and how one individual is built from primitives and meshes."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np

from sapave.base import seeds
from sapave.base.shelf import choose
from sapave.sim.objects._mesh import Mesh

RGB = tuple[float, float, float]

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

NATURAL = {
    "brown": (0.065, 0.60, 0.42),
    "beige": (0.100, 0.30, 0.84),
    "grey": (0.600, 0.05, 0.48),
    "silver": (0.590, 0.05, 0.76),
}
"""More colours, for families that name their own."""

LOOKS = {"train": (0, 40), "val": (40, 50), "test": (50, 60)}
"""Look numbers [lo, hi) of each split: sizes and shades of test objects never occur in training."""

UNSEEN_LOOKS = LOOKS["test"]
HIDDEN_GROUP = 3
"""Geom group of parts that are felt but not drawn."""

CYLINDER, BOX, SPHERE, CAPSULE, ELLIPSOID, MESH = (
    mujoco.mjtGeom.mjGEOM_CYLINDER,
    mujoco.mjtGeom.mjGEOM_BOX,
    mujoco.mjtGeom.mjGEOM_SPHERE,
    mujoco.mjtGeom.mjGEOM_CAPSULE,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    mujoco.mjtGeom.mjGEOM_MESH,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One piece of an object, in the object's frame (origin at its geometric centre, z up)."""

    shape: mujoco.mjtGeom
    size: tuple[float, ...] = ()
    pos: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rgb: RGB = (0.5, 0.5, 0.5)
    solid: bool = True
    """False: drawn, but touches nothing."""
    drawn: bool = True
    """False: felt, but not seen."""
    quat: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    mesh: Mesh | None = None
    """With shape MESH; when it is solid, its convex hull is what touches."""
    alpha: float = 1.0
    weight: float | None = None
    """Share of the mass, up to a common factor; None: by its volume when it is solid, else none."""
    grip: bool = True
    """False: a hand that sizes the object up leaves this piece out (a foot, a handle)."""


@dataclass(frozen=True, kw_only=True)
class Cavity:
    """The room inside a hollow thing, in its frame."""

    radius: float
    """Inner radius at half depth [m]."""
    depth: float
    """From the rim down to the floor [m]."""
    floor: float
    """Height of the floor, relative to the object's centre [m]."""
    wall: float
    """Thickness of the wall [m]."""
    profile: tuple[tuple[float, float], ...] = ()
    """(inner radius, height relative to the object's centre) from the floor up to the rim [m]."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The body of one individual."""

    parts: tuple[Part, ...]
    radius: float
    """Half of the horizontal width that a hand must span [m]."""
    half_height: float
    """From the centre to the support [m]."""
    mass: float
    cavity: Cavity | None = None


Build = Callable[[RGB, np.random.Generator], Shape]
"""(rgb, generator of the look) -> Shape."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One named object of a family, such as `camping mug`."""

    name: str
    """Unique over all families."""
    material: str
    build: Build
    synonyms: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    """Empty: the family's."""
    use: str = ""
    """Completes 'something to ...'; empty: the family's."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A kind of thing."""

    name: str
    nouns: tuple[str, ...]
    """What people call it; the last one is kept for the test split when there are three or more."""
    use: str
    """Completes 'something to ...'."""
    colours: tuple[str, ...] = tuple(COLOURS)
    build: Build | None = None
    """The individual that a look stands for; None: the look chooses among the models."""
    models: tuple[Model, ...] = ()
    """Its objects; with three or more, the last one is chosen by looks of the test split only."""
    graspable: bool = True
    """One hand can take it; False: it only receives, stands in the way or is looked at."""
    hollow: bool = False
    """Open at the top: every object of it has a cavity (`Shape.cavity`) that can hold liquid."""
    yaws: tuple[float, float] = (-np.pi, np.pi)
    """How it may be turned when it is put somewhere on the left (y > 0) [rad]; the mirror image on the right."""
    grasp: str = "around the body"
    """For people: where a hand takes it (the expert finds its grasp by itself)."""

    def details(self) -> dict[str, Any]:
        """What `sapave list objects --json` says beside the name."""
        return {
            "nouns": list(self.nouns),
            "use": self.use,
            "colours": list(self.colours),
            "graspable": self.graspable,
            "hollow": self.hollow,
            "grasp": self.grasp if self.graspable else "not with one hand",
            "objects": [self._object(model) for model in self.models],
        }

    def _object(self, model: Model) -> dict[str, Any]:
        colours = model.colours or self.colours
        shape = make_thing("thing0", self, colours[0], 0, model=model.name).shape
        return {
            "name": model.name,
            "synonyms": list(model.synonyms),
            "colours": list(colours),
            "material": model.material,
            "use": model.use or self.use,
            "mass_kg": shape.mass,
            "hollow": shape.cavity is not None,
            "width_m": round(2 * shape.radius, 4),
            "half_height_m": round(shape.half_height, 4),
        }


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
    model: str = ""
    """Name of the object, e.g. `camping mug`."""
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


def shade(colour: str, generator: np.random.Generator) -> RGB:
    """RGB of a named colour, a little off as real things are; never so far that the name changes."""
    hue, saturation, value = COLOURS[colour] if colour in COLOURS else NATURAL[colour]
    hue = (hue + generator.uniform(-0.012, 0.012)) % 1.0
    saturation = float(np.clip(saturation * generator.uniform(0.88, 1.1), 0, 1))
    value = float(np.clip(value * generator.uniform(0.88, 1.1), 0, 1))
    return colorsys.hsv_to_rgb(hue, saturation, value)


def make_thing(name: str, family: Family, colour: str, look: int, *, model: str = "") -> Thing:
    """Individual `look` of a family in a named colour, of one `model` or ('') of the one that the look stands for; the
    same look is the same thing everywhere. KeyError when the family has no such model."""
    known = {m.name: m for m in family.models}
    chosen = choose(known, model, f"{family.name} model") if model else _model_of(family, colour, look)
    build, words = family.build, (family.name,)
    if chosen is not None and chosen.build is not family.build:
        build, words = chosen.build, (family.name, chosen.name)
    assert build is not None, f"{family.name}: a family needs a build or models"
    generator = seeds.rng(look, "look", *words)
    shape = build(shade(colour, generator), generator)
    return Thing(
        name=name,
        family=family,
        colour=colour,
        look=look,
        shape=shape,
        words=f"{colour} {family.name.replace('_', ' ')}",
        model=chosen.name if chosen is not None else "",
    )


def _model_of(family: Family, colour: str, look: int) -> Model | None:
    """The model that a look stands for, among those that come in this colour."""
    if family.build is not None:
        return next((m for m in family.models if m.build is family.build), None)
    kept = family.models
    if len(kept) >= 3 and look < UNSEEN_LOOKS[0]:
        kept = kept[:-1]
    kept = tuple(m for m in kept if colour in (m.colours or family.colours)) or kept
    return kept[int(seeds.rng(look, "model", family.name, colour).integers(len(kept)))]


def add_thing(spec: mujoco.MjSpec, thing: Thing, pos: np.ndarray, yaw: float, pose: np.ndarray | None = None) -> None:
    """Put a thing into a world with a free joint, its centre at pos [3] m, standing, or as `pose` [4] (wxyz) says,
    then turned by yaw [rad] about the vertical."""
    quat = np.array([np.cos(yaw / 2), 0, 0, np.sin(yaw / 2)])
    if pose is not None:
        turned = np.zeros(4)
        mujoco.mju_mulQuat(turned, quat, pose)
        quat = turned
    body = spec.worldbody.add_body(name=thing.name, pos=pos, quat=quat)
    body.add_freejoint(name=f"{thing.name}_free")
    total = sum(_bulk(p) for p in thing.shape.parts)
    for i, part in enumerate(thing.shape.parts):
        mesh = ""
        if part.mesh is not None:
            mesh = f"{thing.name}_mesh{i}"
            spec.add_mesh(name=mesh, uservert=part.mesh.vertices.ravel(), userface=part.mesh.faces.ravel())
        add_part(body, part, mass=thing.shape.mass * _bulk(part) / total, mesh=mesh)


def _bulk(part: Part) -> float:
    """Share of the mass: the given weight, else the volume of a solid primitive up to a constant that is about the same
    for every shape; 0 for a drawn one."""
    if part.weight is not None:
        return part.weight
    x, y, z = (*part.size, part.size[-1], part.size[-1])[:3]
    volume = x * x * y if part.shape == CYLINDER else x * y * z
    return volume if part.solid else 0.0


def add_part(body: mujoco.MjsBody, part: Part, mass: float, mesh: str = "") -> None:
    """Add one piece to a body (`mesh`: name of its mesh in the spec); env things collide with everything."""
    size = (*part.size, 0.0, 0.0, 0.0)[:3]
    bits = (1, 3) if part.solid else (0, 0)
    geom = body.add_geom(
        type=part.shape,
        size=size,
        pos=part.pos,
        quat=part.quat,
        rgba=(*part.rgb, part.alpha),
        mass=mass,
        contype=bits[0],
        conaffinity=bits[1],
        condim=6,
        friction=[1.0, 0.01, 0.002],
        solref=[0.01, 1],
        solimp=[0.9, 0.98, 0.002, 0.5, 2],
    )
    if mesh:
        geom.meshname = mesh
    if not part.drawn:
        geom.group = HIDDEN_GROUP
