"""Fetching: the arm on the unit's side first, both where it cannot; and a thing put down stays on the worktop."""

from __future__ import annotations

import numpy as np

from sapave.base.seeds import rng
from sapave.base.types import EpisodeSpec
from sapave.sim.acting._spots import free_spots, under
from sapave.sim.acting.fetch import FetchExpert
from sapave.sim.layout import tasks_of
from sapave.sim.scenes._scene import FRONT_EDGE
from sapave.sim.units import Unit
from sapave.sim.world import World

TWO = EpisodeSpec(task="fetch_from_cabinet", condition="unoccluded", seed=1001, suite="two_hands")


def test_one_hand_opens_and_closes_and_the_other_takes() -> None:
    world = World(TWO)
    expert = FetchExpert(world, rng(1001, "expert"))
    unit = world.target
    assert isinstance(unit, Unit) and unit.over_middle
    alone, took = False, set()
    while not world.done:
        chunk = expert.act()
        if expert.phase == "take":
            alone |= not expert.taker.ok
            took |= {expert.taker.plan.side} if expert.taker.plan else set()
        for head, other in zip(chunk.head[:8], chunk.other[:8], strict=True):
            world.tick(head, other)
    assert world.outcome().success_held
    assert alone, "the arm that opened looked for a way first"
    assert expert.opener.side == expert.closer.side == unit.hand and took == {expert.other}


def test_where_the_first_arm_cannot_open_the_other_one_tries() -> None:
    world = World(EpisodeSpec(task="fetch_from_drawer", condition="unoccluded", seed=5, suite="activemanip"))
    expert = FetchExpert(world, rng(5, "expert"))
    own = expert.opener.side
    expert.opener.planner.plan = lambda *a: None  # type: ignore[method-assign]
    expert.act()
    assert expert.opener.side == expert.closer.side == expert.taker.first == expert.other != own


def test_things_are_put_down_clear_of_the_front_edge_and_of_the_drawer() -> None:
    for seed in range(1000, 1006):
        spec = EpisodeSpec(task="fetch_from_drawer", condition="unoccluded", seed=seed, suite="activemanip", attempt=0)
        world = World(spec)
        assert isinstance(world.target, Unit)
        spots = [np.asarray(goal.position) for goal in free_spots(world)]
        assert spots and min(spot[0] for spot in spots) > FRONT_EDGE + 0.06
        assert not any(under(world.target, spot) for spot in spots)
        world.close()


def test_the_suite_for_two_hands_hosts_fetching() -> None:
    assert "fetch_from_cabinet" in tasks_of("two_hands")
