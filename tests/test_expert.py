"""The expert succeeds, goes on from disturbed states, keeps still heads still, and labels what it would do."""

import numpy as np
import pytest

from sapave.base.types import EpisodeSpec
from sapave.sim.experts import CHUNK, Expert
from sapave.sim.sight import in_frame
from sapave.sim.skills import Path, camera_frame, gaze
from sapave.sim.world import World


def play(world: World, expert: Expert, execute: int = 8) -> bool:
    while not world.done:
        chunk = expert.act()
        for head, other in zip(chunk.head[:execute], chunk.other[:execute], strict=True):
            world.tick(head, other)
    return world.outcome().success_held


@pytest.fixture
def world() -> World:
    return World(EpisodeSpec(task="pick", condition="out_of_view", seed=3))


def test_looks_first_then_picks(world: World) -> None:
    expert = Expert(world, np.random.default_rng(0))
    first = expert.act()
    assert first.head.shape == (CHUNK, 2) and first.other.shape == (CHUNK, 26)
    assert np.abs(first.other[0, :14]).max() == 0.0, "the arm waits until the target is in view"
    assert np.abs(first.head[0]).max() > 0.01
    assert np.all(np.abs(first.other) <= world.robot.other_step + 1e-9)
    assert play(world, expert)


@pytest.mark.parametrize(("task", "seed"), [("pick", 2), ("pick_and_place", 3)])
def test_succeeds_in_front(task: str, seed: int) -> None:
    world = World(EpisodeSpec(task=task, condition="unoccluded", seed=seed))
    assert play(world, Expert(world, np.random.default_rng(0)))


def test_succeeds_under_noise_and_labels_stay_clean() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=4))
    expert = Expert(world, np.random.default_rng(0), noise=0.0075)
    executed = expert.act()
    assert np.abs(executed.other - expert.label.other).max() > 0.0
    idle = slice(7, 14) if expert.plan is not None and expert.plan.side == "left" else slice(0, 7)
    assert np.all(expert.label.other[:, idle] == 0.0)
    assert play(world, expert)


def test_recovers_from_a_hand_closed_on_nothing() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=4))
    shut = np.zeros(26)
    shut[14:18] = shut[20:24] = 0.15
    for _ in range(10):
        world.tick(np.zeros(2), shut)
    assert play(world, Expert(world, np.random.default_rng(0)))


def test_fixed_camera_expert_never_moves_the_head() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=4, camera="fixed"))
    expert = Expert(world, np.random.default_rng(0), noise=0.005, wait_for_view=False)
    assert np.all(expert.act().head == 0.0)
    assert play(world, expert)


def test_same_state_same_chunk(world: World) -> None:
    chunks = [Expert(world, np.random.default_rng(0)).act() for _ in range(2)]
    np.testing.assert_array_equal(chunks[0].other, chunks[1].other)
    np.testing.assert_array_equal(chunks[0].head, chunks[1].head)


def test_gaze_brings_points_to_the_image_centre() -> None:
    for point in ((0.3, 0.2, 0.85), (0.1, -0.45, 0.9), (0.4, 0.1, 1.2)):
        head = gaze(np.array(point))
        eye, axes = camera_frame(head)
        x, y, z = (np.array(point) - eye) @ axes
        assert z > 0 and abs(y / z) < 1e-6 and abs(x / z) < 1e-6
        assert in_frame(head, np.array([point]))
    assert not in_frame(np.array([1.2, 0.0]), np.array([[0.3, -0.3, 0.85]]))


def test_path_ends_at_its_end_from_anywhere() -> None:
    path = Path(np.array([[0.0] * 7, [0.5] * 7, [0.5] * 6 + [1.0]]))
    angles = np.array([0.4, -0.3, 0.2, 0.0, 0.1, 0.6, -0.5])
    for _ in range(80):
        step = path.next_step(angles, 0.07)
        assert np.abs(step).max() <= 0.07 + 1e-9
        angles = angles + step
    np.testing.assert_allclose(angles, path.points[-1], atol=1e-3)


def side_of(world: World) -> float:
    """+1 when the target stands on the left."""
    return float(np.sign(world.position(world.target.name)[1]))


def test_searches_where_it_has_not_looked(world: World) -> None:
    """At first straight to the true place; a head that has gone the other way looks there first, then comes back."""
    expert, side = Expert(world, np.random.default_rng(0)), side_of(world)
    assert side * expert.act().head[:, 0].sum() > 0.5
    away = np.tile([-side * 0.1, 0.0], (4, 1))
    for head in away:
        world.tick(head, np.zeros(26))
    assert side * expert.act().head[:, 0].sum() < -0.3, "on towards the side it has turned to"
    turned = [float(side * expert.act().head[:, 0].sum())]
    for _ in range(40):
        world.tick(expert.act().head[0], np.zeros(26))
        turned.append(float(side * world.controller.head[0]))
    assert min(turned) < -0.45 and turned[-1] > 1.0, "nothing there: to the other side"
    assert expert.search.done and np.abs(world.controller.head - expert._gaze(expert._read())).max() < 0.05


def test_asks_for_the_same_grasp_from_anywhere() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=4))
    expert = Expert(world, np.random.default_rng(0))
    expert.act()
    first, g = expert.plan, np.random.default_rng(1)
    assert first is not None
    arm = slice(0, 7) if first.side == "left" else slice(7, 14)
    for _ in range(3):
        push = np.zeros(26)
        push[arm] = g.normal(0, 0.02, 7)
        for _ in range(4):
            world.tick(np.zeros(2), push)
        again = Expert(world, np.random.default_rng(0))
        again.act()
        assert again.plan is not None and abs(again.plan.grasp.yaw - first.grasp.yaw) < 1e-3
        assert np.abs(again.plan.approach.points[-1] - first.approach.points[-1]).max() < 0.05


@pytest.mark.parametrize("seed", [3, 5, 6])
def test_gives_the_target_a_wide_berth(seed: int) -> None:
    world = World(EpisodeSpec(task="pick", condition="out_of_view", seed=seed))
    expert = Expert(world, np.random.default_rng(0))
    expert.act()
    plan = expert.plan
    assert plan is not None
    arm = slice(0, 7) if plan.side == "left" else slice(7, 14)
    points = np.stack([world.controller.targets_other[arm], *plan.approach.points[:-1]])
    way = np.concatenate([np.linspace(a, b, 12) for a, b in zip(points[:-1], points[1:], strict=True)])
    assert expert.planner.touches(plan.side, way, plan.grasp.opened(), target=0.02) <= 0
