"""Which things stand where in one candidate episode; everything follows from (seed, attempt)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sapave.base import seeds
from sapave.base.shelf import pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.furniture import tray
from sapave.sim.liquid import Liquid
from sapave.sim.lying import lying_height
from sapave.sim.objects._family import LOOKS, Family, Thing, make_thing
from sapave.sim.scenes._scene import Place, Scene
from sapave.sim.tasks._task import Task
from sapave.sim.units import Unit

SPACING = 0.15
"""Least distance between the centres of graspable things [m] (facts/simulation.md section 6)."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A thing and where it stands."""

    thing: Thing
    place: Place
    xy: tuple[float, float]
    yaw: float
    lies: bool = False
    """On its side, its top pointing along `yaw`."""

    @property
    def height(self) -> float:
        """From the support to the thing's centre [m]."""
        return lying_height(self.thing.shape) if self.lies else self.thing.half_height


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The tray, or the thing into which something goes."""

    name: str
    """Of the body: `tray`, or the thing's."""
    words: str
    position: np.ndarray
    """[3] m, middle of its upper surface or of its rim, at the start."""
    radius: float


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One candidate arrangement."""

    scene: Scene
    standings: tuple[Standing, ...]
    """The target comes first, when it is a thing."""
    goal: Goal | None
    occluder: tuple[float, float, float] | None
    """(x, y, yaw) of the cereal box."""
    instruction: str
    units: tuple[Unit, ...] = ()
    """Drawers and cabinets; the target comes first, when it is one."""
    plant: Plant | None = None
    liquid: Liquid | None = None
    """What is in the target."""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What hides a handle: a pot and its leaves."""

    pot: np.ndarray
    """[3] middle of its underside [m]."""
    leaves: np.ndarray
    """[3] middle of the leaves [m]."""
    size: float
    """Half size of the leaves [m]."""


def families() -> dict[str, Family]:
    """The shelf of object families."""
    return shelf("sapave.sim.objects", "FAMILY")


def sample_layout(spec: EpisodeSpec, attempt: int) -> Layout:
    """Candidate number `attempt` of an episode."""
    split = seeds.split_of(spec.seed)
    task: Task = pick("sapave.sim.tasks", "TASK", spec.task)
    g = seeds.rng(spec.seed, "layout", spec.task, spec.condition, attempt)
    scene = draw_scene(spec, task, g)
    if task.arrange is not None:
        return task.arrange(spec, task, scene, g)
    if task.needs != "thing":
        from sapave.sim.layout_units import sample_units

        return sample_units(spec, task, scene, g)
    names = list(g.permutation(sorted(scene.homes)))
    family = families()[names[0]]
    side = str(g.choice(["left", "right"]))
    if spec.condition == "out_of_view":
        place = scene.places[scene.homes[family.name]]
    else:
        place = scene.places[f"front_{side}"]
    look = int(g.integers(*LOOKS[split]))
    colour = str(g.choice(family.colours))
    target = make_thing("thing0", family, colour, look)
    if spec.condition == "occluded" and task.has_goal:
        place = replace(place, high=(0.25, place.high[1]))  # leaves room for the tray behind it
    standings = [_stand(target, place, g)]
    side = "left" if standings[0].xy[1] > 0 else "right"
    goal = _goal(side, spec.condition, scene, g) if task.has_goal else None
    occluder = occluder_before(standings[0], g) if spec.condition == "occluded" else None
    taken = [np.array([*standings[0].xy, standings[0].place.z])]
    if goal is not None:
        taken.append(goal.position)
    if occluder is not None:
        taken.append(np.array([occluder[0], occluder[1], standings[0].place.z]))
    distract(standings, names[1:], scene, split, taken, {colour}, g)
    nouns = family.nouns if split == "test" else family.nouns[:-1]
    words = f"{colour} {nouns[int(g.integers(len(nouns)))]}"
    templates = task.templates[split]
    text = templates[int(g.integers(len(templates)))].format(object=words, goal=goal.words if goal else "")
    return Layout(scene=scene, standings=tuple(standings), goal=goal, occluder=occluder, instruction=text)


def tasks_of(suite: str) -> tuple[str, ...]:
    """Names of the tasks that some scene of a suite can host; ValueError when the suite has no scene."""
    scenes = [s for s in shelf("sapave.sim.scenes", "SCENE").values() if s.suite == suite]
    if not scenes:
        known = sorted({s.suite for s in shelf("sapave.sim.scenes", "SCENE").values()})
        raise ValueError(f"suite '{suite}': has no scene; there are: {', '.join(known)}")
    tasks: dict[str, Task] = shelf("sapave.sim.tasks", "TASK")
    return tuple(name for name, task in tasks.items() if any(hosts(scene, task) for scene in scenes))


def hosts(scene: Scene, task: Task) -> bool:
    """Can the task be played in this scene?"""
    return task.suite in ("", scene.suite) and scene.offers(task.needs)


def draw_scene(spec: EpisodeSpec, task: Task, g: np.random.Generator) -> Scene:
    """The scene that a spec names, else one of its suite's that can host the task; ValueError when none can."""
    scenes: dict[str, Scene] = shelf("sapave.sim.scenes", "SCENE")
    mine = {name: scene for name, scene in scenes.items() if scene.suite == spec.suite and not scene.held_out}
    fit = [name for name, scene in mine.items() if hosts(scene, task)]
    drawn = str(g.choice(fit)) if fit else ""
    if not (spec.scene or drawn):
        suites = sorted({s.suite for s in scenes.values() if hosts(s, task)})
        raise ValueError(
            f"suite '{spec.suite}': no scene offers what task '{task.name}' needs ({task.needs}); "
            f"try suite {' or '.join(suites)}"
        )
    scene = pick("sapave.sim.scenes", "SCENE", spec.scene or drawn)
    if not hosts(scene, task):
        raise ValueError(f"scene '{scene.name}': no {task.needs} for task '{task.name}' here; leave the scene free")
    return scene


def _stand(thing: Thing, place: Place, g: np.random.Generator) -> Standing:
    xy = g.uniform(place.low, place.high)
    low, high = thing.family.yaws
    yaw = float(g.uniform(low, high) if xy[1] > 0 else g.uniform(-high, -low))  # on the right as in a mirror
    side = -1.0 if place.mirrored and g.uniform() < 0.5 else 1.0
    return Standing(thing=thing, place=place, xy=(float(xy[0]), side * float(xy[1])), yaw=yaw)


_TRAY = {
    "unoccluded": ((0.26, 0.01), (0.30, 0.05)),
    "occluded": ((0.37, 0.14), (0.385, 0.20)),
    "out_of_view": ((0.265, -0.02), (0.30, 0.02)),
}
"""Bounds of the tray's place (x, distance from the middle toward the target's side) [m]: beside a target in front of
the robot; behind it when an occluder fills the space beside it; in the middle when the target comes from elsewhere, so
that the tray does not tell on which side."""


def _goal(side: str, condition: str, scene: Scene, g: np.random.Generator) -> Goal:
    sign = 1.0 if side == "left" else -1.0
    x, y = g.uniform(*_TRAY[condition])
    position = np.array([x, sign * y, scene.places["front_left"].z + tray.TOP])
    return Goal(name="tray", words="tray", position=position, radius=tray.RADIUS)


def occluder_before(
    target: Standing,
    g: np.random.Generator,
    *,
    ahead: tuple[float, float] = (0.08, 0.115),
    aside: tuple[float, float] = (0.048, 0.075),
) -> tuple[float, float, float]:
    """A place between the default camera and the target, shifted toward the middle: turning the head there moves the
    camera outward on its neck, which uncovers the target (measured: two of three candidates)."""
    eye = np.array([0.10, 0.0])
    at = np.array(target.xy)
    along = (eye - at) / np.linalg.norm(eye - at)
    across = np.array([-along[1], along[0]])
    if across[1] * at[1] > 0:
        across = -across
    xy = at + along * g.uniform(*ahead) + across * g.uniform(*aside)
    yaw = np.arctan2(along[1], along[0]) + g.uniform(-0.25, 0.25)
    return float(xy[0]), float(xy[1]), float(yaw)


def distract(
    standings: list[Standing],
    names: list[str],
    scene: Scene,
    split: str,
    taken: list[np.ndarray],
    used: set[str],
    g: np.random.Generator,
) -> None:
    """Add 3-6 other things: other families, colours not `used`, each at home, at the back or in front, at a distance
    from the points [3] m that are `taken`."""
    wanted = int(g.integers(3, 7))
    for name in names:
        family = families()[name]
        colours = [c for c in family.colours if c not in used]
        if not colours or len(standings) > wanted:
            continue
        colour = str(g.choice(colours))
        thing = make_thing(f"thing{len(standings)}", family, colour, int(g.integers(*LOOKS[split])))
        kind = g.uniform()
        front = f"front_{g.choice(['left', 'right'])}"
        place = scene.places["back" if kind < 0.45 else scene.homes[name] if kind < 0.8 else front]
        for _ in range(8):
            standing = _stand(thing, place, g)
            at = np.array([*standing.xy, place.z])
            if all(np.linalg.norm(at - other) > SPACING for other in taken):
                standings.append(standing)
                taken.append(at)
                used.add(colour)
                break
