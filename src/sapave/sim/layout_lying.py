"""Candidates of `reorient`: something that should stand lies on its side."""

from __future__ import annotations

import numpy as np

from sapave.base import seeds
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import Layout, Standing, distract, families, occluder_before
from sapave.sim.objects._family import LOOKS, Thing, make_thing
from sapave.sim.scenes._scene import Scene
from sapave.sim.tasks._task import Task

LYING = ("bottle", "can", "glass", "jar")
"""Families whose things have a foot to stand on and a top, roll over when knocked, and fit between thumb and fingers
that come from above (measured: square cartons and cups, 5 to 6 cm wide, do so in half to two thirds)."""
SLIMMEST = 1.25
"""Least height over width: what is flatter does not lie on its side."""
SHOULDER = (0.02, 0.16)
"""(x, y) of the left shoulder, about [m]."""
AHEAD, ASIDE = (0.125, 0.15), (0.05, 0.085)
"""Where the occluder stands: farther from the target than for standing things, the hand comes down from above [m]."""
TURN, SPREAD = -0.35, 0.4
"""Seen from the shoulder, a thing on the left lies across with its top to the right, turned by TURN and SPREAD more or
less [rad]; mirrored on the right. The hand of that side can then stand it up in one turn of the wrist."""


def sample_lying(spec: EpisodeSpec, task: Task, scene: Scene, g: np.random.Generator) -> Layout:
    """A candidate whose target lies on its side."""
    split = seeds.split_of(spec.seed)
    names = [n for n in g.permutation(sorted(scene.homes)) if n in LYING]
    family = families()[names[0]]
    side = str(g.choice(["left", "right"]))
    place = scene.places[scene.homes[family.name] if spec.condition == "out_of_view" else f"front_{side}"]
    target = _slim(family.name, split, g)
    x, y = g.uniform(place.low, place.high)
    if place.mirrored and g.uniform() < 0.5:
        y = -y
    bearing = float(np.arctan2(abs(y) - SHOULDER[1], x - SHOULDER[0]))
    turn = np.clip(bearing, -0.5, 1.2) + TURN + g.uniform(-SPREAD, SPREAD) - np.pi / 2
    yaw = turn if y > 0 else -turn
    standings = [Standing(thing=target, place=place, xy=(float(x), float(y)), yaw=float(yaw), lies=True)]
    occluder = occluder_before(standings[0], g, ahead=AHEAD, aside=ASIDE) if spec.condition == "occluded" else None
    taken = [np.array([x, y, place.z])]
    if occluder is not None:
        taken.append(np.array([occluder[0], occluder[1], place.z]))
    others = [n for n in g.permutation(sorted(scene.homes)) if n != family.name]
    distract(standings, others, scene, split, taken, {target.colour}, g)
    nouns = family.nouns if split == "test" else family.nouns[:-1]
    words = f"{target.colour} {nouns[int(g.integers(len(nouns)))]}"
    templates = task.templates[split]
    text = templates[int(g.integers(len(templates)))].format(object=words, goal="")
    return Layout(scene=scene, standings=tuple(standings), goal=None, occluder=occluder, instruction=text)


def _slim(family: str, split: str, g: np.random.Generator) -> Thing:
    """One of the family that is taller than wide."""
    kind = families()[family]
    while True:
        thing = make_thing("thing0", kind, str(g.choice(kind.colours)), int(g.integers(*LOOKS[split])))
        if thing.half_height > SLIMMEST * thing.radius:
            return thing
