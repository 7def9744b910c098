"""Arms that part the camera's share from the hands': scan, oracle camera, best fixed pose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sapave.base.types import N_OTHER, ActionChunk, EpisodeSpec, Observation
from sapave.bench import best_pose
from sapave.bench.arms import arms, load, weights_digest
from sapave.bench.rollout import play
from sapave.policies import best_fixed_pose, scan
from sapave.policies._head import HeldAt, toward
from sapave.policies.oracle_camera import OracleCamera
from sapave.policies.scan import Scan
from sapave.sim.world import World

AWAY = EpisodeSpec(task="pick", condition="out_of_view", seed=2_000_021)


class Hands:
    """A policy whose arms move a little and whose head wants to go left."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def reset(self, seed: int) -> None:
        self.asked = []

    def act(self, observation: Observation) -> ActionChunk:
        self.asked.append(observation.time)
        return ActionChunk(head=np.full((16, 2), 0.05), other=np.full((16, N_OTHER), 0.001))


def test_the_head_goes_there_at_full_speed_and_stays() -> None:
    steps = toward(np.array([0.0, -0.9]), np.array([0.5, -1.0]))
    path = np.array([0.0, -0.9]) + np.cumsum(steps, axis=0)
    assert np.abs(steps).max() <= 0.12 + 1e-12 and np.allclose(path[4:], (0.5, -1.0)) and np.all(steps[5:] == 0)


def test_a_held_head_stays_at_its_pose() -> None:
    pose = best_fixed_pose.pose()
    world = World(AWAY)
    play(world, HeldAt(Hands(), pose), max_seconds=1.6)
    assert np.allclose(world.controller.targets_head, pose, atol=1e-6)
    assert np.all(world.controller.targets_other[:14] != world.robot.rest_other[:14])
    world.close()


def test_the_scan_finds_what_is_out_of_view_and_hands_over() -> None:
    hands = Hands()
    policy = Scan(hands)
    world = World(AWAY)
    with pytest.raises(ValueError, match="bind"):
        policy.act(world.observe())
    record = play(world, policy, max_seconds=6.0)
    world.close()
    seen = record.outcome.time_to_first_sight
    assert policy.handed_over and seen is not None and 0.2 < seen < 4.0
    assert hands.asked[0] == pytest.approx(seen)


def test_the_scan_of_nothing_ends_too() -> None:
    world: Any = World(AWAY)
    world.visible_fraction = lambda: 0.0
    policy = Scan(Hands())
    play(world, policy, max_seconds=8.0)
    world.close()
    assert policy.handed_over
    assert len(scan.stops(np.zeros(2))) == len({tuple(s) for s in scan.stops(np.zeros(2))}) == 10


def test_the_oracle_moves_the_head_and_only_the_head() -> None:
    world = World(AWAY)
    record = play(world, OracleCamera(Hands()), max_seconds=1.3)
    assert record.outcome.visibility[-1][1] > 0.6
    arms_moved = world.controller.targets_other[:14] - world.robot.rest_other[:14]
    assert np.allclose(arms_moved, arms_moved[0])
    world.close()


def test_the_best_pose_is_that_of_the_suite() -> None:
    kitchens, wide = (arms(("best_fixed_pose",), suite=suite)[0] for suite in ("", "activemanip"))
    assert (kitchens.suite, wide.suite) == ("kitchens", "activemanip")
    assert np.allclose(load(wide).pose, best_fixed_pose.pose("activemanip"))  # pyright: ignore[reportAttributeAccessIssue]
    assert not np.allclose(best_fixed_pose.pose("activemanip"), best_fixed_pose.pose())
    with pytest.raises(KeyError, match="activemanip"):
        arms(("best_fixed_pose",), suite="activemanp")


def test_arms_of_learned_policies_carry_their_weights() -> None:
    names = ("active", "scan", "oracle_camera", "best_fixed_pose", "expert")
    digests = [weights_digest(arm) for arm in arms(names)]
    assert len(set(digests[:4])) == 1 and digests[0] and digests[4] == ""
    with pytest.raises(ValueError, match="no weights are shipped"):
        arms(("active_wrist",))


def test_the_best_pose_is_the_best_and_states_where_it_comes_from() -> None:
    mean = np.zeros((len(best_pose.PITCHES), len(best_pose.YAWS)))
    mean[2, 3] = mean[2, 4] = 0.7
    assert best_pose.best(mean) == {"yaw": 0.0, "pitch": best_pose.PITCHES[2], "visible": 0.7}
    rows = best_pose.sweep(("kitchens", "pick", "unoccluded", 1_000_000))
    assert rows is not None and np.shape(rows) == mean.shape and max(map(max, rows)) > 0.8
