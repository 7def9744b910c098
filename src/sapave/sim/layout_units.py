"""Candidates of the articulated tasks: which drawer or cabinet, on which side, what stands around, what hides it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base import seeds
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import Layout, Plant, Standing, distract
from sapave.sim.objects._family import COLOURS, shade
from sapave.sim.scenes._scene import Scene, Slot
from sapave.sim.tasks._task import Task
from sapave.sim.units import Unit, articulation, opened, place_unit

SECOND = 0.4
"""How often there is a second unit of the kind, on the other side."""
EYE = np.array([0.125, 0.0, 1.19])
"""The head camera at the default pose [m]."""


def sample_units(spec: EpisodeSpec, task: Task, scene: Scene, g: np.random.Generator) -> Layout:
    """A candidate of a task whose target is a unit."""
    split = seeds.split_of(spec.seed)
    slots = [s for s in scene.slots if articulation(s.furniture).kind == task.needs]
    hidden = spec.condition == "out_of_view"
    side = int(g.choice([-1, 1]))
    colours = [str(c) for c in g.permutation(sorted(COLOURS))[:2]]
    target = place_unit(_choose(slots, hidden, g), side, "unit0", colours[0], shade(colours[0], g), g)
    target = opened(target, float(g.uniform(*task.start)))
    units = [target]
    if g.uniform() < SECOND:
        slot = _choose(slots, bool(g.uniform() < 0.5), g)
        units.append(place_unit(slot, -side, "unit1", colours[1], shade(colours[1], g), g))
    plant = _plant(target, g) if spec.condition == "occluded" else None
    taken = [point for unit in units for point in unit.footprint()]
    if plant is not None:
        taken.append(plant.pot)
    standings: list[Standing] = []
    distract(standings, list(g.permutation(sorted(scene.homes))), scene, split, taken, set(colours), g)
    words = _words(target, len(units) > 1, split, g)
    templates = task.templates[split]
    text = templates[int(g.integers(len(templates)))].format(object=words, goal="")
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
