"""Every task of the suite activemanip keeps the rules, starts as its condition says, is not solved by standing still,
and can be done by its expert; what breaks a rule is told by the rule's name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sapave.base.seeds import rng
from sapave.base.shelf import shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.acting._expert import expert_for
from sapave.sim.conditions import CONDITIONS
from sapave.sim.layout import tasks_of
from sapave.sim.rules import start_faults, task_faults
from sapave.sim.tasks.reorient import tilt
from sapave.sim.units import Unit
from sapave.sim.world import World

ALL = shelf("sapave.sim.tasks", "TASK")
TASKS = [name for name, task in ALL.items() if task.needs != "thing" or task.suite == "activemanip"]
UNITS = [name for name in TASKS if ALL[name].needs != "thing"]


def spec_of(task: str, condition: str = "unoccluded", seed: int = 5) -> EpisodeSpec:
    return EpisodeSpec(task=task, condition=condition, seed=seed, suite="activemanip")


def play(world: World, noise: float = 0.0, execute: int = 8) -> None:
    expert = expert_for(world, rng(world.spec.seed, "expert"), noise=noise)
    while not world.done:
        chunk = expert.act()
        for head, other in zip(chunk.head[:execute], chunk.other[:execute], strict=True):
            world.tick(head, other)


def test_the_shelf_has_the_articulated_tasks() -> None:
    kinds = [f"{verb}_{kind}" for verb in ("open", "close", "open_close") for kind in ("drawer", "cabinet")]
    assert set(kinds) <= set(UNITS)


@pytest.mark.parametrize("task", sorted(ALL))
def test_tasks_keep_the_rules(task: str) -> None:
    assert task_faults(ALL[task]) == []


def test_a_broken_task_is_told_by_the_rule() -> None:
    task = ALL["open_drawer"]
    twice = replace(task, templates=dict(task.templates) | {"val": task.templates["train"][:1]})
    assert task_faults(twice)[0].startswith("wordings: ")
    assert task_faults(replace(task, needs="fridge")) == ["needs: no scene offers 'fridge'"]
    assert task_faults(replace(task, suite="sheds")) == ["suite: no scene of 'sheds' offers 'drawer'"]
    assert task_faults(replace(task, expert="nobody")) == ["expert: no 'nobody' in sim/acting"]
    assert task_faults(replace(task, seconds=0.0))[0].startswith("time: ")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_starts_as_the_condition_says(task: str, condition: str) -> None:
    assert start_faults(spec_of(task, condition, seed=2_000_003)) == []


@pytest.mark.parametrize("task", TASKS)
def test_same_bits_and_standing_still_is_no_solution(task: str) -> None:
    worlds = [World(spec_of(task)) for _ in range(2)]
    for world in worlds:
        for _ in range(60):
            world.tick(np.zeros(2), np.zeros(26))
    a, b = worlds
    assert a.instruction == b.instruction and np.array_equal(a.data.qpos, b.data.qpos)
    assert not a.outcome().success_ever and a.outcome().progress == 0.0
    if task in UNITS:
        assert isinstance(a.target, Unit) and a.target.articulation.kind == ALL[task].needs
    assert a.lift(a.target.name) < 0.003, "friction holds what nobody moves"


@pytest.mark.parametrize("task", TASKS)
def test_the_expert_does_it(task: str) -> None:
    world = World(spec_of(task, seed=5 if task in UNITS else 6))
    play(world)
    outcome = world.outcome()
    assert outcome.success_held and outcome.progress == 1.0 and outcome.failure == ""


def test_the_expert_looks_first_and_does_it_out_of_view_and_disturbed() -> None:
    world = World(spec_of("open_cabinet", "out_of_view"))
    expert = expert_for(world, rng(0, "expert"))
    first = expert.act()
    assert np.abs(first.head[0]).max() > 0.01
    assert np.abs(first.other[0, :14]).max() == 0.0, "the arm waits until the handle is in view"
    play(world, noise=0.005)
    assert world.outcome().success_held


def test_fetching_ends_with_the_thing_on_the_worktop_and_counts_in_order() -> None:
    from sapave.sim.tasks._fetch import inside, on_worktop

    world = World(spec_of("fetch_from_drawer"))
    assert world.content is world.things[0] and inside(world) and not on_worktop(world, "thing0")
    assert world.content.colour in world.instruction
    reached = []
    expert = expert_for(world, rng(world.spec.seed, "expert"))
    while not world.done:
        chunk = expert.act()
        for head, other in zip(chunk.head[:8], chunk.other[:8], strict=True):
            world.tick(head, other)
        reached.append(world.judge.stage)
    assert reached == sorted(reached) and set(reached) >= {1, 2, 3, 4}
    assert world.outcome().success_held and not inside(world) and on_worktop(world, "thing0")


def test_what_is_set_beside_a_closed_drawer_was_not_fetched() -> None:
    world = World(spec_of("fetch_from_drawer"))
    assert world.content is not None
    world.set_down("thing0", np.array([0.28, 0.0, 0.82 + world.content.half_height + 0.001]))
    for _ in range(60):
        world.tick(np.zeros(2), np.zeros(26))
    assert world.task.reached(world) and not world.outcome().success_ever


def test_closed_counts_only_after_opened() -> None:
    world = World(spec_of("open_close_drawer"))
    joint = world.data.joint(world.target.name + "_joint")
    assert world.task.reached(world), "closed at the start"
    world.tick(np.zeros(2), np.zeros(26))
    assert not world.outcome().success_ever
    joint.qpos[:] = 0.155
    world.judge.update()
    joint.qpos[:] = 0.0
    world.judge.update()
    assert not world.outcome().success_ever, "the handle was never touched: stages count in order"


def test_kitchens_have_no_drawers() -> None:
    with pytest.raises(ValueError, match="kitchens.*no scene offers.*drawer.*try suite activemanip"):
        World(EpisodeSpec(task="open_drawer", condition="unoccluded", seed=1))
    with pytest.raises(ValueError, match="study.*no cabinet"):
        World(replace(spec_of("open_cabinet"), scene="study"))


def test_a_task_of_one_suite_is_not_played_in_another() -> None:
    assert "reorient" in tasks_of("activemanip") and "reorient" not in tasks_of("kitchens")
    with pytest.raises(ValueError, match="kitchens.*try suite activemanip"):
        World(EpisodeSpec(task="reorient", condition="unoccluded", seed=1))


@pytest.mark.parametrize("seed", [3, 2_000_004])
def test_what_should_be_stood_up_lies_at_rest_on_its_side(seed: int) -> None:
    world = World(spec_of("reorient", seed=seed))
    for _ in range(25):
        world.tick(np.zeros(2), np.zeros(26))
    name = world.target.name
    assert abs(tilt(world, name) - np.pi / 2) < np.deg2rad(5) and np.linalg.norm(world.velocity(name)) < 0.02
    assert world.supported(name) and not world.held(name)


def test_upright_counts_only_released_at_rest_and_on_its_foot() -> None:
    world = World(spec_of("reorient"))
    name = world.target.name
    address = world.model.joint(f"{name}_free").qposadr[0]
    standing = world.layout.standings[0]
    stands = np.array([*standing.xy, standing.place.z + world.target.half_height + 0.0005])

    def settled(quat: tuple[float, ...], at: np.ndarray, ticks: int = 5) -> bool:
        world.data.qpos[address + 3 : address + 7] = quat
        world.set_down(name, at)
        for _ in range(ticks):
            world.tick(np.zeros(2), np.zeros(26))
        return world.task.reached(world)

    assert settled((1, 0, 0, 0), stands)
    assert not settled((1, 0, 0, 0), stands + [0, 0, 0.2], ticks=1), "in the air"
    assert not settled((0, 1, 0, 0), stands), "on its head"
    leaning = (float(np.cos(0.1)), float(np.sin(0.1)), 0, 0)
    assert not settled(leaning, stands + [0, 0, 0.01], ticks=1), "leaning"
