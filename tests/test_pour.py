"""Liquid: it stands still in its vessel, is counted where it is, comes along when the vessel is moved, and is nowhere
else; pouring counts only when little is spilled and the vessel is turned back."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from sapave.base.seeds import rng
from sapave.base.shelf import pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.acting._expert import expert_for
from sapave.sim.layout import Standing
from sapave.sim.liquid import NUMBER, RADIUS, Liquid, add_drops, holds, stacked
from sapave.sim.objects._family import Family, Thing, make_thing
from sapave.sim.scenes._scene import Place
from sapave.sim.tasks.pour_liquid import TASK, shares
from sapave.sim.world import World

SPEC = EpisodeSpec(task="pour_liquid", condition="unoccluded", seed=6, suite="activemanip")
FAMILIES: dict[str, Family] = shelf("sapave.sim.objects", "FAMILY")


def thing(family: str, model: str, look: int = 3) -> Thing:
    return make_thing("thing0", FAMILIES[family], FAMILIES[family].colours[0], look, model=model)


def set_drops(world: World, points: np.ndarray) -> None:
    """Put the middle of every drop at points [n, 3] m, at rest."""
    for i, point in enumerate(points):
        body = world.model.body(f"drop{i}")
        joints = [world.model.joint(f"drop{i}_{axis}") for axis in "xyz"]
        for joint, value, home in zip(joints, point, body.pos, strict=True):
            world.data.qpos[joint.qposadr[0]] = value - home
            world.data.qvel[joint.dofadr[0]] = 0.0
    mujoco.mj_kinematics(world.model, world.data)


def drops(world: World) -> np.ndarray:
    return world.data.xpos[world.drops.bodies].copy()


@pytest.mark.parametrize("seed", [1, 6, 1_000_002, 2_000_006])
def test_the_liquid_stands_in_its_vessel_at_rest(seed: int) -> None:
    world = World(replace(SPEC, seed=seed))
    assert world.drops.number == NUMBER and 20 <= NUMBER <= 30
    assert world.drops.inside(world, world.target.name).all()
    before = drops(world)
    for _ in range(50):
        world.tick(np.zeros(2), np.zeros(26))
    assert world.drops.inside(world, world.target.name).all() and shares(world) == {"poured": 0.0, "spilled": 0.0}
    assert np.linalg.norm(drops(world) - before, axis=1).max() < 1.5 * RADIUS
    assert np.ptp(drops(world)[:, 2]) > RADIUS, "more than one layer"


def test_a_drop_beside_a_flared_bowl_is_not_in_it() -> None:
    world = World(SPEC)
    assert world.goal is not None
    bowl = next(t for t in world.things if t.name == world.goal.name)
    middle = world.position(bowl.name)
    floor = middle[2] - bowl.half_height
    points = np.tile(middle + [0.0, 0.0, 0.0], (NUMBER, 1))
    points[0] = [middle[0] + 0.9 * bowl.radius, middle[1], floor + RADIUS]
    points[1] = middle + [0.0, 0.0, bowl.half_height + 0.03]
    set_drops(world, points)
    inside = world.drops.inside(world, bowl.name)
    assert not inside[0] and not inside[1] and inside[2:].all()
    assert shares(world)["spilled"] == pytest.approx(2 / NUMBER)


def test_poured_counts_when_little_is_spilled_and_the_vessel_is_turned_back() -> None:
    world = World(SPEC)
    assert world.goal is not None
    there, here = world.position(world.goal.name), world.position(world.target.name)
    beside = here + np.array([0.0, 0.0, 0.3])

    def reached(poured: int, left: int) -> bool:
        points = [there] * poured + [here] * left + [beside] * (NUMBER - poured - left)
        set_drops(world, np.array(points))
        return TASK.reached(world)

    assert reached(NUMBER, 0) and reached(20, 4) and reached(22, 0)
    assert not reached(19, 5), "not more than 80 %"
    assert not reached(21, 0), "too much is spilled"
    quat = world.model.joint(f"{world.target.name}_free").qposadr[0] + 3
    world.data.qpos[quat : quat + 4] = [np.cos(0.5), np.sin(0.5), 0.0, 0.0]
    assert not reached(NUMBER, 0), "still tipped"


def test_liquid_comes_along_with_a_vessel_that_is_set_down_elsewhere() -> None:
    world = World(SPEC)
    place = world.position(world.target.name) + [0.02, 0.0, 0.0]
    before = drops(world)
    world.set_down(world.target.name, place)
    np.testing.assert_allclose(drops(world), before + [0.02, 0.0, 0.0], atol=1e-9)
    assert world.drops.inside(world, world.target.name).all()


def test_other_worlds_have_no_liquid() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=6, suite="activemanip"))
    assert world.drops.number == 0 and world.layout.liquid is None and world.outcome().extra == {}
    assert not any(world.model.body(i).name.startswith("drop") for i in range(world.model.nbody))


def test_what_has_no_room_for_liquid_is_refused() -> None:
    solid, small = thing("mug", "coffee mug"), thing("jug", "milk jug")
    assert not holds(solid) and holds(small) and not holds(small, 200)
    assert small.shape.cavity is not None
    gaps = stacked(small.shape.cavity, NUMBER)[:, None] - stacked(small.shape.cavity, NUMBER)
    assert np.linalg.norm(gaps + 9 * np.eye(NUMBER)[..., None], axis=-1).min() > 1.85 * RADIUS
    place = Place(name="front", words="", low=(0.3, 0.2), high=(0.3, 0.2), z=0.82)
    with pytest.raises(ValueError, match="coffee mug has no room for 24 drops; take a larger"):
        add_drops(mujoco.MjSpec(), Liquid(rgb=(0, 0, 1)), Standing(thing=solid, place=place, xy=(0.3, 0.2), yaw=0.0))


@pytest.mark.parametrize("condition", ["occluded", "out_of_view"])
def test_the_expert_pours_hardly_a_drop_beside(condition: str) -> None:
    world = World(replace(SPEC, condition=condition, seed=7))
    expert = expert_for(world, rng(7, "expert"))
    reached = []
    while not world.done:
        chunk = expert.act()
        for head, other in zip(chunk.head[:8], chunk.other[:8], strict=True):
            world.tick(head, other)
        reached.append(world.judge.stage)
    outcome = world.outcome()
    assert outcome.success_held and outcome.progress == 1.0
    assert outcome.extra["poured"] > 0.8 and outcome.extra["spilled"] <= 0.1
    assert reached == sorted(reached) and set(reached) >= {0, 1, 2, 3}


def test_views_are_drawn_from_worlds_without_liquid() -> None:
    assert pick("sapave.sim.tasks", "TASK", "pour_liquid").pours
    assert sum(task.pours for task in shelf("sapave.sim.tasks", "TASK").values()) == 1
