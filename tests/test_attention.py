"""The active metrics: what counts as a look, which looks are needless, and that measuring changes no episode."""

from __future__ import annotations

import numpy as np
import pytest

from sapave.base.types import EpisodeSpec
from sapave.bench.summary import visibility
from sapave.sim.attention import Sample, find_looks, needless
from sapave.sim.world import World


def path(*stops: tuple[float, float, int]) -> np.ndarray:
    """Head targets that go to (yaw, pitch) in so many ticks, one stop after the other."""
    heads = [np.zeros(2)]
    for yaw, pitch, ticks in stops:
        heads += list(np.linspace(heads[-1], (yaw, pitch), ticks + 1)[1:])
    return np.array(heads)


def samples(*rows: tuple[float, float, float]) -> list[Sample]:
    return [Sample(time=t, fraction=f, angle=a, gain=0.0) for t, f, a in rows]


def test_a_look_is_a_fast_motion_that_leads_elsewhere() -> None:
    still = (1.0, 0.0, 10)
    assert find_looks(path((0.0, 0.0, 20))) == []
    assert find_looks(path((1.0, 0.0, 100))) == []  # 0.01 rad per tick follows something
    assert find_looks(path((0.1, 0.0, 1))) == []  # a twitch
    assert len(find_looks(path((1.0, 0.0, 10), still, (1.0, 0.5, 5)))) == 2
    assert len(find_looks(path((0.5, 0.0, 5), (0.5, 0.0, 2), (1.0, 0.0, 5)))) == 1  # a short pause
    there_and_back = find_looks(path((1.0, 0.0, 10), (0.0, 0.0, 10)))
    assert len(there_and_back) == 2
    assert there_and_back[0].end == there_and_back[1].start == pytest.approx(0.4)
    assert np.allclose(there_and_back[0].to_head, (1.0, 0.0))


def test_looks_away_and_looks_back_at_nothing_are_needless() -> None:
    away = find_looks(path((0.0, 0.0, 8), (1.0, 0.0, 8)))
    seen = samples((0.0, 0.9, 0.1), (0.32, 0.9, 0.1), (0.64, 0.2, 0.8))
    assert needless(away, seen, None) == 1
    assert needless(away, seen, 0.1) == 0  # the hand has it: the head may go elsewhere
    better = samples((0.0, 0.9, 0.5), (0.32, 0.9, 0.5), (0.64, 0.5, 0.1))
    assert needless(away, better, None) == 0  # less visible, but not because the head turned off
    search = find_looks(path((1.0, 0.0, 8), (-1.0, 0.0, 16), (1.0, 0.0, 16)))
    nothing = samples(*((0.32 * i, 0.0, 1.0) for i in range(6)))
    assert needless(search, nothing, None) == 1  # left, right, left again
    found = samples((0.0, 0.0, 1.0), (0.32, 0.0, 1.0), (0.96, 0.0, 1.0), (1.6, 0.7, 0.1))
    assert needless(search, found, None) == 0


def test_measuring_changes_no_bit_of_the_episode() -> None:
    spec = EpisodeSpec(task="pick", condition="occluded", seed=4)
    worlds = World(spec), World(spec)
    turn, rest = np.array([0.05, 0.0]), np.zeros(26)
    for tick in range(12):
        for world in worlds:
            world.tick(turn, rest)
        if tick % 4 == 3:
            worlds[0].judge.look()
            a, b = (w.observe() for w in worlds)
            assert np.array_equal(a.rgb["head"], b.rgb["head"])
            assert np.array_equal(a.geometry["head"].depth, b.geometry["head"].depth)
            assert np.array_equal(worlds[0].data.qpos, worlds[1].data.qpos)
    outcome = worlds[0].outcome()
    assert outcome.looks == 1 and outcome.head_travel == pytest.approx(0.6)
    assert outcome.look_to_act is None and outcome.centring is None  # no arm moved
    assert outcome.camera_gain is not None and outcome.camera_gain > 0.2  # turning uncovers the target
    for world in worlds:
        world.close()


def test_the_gain_is_zero_in_the_default_pose() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=4))
    world.judge.look()
    outcome = world.outcome()
    world.close()
    assert outcome.camera_gain == 0.0 and outcome.visibility[0][1] > 0.6


def test_the_mean_curve_keeps_the_last_value_of_what_is_over() -> None:
    long, short = [[0.0, 0.0], [0.32, 0.5], [0.64, 1.0]], [[0.0, 1.0], [0.2, 0.6]]
    assert visibility([{"visibility": long}, {"visibility": short}]) == [0.5, 0.55, 0.8]
    assert visibility([{"visibility": []}]) == []
