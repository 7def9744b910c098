"""What a scene is: places with words, homes of things, furniture; and the kitchen that the three scenes vary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import mujoco
import numpy as np

from sapave.base.shelf import pick
from sapave.sim.furniture import counter, wall_shelf
from sapave.sim.furniture._furniture import RGB, Palette, add_material, jitter


@dataclass(frozen=True, kw_only=True)
class Place:
    """A region of a support surface where things stand; all reach figures measured (docs/units_and_frames.md)."""

    name: str
    words: str
    """As in `on the left counter`."""
    low: tuple[float, float]
    high: tuple[float, float]
    """Bounds of object centres (x, y) [m]."""
    z: float
    """Height of the surface [m]."""
    reachable: bool = True
    hidden: bool = False
    """Out of view at the default head pose."""
    mirrored: bool = False
    """The same region on the other side (-y) belongs to it too."""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """Where a scene may have an articulated piece of furniture, on either side; measured reach (docs)."""

    furniture: str
    """A name of the furniture shelf that has an articulation."""
    low: tuple[float, float]
    high: tuple[float, float]
    """Bounds of the middle of the closed bar (x, y) on the left side [m]."""
    z: float
    """Height of the surface it stands on [m]."""
    yaw: tuple[float, float] = (-0.1, 0.1)
    """Range of its turn on the left side; 0: it faces the robot along -x [rad]."""
    hidden: bool = False
    """Out of view at the default head pose."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A room around the robot in which things have homes."""

    name: str
    homes: Mapping[str, str]
    """Object family -> name of the place where this household keeps it."""
    places: Mapping[str, Place]
    build: Callable[[mujoco.MjSpec, np.random.Generator], Palette]
    """Adds walls, furniture, lights and materials; returns the palette."""
    suite: str = "kitchens"
    """Which benchmark draws it: `kitchens` or `activemanip`."""
    slots: tuple[Slot, ...] = ()
    """Where drawers and cabinets may be."""
    held_out: bool = False
    """Drawn by no seed, only by name: for the lists of unseen scenes."""

    @property
    def surface(self) -> str:
        """What its people call the worktop: `counter`, `desk`, `bench`."""
        return self.places["left"].words.split()[-1]

    def offers(self, needs: str) -> bool:
        """Can a task that needs this (`thing`, `drawer`, `cabinet`) be played here?"""
        if needs == "thing":
            return True
        pieces = (pick("sapave.sim.furniture", "FURNITURE", slot.furniture).articulation for slot in self.slots)
        return needs in {piece.kind for piece in pieces if piece is not None}


FRONT_EDGE = 0.18
"""Front edge of the worktop, x [m] (facts/simulation.md section 2)."""
SHELF_TOP = 1.10
SIDE_EDGE = 0.36
TOP = counter.HEIGHT


def kitchen_places() -> dict[str, Place]:
    """The places of every kitchen; what differs between households is what is kept where."""
    places = (
        Place(name="front_left", words="in front of you on the left", low=(0.23, 0.19), high=(0.32, 0.27), z=TOP),
        Place(name="front_right", words="in front of you on the right", low=(0.23, -0.27), high=(0.32, -0.19), z=TOP),
        Place(name="back", words="at the back", low=(0.50, -0.34), high=(0.64, 0.34), z=TOP, reachable=False),
        Place(name="left", words="on the left counter", low=(0.05, 0.40), high=(0.12, 0.45), z=TOP, hidden=True),
        Place(name="right", words="on the right counter", low=(0.05, -0.45), high=(0.12, -0.40), z=TOP, hidden=True),
        Place(
            name="shelf", words="on the upper shelf", low=(0.37, 0.08), high=(0.39, 0.17), z=SHELF_TOP, hidden=True,
            mirrored=True,
        ),
    )  # fmt: skip
    return {p.name: p for p in places}


def put(spec: mujoco.MjSpec, name: str, palette: Palette, g: np.random.Generator, pos: tuple, yaw: float = 0.0) -> None:
    """Add the piece of furniture `name` with its anchor at pos [m], turned by yaw [rad]."""
    body = spec.worldbody.add_body(
        name=f"{name}_{len(spec.bodies)}", pos=pos, quat=(np.cos(yaw / 2), 0, 0, np.sin(yaw / 2))
    )
    pick("sapave.sim.furniture", "FURNITURE", name).add(body, palette, g)


def add_backdrop(spec: mujoco.MjSpec, rgb: RGB) -> None:
    """What is seen past the kitchen's own walls: more wall of the same colour, darker toward the floor."""
    spec.add_texture(
        name="backdrop",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=rgb,
        rgb2=tuple(0.55 * value for value in rgb),
        width=16,
        height=96,
    )


def add_lights(spec: mujoco.MjSpec, g: np.random.Generator) -> None:
    """Two lamps whose place, strength and warmth vary."""
    for side in (-1, 1):
        strength = g.uniform(0.25, 0.5)
        warm = g.uniform(0.85, 1.0)
        spec.worldbody.add_light(
            pos=(g.uniform(-0.4, 0.4), side * g.uniform(0.3, 1.0), 2.4),
            dir=(0.25, -0.3 * side, -1.0),
            diffuse=(strength, strength * (0.5 + 0.5 * warm), strength * warm),
            specular=(0.1, 0.1, 0.1),
            castshadow=False,
        )
    ambient = g.uniform(0.32, 0.48)
    spec.visual.headlight.ambient = (ambient, ambient, ambient)
    spec.visual.headlight.diffuse = (0.25, 0.25, 0.25)
    spec.visual.headlight.specular = (0.0, 0.0, 0.0)


def build_kitchen(
    spec: mujoco.MjSpec,
    g: np.random.Generator,
    *,
    worktop: RGB,
    front: RGB,
    wall: RGB,
    wood: RGB,
    accent: RGB,
    tiles: bool,
    fittings: tuple[tuple[str, float, float, float], ...],
) -> Palette:
    """Counter, two wings, wall, open shelf and `fittings` (furniture name, x, y, z)."""
    stone, cupboard, plaster = jitter(worktop, g), jitter(front, g, 0.04), jitter(wall, g, 0.04)
    palette = Palette(
        worktop=add_material(spec, "worktop", stone, jitter(stone, g, 0.12), kind="speckle", repeat=5),
        front=add_material(spec, "front", cupboard, cupboard, kind="flat"),
        wall=add_material(
            spec, "wall", plaster, jitter(plaster, g, 0.08), kind="checker" if tiles else "flat", repeat=6
        ),
        wood=add_material(spec, "wood", jitter(wood, g, 0.04), jitter(wood, g, 0.08), kind="speckle", repeat=2),
        accent=jitter(accent, g, 0.04),
    )
    floor = add_material(spec, "floor", (0.45, 0.40, 0.36), (0.40, 0.35, 0.31), kind="checker", repeat=3)
    ground = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=(4, 4, 0.1), contype=1, conaffinity=3)
    ground.material = floor
    put(spec, "wall", palette, g, (FRONT_EDGE + counter.DEPTH, 0, 0))
    put(spec, "counter", palette, g, (FRONT_EDGE, 0, TOP))
    put(spec, "side_counter", palette, g, (FRONT_EDGE - 0.30, SIDE_EDGE, TOP))
    put(spec, "side_counter", palette, g, (FRONT_EDGE - 0.30, -SIDE_EDGE, TOP), yaw=np.pi)
    put(spec, "wall_shelf", palette, g, (0.345, 0, SHELF_TOP))
    for name, x, y, z in fittings:
        put(spec, name, palette, g, (x, y, z))
    add_backdrop(spec, plaster)
    add_lights(spec, g)
    return palette


assert wall_shelf.DEPTH < 0.4  # the shelf ends before the wall
