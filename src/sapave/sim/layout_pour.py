"""Candidates of `pour_liquid`: a vessel with liquid in it, and something wide in the middle that is to receive it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sapave.base import seeds
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import Goal, Layout, Standing, distract, families, occluder_before
from sapave.sim.liquid import KINDS, Liquid, holds
from sapave.sim.objects._family import LOOKS, Thing, make_thing
from sapave.sim.scenes._scene import Place, Scene
from sapave.sim.tasks._task import Task

VESSELS = ("glass", "jug", "mug", "cup")
"""Families that are poured from."""
RECEIVERS = ("bowl",)
"""Families that are poured into."""
SPOTS = {
    "unoccluded": ((0.30, -0.05), (0.34, -0.01)),
    "occluded": ((0.375, 0.05), (0.395, 0.09)),
    "out_of_view": ((0.29, -0.02), (0.33, 0.02)),
}
"""Bounds of the receiver's middle (x, distance from the middle toward the vessel's side) [m]: in front of the robot, or
behind what hides the vessel."""
WIDEST = {"unoccluded": 0.09, "occluded": 0.073, "out_of_view": 0.09}
"""Largest radius of a receiver [m]."""


def sample_pouring(spec: EpisodeSpec, task: Task, scene: Scene, g: np.random.Generator) -> Layout:
    """A candidate with a full vessel as target and a receiver as goal."""
    split = seeds.split_of(spec.seed)
    vessel = _vessel(sorted(n for n in VESSELS if n in scene.homes), split, g)
    side = str(g.choice(["left", "right"]))
    out = spec.condition == "out_of_view"
    place = scene.places[scene.homes[vessel.family.name] if out else f"front_{side}"]
    if spec.condition == "occluded":
        place = replace(place, high=(0.27, place.high[1]))
    x, y = g.uniform(place.low, place.high)
    if place.mirrored and g.uniform() < 0.5:
        y = -y
    sign = 1.0 if y > 0 else -1.0
    low, high = vessel.family.yaws
    yaw = sign * float(g.uniform(low, high))
    standings = [Standing(thing=vessel, place=place, xy=(float(x), float(y)), yaw=yaw)]
    occluder = occluder_before(standings[0], g) if spec.condition == "occluded" else None
    receiver = _receiver(split, {vessel.colour}, WIDEST[spec.condition], g)
    gx, gy = g.uniform(*SPOTS[spec.condition])
    front = scene.places["front_left"]
    middle = Place(name="middle", words="in front of you", low=(gx, gy), high=(gx, gy), z=front.z)
    at = (float(gx), sign * float(gy))
    standings.append(Standing(thing=receiver, place=middle, xy=at, yaw=float(g.uniform(-np.pi, np.pi))))
    rim = np.array([*at, front.z + 2 * receiver.half_height])
    goal = Goal(name=receiver.name, words=_words(receiver, split, g), position=rim, radius=receiver.radius)
    taken = [np.array([x, y, place.z])]
    taken += [np.array([at[0] + dx, at[1] + dy, front.z]) for dx, dy in ((0, 0), (0, 0.06), (0, -0.06), (-0.06, 0))]
    if occluder is not None:
        taken.append(np.array([*occluder[:2], place.z]))
    others = [n for n in g.permutation(sorted(scene.homes)) if n != vessel.family.name]
    distract(standings, others, scene, split, taken, {vessel.colour, receiver.colour}, g)
    liquid = Liquid(rgb=KINDS[str(g.choice(sorted(KINDS)))])
    templates = task.templates[split]
    text = templates[int(g.integers(len(templates)))].format(object=_words(vessel, split, g), goal=goal.words)
    return Layout(
        scene=scene, standings=tuple(standings), goal=goal, occluder=occluder, instruction=text, liquid=liquid
    )


def _vessel(names: list[str], split: str, g: np.random.Generator) -> Thing:
    """Something to pour from that holds the liquid."""
    while True:
        family = families()[names[int(g.integers(len(names)))]]
        look, model, colours = int(g.integers(*LOOKS[split])), "", family.colours
        if not family.hollow:  # a look stands for its solid object; the last one is kept for the test split
            chosen = [m for m in family.models if m.build is not family.build][: None if split == "test" else -1]
            drawn = chosen[int(g.integers(len(chosen)))]
            model, colours = drawn.name, drawn.colours or colours
        thing = make_thing("thing0", family, str(g.choice(colours)), look, model=model)
        if holds(thing):
            return thing


def _receiver(split: str, used: set[str], widest: float, g: np.random.Generator) -> Thing:
    """Something to pour into, of another colour."""
    while True:
        family = families()[str(g.choice(RECEIVERS))]
        colour = str(g.choice([c for c in family.colours if c not in used]))
        thing = make_thing("thing1", family, colour, int(g.integers(*LOOKS[split])))
        if thing.radius <= widest:
            return thing


def _words(thing: Thing, split: str, g: np.random.Generator) -> str:
    nouns = thing.family.nouns if split == "test" else thing.family.nouns[:-1]
    return f"{thing.colour} {nouns[int(g.integers(len(nouns)))]}"
