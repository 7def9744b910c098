"""The way round an obstacle is free, ends where it should, is the same every time, and None where there is none."""

import numpy as np
import pytest

from sapave.sim.acting._roam import BERTHS, roam, roam_wide

LIMITS = np.tile([-2.0, 2.0], (7, 1))
START, GOAL = np.zeros(7), np.array([1.0] + [0.0] * 6)


def wall(arms: np.ndarray, clear: float = 0.0, height: float = 0.6) -> float:
    """A wall between start and goal, in joints 0 and 1: how deep the deepest posture is in it."""
    across = 0.15 + clear - np.abs(arms[:, 0] - 0.5)
    return float(np.minimum(across, height + clear - arms[:, 1]).max())


def test_goes_straight_where_it_can() -> None:
    way = roam(lambda arms: -1.0, LIMITS, START, GOAL, np.random.default_rng(0))
    assert way is not None and np.array_equal(way, np.stack([START, GOAL]))


def test_goes_round_what_is_between() -> None:
    way, again = (roam(wall, LIMITS, START, GOAL, np.random.default_rng(1)) for _ in range(2))
    assert way is not None and again is not None and np.array_equal(way, again)
    assert np.array_equal(way[0], START) and np.array_equal(way[-1], GOAL) and len(way) > 2
    fine = np.concatenate([np.linspace(a, b, 20) for a, b in zip(way[:-1], way[1:], strict=True)])
    assert wall(fine) <= 0.02


def test_none_where_the_goal_is_taken() -> None:
    assert roam(wall, LIMITS, START, np.array([0.5] + [0.0] * 6), np.random.default_rng(0)) is None


@pytest.mark.parametrize("start", [0.0, 0.345])
def test_what_touches_at_the_start_gets_clear_of_it(start: float) -> None:
    """Nearer to the wall than any berth: the first bit of the way may be so too, no other bit."""
    at = np.array([start] + [0.0] * 6)
    way = roam_wide(wall, LIMITS, at, GOAL, np.random.default_rng(2))
    assert way is not None and BERTHS[-1] > 0
    fine = np.concatenate([np.linspace(a, b, 20) for a, b in zip(way[:-1], way[1:], strict=True)])
    assert wall(fine[np.abs(fine - at).max(1) > 0.25]) <= 0.02
