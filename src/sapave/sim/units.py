"""An articulated piece in an episode: where it stands, how it is called, and where its handle is at every opening."""

from __future__ import annotations

from dataclasses import dataclass, replace

import mujoco
import numpy as np

from sapave.base.shelf import pick
from sapave.sim.furniture._articulated import BAR_RADIUS, Articulation
from sapave.sim.furniture._furniture import Palette
from sapave.sim.scenes._scene import Slot
from sapave.sim.turns import turn_z


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One drawer chest or cabinet. `name` is the body of its handle; `<name>_joint` its joint."""

    name: str
    articulation: Articulation
    position: np.ndarray
    """[3] middle of the closed bar [m]."""
    yaw: float
    """Turn of the piece about z; 0: it faces the robot along -x [rad]."""
    side: int
    """+1: on the left, the door's hinge on the left; -1: the mirror image."""
    colour: str
    rgb: tuple[float, float, float]
    start: float
    """The joint at the start [m or rad]."""
    hidden: bool = False
    """Does it stand where it is out of view at the default head pose?"""
    words: str = ""
    """How the episode calls it."""

    @property
    def joint(self) -> str:
        """Name of its joint."""
        return f"{self.name}_joint"

    @property
    def hand(self) -> str:
        """The hand on its side: `left` or `right`."""
        return "left" if self.side > 0 else "right"

    @property
    def over_middle(self) -> bool:
        """Does it reach past the middle, to the other hand's side?"""
        return self.side * float(self.position[1]) < self.articulation.reach[0]

    @property
    def in_corner(self) -> bool:
        """Does it stand in a corner, turned toward the robot?"""
        return abs(self.yaw) > 0.25 and not self.over_middle

    @property
    def radius(self) -> float:
        """Half of the bar's width [m]."""
        return BAR_RADIUS if self.articulation.upright else self.articulation.bar

    @property
    def half_height(self) -> float:
        """Half of the bar's height [m]."""
        return self.articulation.bar if self.articulation.upright else BAR_RADIUS

    def handle(self, joint: float) -> tuple[np.ndarray, float]:
        """Middle of the bar [3] m and heading of what is behind it [rad], in the base frame, at a joint value."""
        at, turn = self.articulation.handle(joint, self.side)
        return self.position + turn_z(self.yaw) @ at, self.yaw + turn

    def inside(self, point: np.ndarray, joint: float) -> bool:
        """Is a point [3] m of the base frame in the piece's room, at a joint value?"""
        room = self.articulation.room
        if room is None:
            return False
        at = turn_z(-self.yaw) @ (point - self.position) * [1.0, self.side, 1.0]
        at[0] += joint if room.moves else 0.0
        return bool(np.all(at > room.low) and np.all(at < room.high))

    def footprint(self) -> list[np.ndarray]:
        """Points [3] m of the floor space that it takes, standing and opening, at most 8 cm apart."""
        piece = self.articulation
        near, far = piece.reach
        xs, ys = np.arange(0.04, piece.depth, 0.08), np.append(np.arange(-near + 0.02, far - 0.02, 0.08), far - 0.02)
        case = [self.position + turn_z(self.yaw) @ [x, self.side * y, 0.0] for x in xs for y in ys]
        swept = [self.handle(joint)[0] for joint in np.linspace(0, piece.travel, 5)]
        return [np.array([p[0], p[1], self.position[2] - piece.height]) for p in case + swept]


def place_unit(
    slot: Slot, side: int, name: str, colour: str, rgb: tuple[float, float, float], g: np.random.Generator
) -> Unit:
    """A closed unit somewhere in a slot, on the left (+1) or on the right (-1)."""
    x, y = g.uniform(slot.low, slot.high)
    piece = articulation(slot.furniture)
    position = np.array([x, side * y, slot.z + piece.height])
    yaw = side * float(g.uniform(*slot.yaw))
    return Unit(
        name=name, articulation=piece, position=position, yaw=yaw, side=side, colour=colour, rgb=rgb, start=0.0,
        hidden=slot.hidden,
    )  # fmt: skip


def usual_handle(slot: Slot, side: int, share: float) -> np.ndarray:
    """Where the bar of a unit in the middle of a slot is, [3] m, on the left (+1) or on the right (-1), opened by a
    share of its travel."""
    piece = articulation(slot.furniture)
    x, y = np.mean([slot.low, slot.high], axis=0)
    at, _ = piece.handle(share * piece.travel, side)
    return np.array([x, side * y, slot.z + piece.height]) + turn_z(side * float(np.mean(slot.yaw))) @ at


def opened(unit: Unit, share: float) -> Unit:
    """The same unit, opened at the start by a share of its travel."""
    return replace(unit, start=share * unit.articulation.travel)


def articulation(furniture: str) -> Articulation:
    """How a piece of the shelf moves; ValueError for a static one."""
    found = pick("sapave.sim.furniture", "FURNITURE", furniture).articulation
    if found is None:
        raise ValueError(f"furniture '{furniture}' has no joint: a slot needs a piece with an articulation")
    return found


def add_unit(spec: mujoco.MjSpec, unit: Unit, palette: Palette) -> None:
    """Build a unit into a world; its joint starts at 0."""
    half = unit.yaw / 2
    scenery = [body.name for body in spec.worldbody.bodies if body.name.rpartition("_")[2].isdigit()]
    case = spec.worldbody.add_body(name=f"{unit.name}_case", pos=unit.position, quat=(np.cos(half), 0, 0, np.sin(half)))
    unit.articulation.add(case, palette, unit.rgb, unit.side)
    spec.add_exclude(bodyname1=case.name, bodyname2=f"{unit.name}_leaf")
    spec.add_exclude(bodyname1=case.name, bodyname2=unit.name)
    if unit.articulation.room is not None:  # deeper than the others: its back may stand in what is on the worktop
        for name in scenery:
            spec.add_exclude(bodyname1=name, bodyname2=f"{unit.name}_leaf")
