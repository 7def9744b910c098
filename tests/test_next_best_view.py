"""Next-best-view: the map is what was measured, the head turns to unknown space, the oracle's view shows the target."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from sapave.base import geometry
from sapave.base.types import N_OTHER, EpisodeSpec, Geometry, Observation, Policy
from sapave.policies._entry import Privileged
from sapave.policies._voxels import FREE, OCCUPIED, UNKNOWN, Voxels, centres, shape, shown, views
from sapave.policies.next_best_view import NextBestView
from sapave.policies.next_best_view_oracle import NextBestViewOracle
from sapave.sim import conditions
from sapave.sim.gaze import head_at
from sapave.sim.robots.g1 import FOVY, HEAD_LIMITS
from sapave.sim.sight import sample_points
from sapave.sim.skills import camera_frame, gaze
from sapave.sim.world import World

REST = np.array([0.0, -0.9])


def looking(head: np.ndarray, depth: float | np.ndarray = 5.0) -> Observation:
    """A made-up observation from head [2] rad: this depth [m] everywhere, or as an image."""
    pose = np.asarray(head, np.float32)
    eye, axes = camera_frame(head)
    known = Geometry(
        depth=np.broadcast_to(np.float32(depth), (128, 176)),
        intrinsics=geometry.intrinsics(176, 128, np.deg2rad(FOVY)).astype(np.float32),
        base_from_camera=geometry.make_pose(axes, eye).astype(np.float32),
    )
    still = np.zeros(N_OTHER, np.float32)
    return Observation(
        rgb={}, geometry={"head": known}, head=pose, head_target=pose, other=still, other_target=still,
        instruction="", time=0.0,
    )  # fmt: skip


@pytest.fixture(params=[("out_of_view", 2_000_102), ("occluded", 2_000_100)], ids=lambda p: p[0])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    condition, seed = request.param
    found = World(EpisodeSpec(task="pick", condition=condition, seed=seed))
    yield found
    found.close()


def observe(world: World, head: np.ndarray) -> Observation:
    """What the robot senses with its head at [2] rad."""
    with head_at(world.model, world.data, head):
        seen = world.observe()
    pose = head.astype(np.float32)
    return replace(seen, head=pose, head_target=pose)


def test_the_map_holds_what_was_measured() -> None:
    voxels, seen = Voxels(), looking(REST, 0.5).geometry["head"]
    assert voxels.unknown == np.prod(shape()) == len(centres())
    voxels.see(seen)
    eye, axes = camera_frame(REST)
    depth = ((centres() - eye) @ axes)[:, 2]
    known = voxels.state != UNKNOWN
    assert np.all(depth[voxels.state == FREE] < 0.5 - 0.029) and np.all(
        np.abs(depth[voxels.state == OCCUPIED] - 0.5) < 0.031
    )
    assert np.count_nonzero(voxels.state == OCCUPIED) > 20 and not known[depth > 0.54].any()
    voxels.see(replace(seen, depth=np.full((128, 176), 3.0)))  # what stood there has gone
    assert not np.any(voxels.state == OCCUPIED) and np.all(voxels.state[known] == FREE)
    before = voxels.state.copy()
    voxels.see(replace(seen, depth=np.zeros((128, 176))))  # nothing measured, nothing learnt
    assert np.array_equal(voxels.state, before)


def test_what_is_known_to_be_there_hides_what_is_behind_it() -> None:
    gain = {}
    for name, depth in (("air", 5.0), ("wall", 0.35)):
        voxels = Voxels()
        voxels.see(looking(REST, depth).geometry["head"])
        gain[name] = views().gain(voxels.state)
    nearest = int(np.abs(views().poses - REST).sum(1).argmin())
    hidden = np.count_nonzero(voxels.state == UNKNOWN)
    assert gain["wall"][nearest] < 0.2 * hidden
    # without the wall's voxels the same unknown space would show
    assert views().gain(np.where(voxels.state == OCCUPIED, FREE, voxels.state))[nearest] > 2 * gain["wall"][nearest]
    assert np.all(views().gain(np.zeros(len(centres()))) <= len(centres()))
    assert np.all(views().gain(np.full(len(centres()), FREE)) == 0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_head_turns_to_the_side_that_is_unknown(side: float) -> None:
    policy = NextBestView()
    policy.reset(0)
    head = np.array([0.9 * side, -0.5])
    chunk = policy.act(looking(head))
    assert isinstance(policy, Policy) and not chunk.other.any()
    assert side * chunk.head.sum(0)[0] < -0.5
    low, high = np.transpose(HEAD_LIMITS)
    assert np.all(head + chunk.head.sum(0) >= low - 1e-6) and np.all(head + chunk.head.sum(0) <= high + 1e-6)


def test_it_goes_on_to_its_view_and_ends_when_nothing_is_left() -> None:
    policy, head, goals = NextBestView(), REST, []
    policy.reset(0)
    for _ in range(40):
        chunk = policy.act(looking(head))
        goals.append(head + chunk.head.sum(0))
        head = head + chunk.head[:4].sum(0)
        if not policy.promised:
            break
    assert not policy.promised and np.allclose(policy.act(looking(head)).head, 0.0)
    assert np.allclose(goals[0], goals[1]) and policy.map.unknown < 0.05 * np.prod(shape())
    policy.reset(1)
    assert policy.map.unknown == np.prod(shape())


def test_in_a_kitchen_it_sees_what_it_promised_and_more_than_other_looks(world: World) -> None:
    policy, head, g = NextBestView(), world.robot.rest_head.copy(), np.random.default_rng(0)
    policy.reset(0)
    for _ in range(2):
        chunk = policy.act(observe(world, head))
        before = policy.map.state.copy()
        head = head + chunk.head.sum(0)

        def found(pose: np.ndarray, before: np.ndarray = before) -> int:
            voxels = Voxels()
            voxels.state[:] = before
            voxels.see(observe(world, pose).geometry["head"])
            return int(np.count_nonzero(before == UNKNOWN)) - voxels.unknown

        new = found(head)
        assert 0.7 * policy.promised < new < 1.4 * policy.promised
        assert new > 1.5 * np.mean([found(g.uniform(*np.transpose(HEAD_LIMITS))) for _ in range(6)])


def test_the_oracle_finds_its_target_with_one_look_and_stays(world: World) -> None:
    policy, head = NextBestViewOracle(), world.robot.rest_head.copy()
    policy.reset(0)
    assert isinstance(policy, Privileged)
    with pytest.raises(ValueError, match=r"bind\(world\) or aim"):
        policy.act(observe(world, head))
    policy.bind(world)
    for _ in range(2):
        head = head + policy.act(observe(world, head)).head.sum(0)
        with head_at(world.model, world.data, head):
            assert conditions.visible_fraction(world, world.target.name) >= conditions.SEEN
            assert conditions.off_axis(world, world.target.name) <= conditions.CENTRAL
    assert np.allclose(policy.act(observe(world, head)).head, 0.0, atol=1e-6)
    other = world.things[-1].name
    policy.reset(0)
    policy.aim(world.position(other))
    head = head + policy.act(observe(world, head)).head.sum(0)
    with head_at(world.model, world.data, head):
        assert conditions.off_axis(world, other) <= conditions.CENTRAL


def test_the_oracle_looks_past_what_it_has_measured_in_the_way() -> None:
    policy, target = NextBestViewOracle(), np.array([0.45, -0.01, 0.9])
    straight = policy.choose(target)
    assert np.allclose(straight, gaze(target))
    x, y, _ = centres(policy.map.size).T
    policy.map.state[:] = np.where((np.abs(x - 0.25) < 0.03) & (y < 0), OCCUPIED, FREE)  # a board on the right
    past = policy.choose(target)
    points = sample_points(target, 0.04, 0.045)
    shares = [policy.map.share_seen(camera_frame(pose)[0], points, 0.08) for pose in (straight, past)]
    assert past[0] > straight[0] + 0.1 and shares[1] > shares[0] + 0.2
    near, far = (looking(straight, depth).geometry["head"] for depth in (0.2, 5.0))
    assert shown(near, points, 0.08) == 0.0 and shown(far, points, 0.08) == 1.0


def test_without_depth_one_line_says_so() -> None:
    blind = replace(looking(REST), geometry={"head": Geometry()})
    for seen in (blind, replace(blind, geometry={})):
        with pytest.raises(ValueError, match="needs depth, intrinsics and pose"):
            NextBestView().act(seen)


def test_a_decision_takes_at_most_50_ms_of_a_core() -> None:
    views()
    for policy in (NextBestView(), NextBestViewOracle()):
        spent = []
        for number in range(7):
            policy.reset(number)
            if isinstance(policy, NextBestViewOracle):
                policy.aim(np.array([0.1, 0.4, 0.86]))
            seen = looking(REST, 0.4 + 0.05 * number)
            began = time.thread_time()
            policy.act(seen)
            spent.append(time.thread_time() - began)
        assert np.median(spent) <= 0.05, spent
