"""The rules that scene and task files keep; each broken one is named, so that a new file says what is wrong with it."""

from __future__ import annotations

from functools import cache
from itertools import product

import mujoco
import numpy as np

from sapave.base import seeds
from sapave.base.mirror import mirror_point
from sapave.base.shelf import pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.acting._grip import GRIPS, HOOK
from sapave.sim.carrying import SEEDS
from sapave.sim.conditions import CONDITIONS
from sapave.sim.ik import solve
from sapave.sim.layout import hosts
from sapave.sim.scenes._scene import Scene, Slot
from sapave.sim.tasks._task import Task
from sapave.sim.turns import turn_x, turn_y, turn_z
from sapave.sim.units import Unit, articulation, place_unit

SUITES = ("kitchens", "activemanip", "two_hands")
PLACES = ("front_left", "front_right", "back")
"""Every scene has these."""
LONGEST = 60.0
"""[s]"""


def scene_faults(scene: Scene) -> list[str]:
    """`rule: what is wrong` for every rule that a scene breaks."""
    faults = []
    if scene.suite not in SUITES:
        faults.append(f"suite: '{scene.suite}', expected one of {', '.join(SUITES)}")
    faults += [f"places: '{name}' is missing" for name in PLACES if name not in scene.places]
    families = shelf("sapave.sim.objects", "FAMILY")
    for family, home in scene.homes.items():
        if family not in families:
            faults.append(f"homes: no family '{family}' on the objects' shelf")
        place = scene.places.get(home)
        if place is None or not (place.hidden and place.reachable):
            faults.append(f"homes: '{family}' lives at '{home}', which is not a hidden place within reach")
    for slot in scene.slots:
        if pick("sapave.sim.furniture", "FURNITURE", slot.furniture).articulation is None:
            faults.append(f"slots: '{slot.furniture}' has no joint")
        else:
            faults += [f"reach: {where}" for where in unreachable(slot)]
    spec = mujoco.MjSpec()
    scene.build(spec, seeds.rng(0, "rules", scene.name))
    faults += [f"names: a body at {np.round(body.pos, 2)} has none" for body in spec.bodies if not body.name]
    return faults


@cache
def unreachable(slot: Slot) -> tuple[str, ...]:
    """Where in a slot a hand cannot get hold of the closed or of the open handle."""
    found = []
    for x, y, yaw in product(*zip(slot.low, slot.high, strict=True), slot.yaw):
        corner = Slot(furniture=slot.furniture, low=(x, y), high=(x, y), z=slot.z, yaw=(yaw, yaw))
        unit = place_unit(corner, 1, "unit0", "red", (1.0, 0.0, 0.0), np.random.default_rng(0))
        for value in (0.0, articulation(slot.furniture).open_at):
            if not reachable(unit, value):
                at = np.round(unit.handle(value)[0], 3)
                found.append(f"{slot.furniture} handle at {at}, joint {value:.2f}, is out of the hand's reach")
    return tuple(found)


def reachable(unit: Unit, value: float) -> bool:
    """Is there a posture in which the hand of the unit's side holds the bar at a joint value [m or rad]?"""
    robot = pick("sapave.sim.robots", "ROBOT", "g1")
    bar, side = unit.handle(value)[0], unit.side
    if side < 0:
        bar = mirror_point(bar)
    yaw = side * unit.yaw
    turned = np.array([turn_z(yaw + g[0]) @ turn_y(g[1]) @ turn_x(g[2]) for g in GRIPS[unit.articulation.kind][:18]])
    seeds_ = np.tile(SEEDS[:2], (len(turned), 1))
    goals = np.repeat(bar - turned @ HOOK.bar, 2, 0)
    return bool(solve(robot.chains["left"], robot.other_limits[:7], goals, np.repeat(turned, 2, 0), seeds_)[1].any())


def task_faults(task: Task) -> list[str]:
    """`rule: what is wrong` for every rule that a task breaks, without playing it."""
    faults, seen = [], set()
    for split in seeds.SPLIT_RANGES:
        if not task.templates.get(split):
            faults.append(f"wordings: none for the split '{split}'")
        for text in task.templates.get(split, ()):
            if text in seen:
                faults.append(f"wordings: '{text}' stands in two splits")
            if "{object}" not in text or ("{goal}" in text and not task.has_goal):
                faults.append(f"wordings: '{text}' does not name what the task is about")
            seen.add(text)
    if not any(scene.offers(task.needs) for scene in shelf("sapave.sim.scenes", "SCENE").values()):
        faults.append(f"needs: no scene offers '{task.needs}'")
    elif not any(hosts(scene, task) for scene in shelf("sapave.sim.scenes", "SCENE").values()):
        faults.append(f"suite: no scene of '{task.suite}' offers '{task.needs}'")
    if task.expert not in shelf("sapave.sim.acting", "EXPERT"):
        faults.append(f"expert: no '{task.expert}' in sim/acting")
    if not 0.0 < task.seconds <= LONGEST:
        faults.append(f"time: {task.seconds} s, expected up to {LONGEST} s")
    if not 0.0 <= task.start[0] <= task.start[1] <= 1.0:
        faults.append(f"start: {task.start}, expected shares of the travel, low to high")
    return faults


def start_faults(spec: EpisodeSpec) -> list[str]:
    """`rule: what is wrong` with the start of one episode: its goal is reached, or its condition not what it says."""
    from sapave.sim.conditions import HIDDEN, SEEN
    from sapave.sim.world import World

    world = World(spec)
    fraction, faults = world.visible_fraction(), []
    fits = (fraction >= SEEN, HIDDEN[0] <= fraction <= HIDDEN[1], fraction == 0.0)[CONDITIONS.index(spec.condition)]
    if not fits:
        faults.append(f"condition: {fraction:.0%} visible at the start, which is not {spec.condition}")
    if world.best_gaze is None:
        faults.append("condition: no head pose shows the target")
    if world.task.reached(world) and not world.task.stages:
        faults.append("goal: already reached at the start")
    if any(stage.reached(world) for stage in world.task.stages):
        faults.append("stages: one is already reached at the start")
    world.close()
    return faults
