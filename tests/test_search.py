"""Where a drawer or cabinet out of view is looked for: never by what only the simulator knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sapave.base.seeds import rng
from sapave.base.types import EpisodeSpec
from sapave.sim.acting.fetch import FetchExpert
from sapave.sim.acting.handles import HandleExpert
from sapave.sim.scenes._room import SLOTS
from sapave.sim.search import Search, handle_points
from sapave.sim.units import Unit, usual_handle
from sapave.sim.world import World

SILENT = (("open_drawer", 1002), ("close_cabinet", 1001), ("open_close_cabinet", 1002))
"""Episodes whose words name no side."""


def made(task: str, seed: int, condition: str = "out_of_view") -> World:
    return World(EpisodeSpec(task=task, condition=condition, seed=seed, suite="activemanip"))


def target(world: World) -> Unit:
    assert isinstance(world.target, Unit)
    return world.target


def alone(world: World, side: int, words: str = "") -> World:
    """The same room with nothing in it but the target, which stands on a side (+1: left)."""
    unit = target(world)
    turn = side * unit.side
    moved = replace(
        unit, position=unit.position * [1, turn, 1], yaw=turn * unit.yaw, side=side, words=words or unit.words
    )
    return World(world.spec, layout=replace(world.layout, units=(moved,), standings=()))


def follow(world: World, expert: HandleExpert) -> None:
    """Let the expert act for eight ticks."""
    chunk = expert.act()
    for head, other in zip(chunk.head[:8], chunk.other[:8], strict=True):
        world.tick(head, other)


@pytest.mark.parametrize(("task", "seed"), SILENT)
def test_the_first_glance_of_a_silent_instruction_does_not_tell_the_side(task: str, seed: int) -> None:
    worlds = [alone(made(task, seed), side) for side in (1, -1)]
    assert not {"left", "right"} & set(worlds[0].instruction.split())
    picture, other = (world.observe().rgb["head"] for world in worlds)
    np.testing.assert_array_equal(picture, other)
    left, right = (HandleExpert(world, rng(0, "expert")).act() for world in worlds)
    np.testing.assert_array_equal(left.head, right.head)
    np.testing.assert_array_equal(left.other, right.other)
    assert left.head[:8, 0].sum() > 0.5


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("task", "seed"), SILENT)
def test_the_search_ends_at_the_handle(task: str, seed: int, side: int) -> None:
    world = alone(made(task, seed), side)
    expert = HandleExpert(world, rng(0, "expert"))
    been = [world.controller.head]
    while not expert.search.done and world.steps < 40:
        follow(world, expert)
        been.append(world.controller.head)
    follow(world, expert)
    assert max(head[0] for head in been) > 0.6, "the left corner comes first"
    assert expert.search.done and world.visible_fraction() >= 0.6
    np.testing.assert_allclose(world.controller.head, expert._gaze(), atol=0.1)


def test_the_corner_nearer_to_a_turned_head_comes_first() -> None:
    world = alone(made("open_drawer", 1002), 1)
    start = world.controller.head
    search = Search.of_handle(world)
    assert [search.next(start + [yaw, 0.0]) for yaw in (0.2, 0.0, -0.2, -0.3)] == [0, 0, 0, 1]
    search.look(start + [-1.1, 0.0], seen=False)
    assert search.looked.tolist() == [False, True] and search.next(start + [-1.1, 0.0]) == 0


def test_a_place_where_the_handle_hides_does_not_hold_the_head_for_ever() -> None:
    world = alone(made("open_drawer", 1002), 1)
    search = Search.of_handle(world)
    there = search.aim(world.controller.head, seen=False)
    assert there is not None and search.aim(there, seen=False) is None and search.done


def test_words_that_name_the_side_and_handles_in_view_need_no_search() -> None:
    silent = made("open_drawer", 1002)
    for side, word in ((1, "left"), (-1, "right")):
        world = alone(silent, side, f"drawer on the {word}")
        expert = HandleExpert(world, rng(0, "expert"))
        assert expert.search.done and side * expert.act().head[:8, 0].sum() > 0.5
    for condition in ("unoccluded", "occluded"):
        assert Search.of_handle(made("open_drawer", 1002, condition)).done


def test_the_places_are_the_room_s_own() -> None:
    world = made("open_cabinet", 1000)
    corner = next(s for s in SLOTS if s.furniture == "cabinet" and s.hidden)
    expected = [usual_handle(corner, side, 0.0) for side in (1, -1)]
    np.testing.assert_allclose(handle_points(world), expected)
    object.__setattr__(world.layout, "scene", replace(world.layout.scene, slots=()))
    assert handle_points(world) == []


def test_who_closes_need_not_look_for_what_was_opened() -> None:
    expert = FetchExpert(made("fetch_from_drawer", 1001), rng(0, "expert"))
    assert expert.opener.search is expert.closer.search and not expert.opener.search.done
