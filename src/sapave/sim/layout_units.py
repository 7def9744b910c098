"""Candidates of the articulated tasks: which drawer or cabinet, on which side, what stands around, what hides it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import Layout, Plant, Standing, distract, families
from sapave.sim.objects._family import COLOURS, LOOKS, make_thing, shade
from sapave.sim.scenes._scene import Place, Scene, Slot
from sapave.sim.tasks._task import Task
from sapave.sim.turns import turn_z
from sapave.sim.units import Unit, articulation, opened, place_unit

SECOND = 0.4
"""How often there is a second unit of the kind, on the other side."""
HEADROOM = 0.006
"""What is in a drawer or cabinet is at least this much lower than the room [m]."""
KEPT = {
    "drawer": ("apple", "onion", "tangerine", "tomato"),
    "cabinet": ("apple", "lemon", "onion", "tangerine", "tomato"),
}
"""Families that are kept in drawers and cabinets: what a hand takes out of them (measured: it loses boxes, and the neck
of a pear is caught under the edge of the chest; a lemon, long and lying, slips out of a hand that comes from above: 4
of 13 lost)."""
LOOKED = 8
"""So many individuals of a family are looked at for one that fits."""
LOW = 0.030
"""Half height of the lowest of them [m]: between the walls of a drawer fingers do not get below lower ones."""
SPOTS = ((0.28, 0.02), (0.28, 0.06), (0.26, -0.01))
"""Where a thing out of a unit may be put (x, distance from the middle away from the unit) [m]."""
BESIDE_MIDDLE = ((0.27, 0.25), (0.25, 0.23), (0.29, 0.27))
"""The same for a unit that reaches over the middle [m]."""
CORNER = (0.04, 0.01, -0.35)
"""In a corner a chest for things stands so much farther off (x, y) [m], and is turned so much less toward the robot
[rad]: what lies in it would be too near to the elbow."""
BESIDE = 0.09
"""From such a spot to the nearest point of a unit's footprint [m]."""
BEHIND = (0.14, 0.05)
"""So much farther back and nearer to the unit the pot of a plant stands where a thing is to be put down [m]."""
EYE = np.array([0.125, 0.0, 1.19])
"""The head camera at the default pose [m]."""


def sample_units(spec: EpisodeSpec, task: Task, scene: Scene, g: np.random.Generator) -> Layout:
    """A candidate of a task whose target is a unit."""
    split = seeds.split_of(spec.seed)
    slots = slots_of(scene, task)
    hidden = spec.condition == "out_of_view"
    side = int(g.choice([-1, 1]))
    colours = [str(c) for c in g.permutation(sorted(COLOURS))[:2]]
    target = place_unit(_choose(slots, hidden, g), side, "unit0", colours[0], shade(colours[0], g), g)
    target = opened(target, float(g.uniform(*task.start)))
    units = [target]
    if g.uniform() < SECOND and not target.over_middle:  # which leaves no room on the other side
        slot = _choose(slots, bool(g.uniform() < 0.5), g)
        units.append(place_unit(slot, -side, "unit1", colours[1], shade(colours[1], g), g))
    plant = _plant(target, g) if spec.condition == "occluded" else None
    if plant is not None and task.fetches:  # not where the thing is put down
        x, y = BEHIND
        plant = replace(plant, pot=plant.pot + [x, target.side * y, 0.0])
    taken = [point for unit in units for point in unit.footprint()]
    if plant is not None:
        taken.append(plant.pot)
    standings: list[Standing] = []
    names, used = list(g.permutation(sorted(scene.homes))), set(colours)
    if task.fetches:
        standings.append(_content(target, names, split, used, g))
        taken += put_down_spots(target)
    distract(standings, names, scene, split, taken, used, g)
    words = _words(target, len(units) > 1, split, g)
    templates = task.templates[split]
    template = templates[int(g.integers(len(templates)))]
    if task.fetches:
        thing = standings[0].thing
        nouns = thing.family.nouns if split == "test" else thing.family.nouns[:-1]
        named = f"{thing.colour} {nouns[int(g.integers(len(nouns)))]}"
        text = template.format(object=named, unit=words, surface=scene.surface, goal="")
    else:
        text = template.format(object=words, goal="")
    units[0] = replace(target, words=words)
    return Layout(
        scene=scene,
        standings=tuple(standings),
        goal=None,
        occluder=None,
        instruction=text,
        units=tuple(units),
        plant=plant,
    )


def slots_of(scene: Scene, task: Task) -> list[Slot]:
    """Where in a scene a unit that the task needs may stand."""
    slots = [s for s in scene.slots if articulation(s.furniture).kind == task.needs]
    return [roomy(slot) for slot in slots] if task.fetches else slots


def roomy(slot: Slot) -> Slot:
    """The slot with the piece of its kind that has room for a thing; a drawer with a longer way stands so much farther
    back."""
    own = articulation(slot.furniture)
    if own.room is not None:
        return slot
    for name in shelf("sapave.sim.furniture", "FURNITURE"):
        piece = pick("sapave.sim.furniture", "FURNITURE", name).articulation
        if piece is not None and piece.kind == own.kind and piece.room is not None:
            back = max(0.0, piece.travel - own.travel) if piece.room.moves else 0.0
            yaw, turn = sum(slot.yaw) / 2, 0.0
            x, y = back * np.cos(yaw), back * np.sin(yaw)
            if slot.hidden and piece.room.moves:
                x, y, turn = x + CORNER[0], y + CORNER[1], CORNER[2]
            low, high = (slot.low[0] + x, slot.low[1] + y), (slot.high[0] + x, slot.high[1] + y)
            turned = (slot.yaw[0] + turn, slot.yaw[1] + turn)
            return replace(slot, furniture=name, low=low, high=high, yaw=turned)
    raise ValueError(f"kind '{own.kind}': no piece of furniture with a room for things; add one to sim/furniture")


def _content(unit: Unit, names: list[str], split: str, used: set[str], g: np.random.Generator) -> Standing:
    """What is in a unit: a thing that fits, of a family taken off `names` and a colour added to `used`."""
    room = unit.articulation.room
    assert room is not None
    for name in list(names):
        family = families()[name]
        colours = [c for c in family.colours if c not in used]
        if name not in KEPT[unit.articulation.kind] or not colours:
            continue
        drawn = (
            make_thing("thing0", family, str(g.choice(colours)), int(g.integers(*LOOKS[split]))) for _ in range(LOOKED)
        )
        highest = (room.high[2] - room.low[2] - HEADROOM) / 2
        thing = next((t for t in drawn if LOW <= t.half_height <= highest), None)
        if thing is None:
            continue
        names.remove(name)
        used.add(thing.colour)
        x, y = g.uniform(room.near, room.far)
        at = unit.position + turn_z(unit.yaw) @ [x, unit.side * y, room.low[2]]
        place = Place(
            name="inside", words=f"in the {unit.articulation.kind}", low=(at[0], at[1]), high=(at[0], at[1]), z=at[2]
        )
        return Standing(thing=thing, place=place, xy=(float(at[0]), float(at[1])), yaw=float(g.uniform(-0.9, 0.9)))
    raise ValueError(f"{unit.articulation.kind}: none of the families {', '.join(names)} fits into it")


def put_down_spots(unit: Unit) -> list[np.ndarray]:
    """Where on the worktop before the robot there is room for what comes out of a unit: points [3] m, best first."""
    floor = unit.position[2] - unit.articulation.height
    spots = [np.array([x, -unit.side * y, floor]) for x, y in (BESIDE_MIDDLE if unit.over_middle else SPOTS)]
    around = unit.footprint()
    return [s for s in spots if min(np.linalg.norm(s - p) for p in around) > BESIDE] or spots[:1]


def _choose(slots: list[Slot], hidden: bool, g: np.random.Generator) -> Slot:
    fit = [slot for slot in slots if slot.hidden == hidden] or slots
    return fit[int(g.integers(len(fit)))]


def _words(target: Unit, several: bool, split: str, g: np.random.Generator) -> str:
    """`red drawer`, `left drawer`, `drawer on the left`; only `drawer` where there is no other."""
    nouns = target.articulation.nouns if split == "test" else target.articulation.nouns[:-1]
    noun = nouns[int(g.integers(len(nouns)))]
    side = "left" if target.side > 0 else "right"
    choices = [f"{target.colour} {noun}", f"{side} {noun}", f"{noun} on the {side}"]
    if not several:
        choices += [noun, noun]
    return choices[int(g.integers(len(choices)))]


def _plant(target: Unit, g: np.random.Generator) -> Plant:
    """Leaves between the default camera and the handle, near enough to the camera for a turn of the head to look past
    them; the pot stands toward the middle, where neither the leaf of the unit nor the arm passes."""
    handle = target.handle(target.start)[0]
    along = handle - EYE
    across = np.array([0.0, -target.side * 1.0, 0.0])
    leaves = EYE + along * g.uniform(0.40, 0.62) + across * g.uniform(-0.005, 0.03)
    floor = target.position[2] - target.articulation.height
    pot = np.array([g.uniform(0.24, 0.30), -target.side * g.uniform(0.02, 0.08), floor])
    return Plant(pot=pot, leaves=leaves, size=float(g.uniform(0.026, 0.045)))
