"""Real-time chunking: what runs meanwhile is kept, the overlap has no jump, and nothing changes where nothing runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sapave.base.types import ActionChunk, Geometry, Observation
from sapave.model.engine import EngineConfig
from sapave.model.realtime import continue_chunk, soft_mask
from sapave.policies.sapave import SaPaVePolicy


def chunk(speed: float, k: int = 16, executed: int = 0) -> ActionChunk:
    """A steady motion [rad per tick] of all joints."""
    head, other = np.full((k, 2), speed, np.float32), np.full((k, 26), speed, np.float32)
    return ActionChunk(head=head, other=other, executed=executed)


def observation(time: float, brightness: int = 0) -> Observation:
    rgb = np.random.default_rng(brightness).integers(0, 256, (128, 176, 3), np.uint8)
    zeros = {n: np.zeros(2, np.float32) for n in ("head", "head_target")}
    zeros |= {n: np.zeros(26, np.float32) for n in ("other", "other_target")}
    return Observation(rgb={"head": rgb}, geometry={"head": Geometry()}, instruction="pick the mug", time=time, **zeros)


def test_without_a_running_chunk_or_a_delay_it_is_the_new_chunk() -> None:
    new = chunk(0.01)
    assert continue_chunk(None, new, 0) is new
    assert continue_chunk(None, new, 4) is new
    assert continue_chunk(chunk(0.05, executed=8), new, 0) is new


@pytest.mark.parametrize("delay", [1, 3, 8])
def test_what_runs_meanwhile_is_kept_and_the_end_is_where_the_new_chunk_ends(delay: int) -> None:
    rng = np.random.default_rng(delay)
    old, new = (
        ActionChunk(head=rng.normal(0, 0.02, (16, 2)), other=rng.normal(0, 0.02, (16, 26)), executed=e) for e in (8, 0)
    )
    found = continue_chunk(old, new, delay)
    for name in ("head", "other"):
        rows, before, after = (getattr(c, name) for c in (found, old, new))
        assert np.array_equal(rows[:delay], before[8 : 8 + delay])
        assert np.allclose(rows[8 + 1 :], after[8 + 1 :])  # behind the running chunk: the new one's own rows
        assert np.allclose(rows.sum(0), after.sum(0))
    assert found.executed == 0 and len(found.head) == 16


def test_the_overlap_has_no_jump_where_switching_has_one() -> None:
    old, new = chunk(0.05, executed=4), chunk(-0.05)
    rows = np.concatenate([old.head[:4], continue_chunk(old, new, 4).head])[:, 0]
    steps = np.abs(np.diff(rows))
    assert np.abs(new.head[4, 0] - old.head[7, 0]) > 0.09  # switching: from full speed to full speed back
    assert steps.max() < 0.09 and steps[7] < 0.03  # the first tick after the delay changes the speed little
    same = continue_chunk(chunk(0.05, executed=4), chunk(0.05), 4)
    assert np.allclose(same.head, 0.05, atol=1e-7)


def test_the_mask_falls_from_one_to_zero() -> None:
    mask = soft_mask(12, 4)
    assert np.array_equal(mask[:4], np.ones(4)) and (np.diff(mask[3:]) < 0).all() and 0 < mask[-1] < 0.1
    assert np.array_equal(soft_mask(4, 4), np.ones(4))


def test_chunks_that_cannot_be_joined_are_one_line() -> None:
    with pytest.raises(ValueError, match="has 3 of 16 rows left, expected at least the 4 ticks"):
        continue_chunk(chunk(0.0, executed=13), chunk(0.0), 4)
    with pytest.raises(ValueError, match="delay: found 16 ticks, expected 0 to 15"):
        continue_chunk(None, chunk(0.0), 16)
    with pytest.raises(ValueError, match="control periods of 0.02 s and 0.04 s"):
        continue_chunk(replace(chunk(0.0), dt=0.02), chunk(0.0), 4)


def test_the_policy_continues_what_it_has_under_way_and_the_engine_acts_as_the_model_does() -> None:
    plain, late = SaPaVePolicy(), SaPaVePolicy(delay=4, engine=EngineConfig())
    for policy in (plain, late):
        policy.reset(0)
    first = [policy.act(observation(1.0)) for policy in (plain, late)]
    assert np.allclose(first[0].other, first[1].other, atol=1e-5) and np.abs(first[0].other).max() > 1e-3
    second = [policy.act(observation(1.32, brightness=1)) for policy in (plain, late)]  # 8 ticks later
    assert np.array_equal(second[1].other[:4], first[1].other[8:12])
    assert np.allclose(second[0].other.sum(0), second[1].other.sum(0), atol=1e-5)
    assert not np.allclose(second[0].other[:4], second[1].other[:4], atol=1e-5)
    late.reset(0)
    assert np.array_equal(late.act(observation(0.0)).other, first[1].other)
