"""What the expert of things takes care of: thumbs and handles, the worktop under what it carries, slender things, the
corners of its way, round things that are thrown off, and a harder look when no plan is found."""

import numpy as np
import pytest

from sapave.base.types import EpisodeSpec
from sapave.bench.certify import certify_one
from sapave.sim.acting._upright import lying_grasps
from sapave.sim.experts import Expert
from sapave.sim.planning import CAUGHT
from sapave.sim.skills import GENTLE, QUICK, THUMB_ASIDE, grasps_for
from sapave.sim.world import World

LOST_BEFORE = {
    "no grasp beside the box: a duck's head is in the palm's way": ("pick", "occluded", 1002),
    "round and thrown off by quick fingers": ("pick_and_place", "occluded", 1013),
    "carried into the worktop": ("pick_and_place", "out_of_view", 1013),
    "pulled over by its handle": ("pick_and_place", "out_of_view", 1014),
    "slender, and taken along by the palm": ("pick_and_place", "unoccluded", 1015),
    "toppled by an arm that cut a corner": ("pick_and_place", "out_of_view", 1021),
    "a glass on the wing, pushed out by the thumb": ("reorient", "out_of_view", 1034),
    "a can on the wing, pushed out by the thumb": ("reorient", "out_of_view", 1038),
}
"""Development seeds of `activemanip` that earlier experts lost."""


def world_of(task: str, condition: str, seed: int) -> World:
    return World(EpisodeSpec(task=task, condition=condition, seed=seed, suite="activemanip"))


@pytest.mark.parametrize("job", LOST_BEFORE.values(), ids=LOST_BEFORE)
def test_holds_what_it_lost(job: tuple[str, str, int]) -> None:
    result = certify_one(job, suite="activemanip")
    assert result["solved"], result["failure"]


def test_the_thumb_stays_out_of_handles() -> None:
    world = world_of("pick_and_place", "out_of_view", 1014)
    expert = Expert(world, np.random.default_rng(0))
    expert.act()
    plan, planner = expert.plan, expert.planner
    assert plan is not None and len(planner.handles) > 0 and not planner.thorough
    goal, shut = plan.approach.points[-1], plan.grasp.closed()
    assert planner.thumb_in_handle(plan.side, goal, np.append(shut[:4] * 0.3, shut[4:])) <= CAUGHT


def test_what_is_carried_stays_above_the_worktop() -> None:
    world = world_of("pick_and_place", "out_of_view", 1013)
    expert = Expert(world, np.random.default_rng(0))
    expert.act()
    plan, carry = expert.plan, expert.carry
    assert plan is not None and carry is not None
    way = carry.carry.points[:-1]
    assert not any(expert.planner._dips(plan.side, a, b, plan.offset) for a, b in zip(way[:-1], way[1:], strict=True))


def test_a_path_that_cuts_a_corner_begins_where_the_arm_is() -> None:
    world = world_of("pick_and_place", "out_of_view", 1021)
    expert = Expert(world, np.random.default_rng(0))
    now = world.controller.targets_other[7:14]
    expert.act()
    assert expert.plan is not None and expert.plan.side == "right"
    assert np.array_equal(expert.plan.approach.points[0], now)


def test_closes_gently_where_the_thumb_swings_in() -> None:
    for group in grasps_for(0.025, np.array([0.25, 0.24, 0.845]), "left"):
        for grasp in group:
            assert grasp.closing == (GENTLE if grasp.thumb == THUMB_ASIDE else QUICK)


@pytest.mark.parametrize("radius", [0.028, 0.034])
def test_the_thumb_waits_for_fingers_that_come_from_above(radius: float) -> None:
    outward, ahead = (lying_grasps(np.array([np.sin(a), -np.cos(a), 0.0]), radius)[0][0] for a in (1.0, 0.0))
    assert (outward.closing, ahead.closing) == (GENTLE, QUICK)
    hands = [outward.opened()]
    for _ in range(60):
        hands.append(hands[-1] + outward.close_step(hands[-1]))
    begins = next(i for i, hand in enumerate(hands) if not np.array_equal(hand[4:], outward.opened()[4:]))
    shares = [float(np.mean(hands[i][:4])) / outward.close[0] for i in (begins - 2, begins - 1)]
    assert shares[0] < outward.thumb_waits <= shares[1] and np.allclose(hands[-1], outward.closed())


def test_the_thicker_a_thing_the_sooner_the_thumb_comes() -> None:
    slim, thick = (lying_grasps(np.array([0.0, -1.0, 0.0]), radius)[0][0].thumb_waits for radius in (0.026, 0.036))
    assert 0 < thick < slim < 1
