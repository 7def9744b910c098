"""Everyone on the policies' shelf: an entry with a sentence; the blind ones answer well-formed chunks."""

from dataclasses import replace

import numpy as np
import pytest

from sapave.base.shelf import pick, shelf
from sapave.base.types import N_HEAD, N_OTHER, ActionChunk, EpisodeSpec, Policy
from sapave.policies import sapave as ours
from sapave.policies._entry import PolicyEntry, Privileged
from sapave.policies.expert import ExpertPolicy
from sapave.policies.zero import Zero
from sapave.sim.world import World

ENTRIES = shelf("sapave.policies", "POLICY")


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
def test_each_entry_says_what_it_is(entry):
    assert isinstance(entry, PolicyEntry) and entry.doc.endswith(".") and callable(entry.make)


def test_zero_never_moves():
    policy = pick("sapave.policies", "POLICY", "zero").make()
    assert isinstance(policy, Policy) and not isinstance(policy, Privileged)
    policy.reset(1)
    chunk = policy.act(None)
    assert isinstance(chunk, ActionChunk) and chunk.head.shape == (16, N_HEAD) and chunk.other.shape == (16, N_OTHER)
    assert not np.any(chunk.head) and not np.any(chunk.other)
    with pytest.raises(ValueError, match="rows=0"):
        Zero(rows=0)


def test_the_expert_asks_for_its_world():
    policy = ExpertPolicy()
    assert isinstance(policy, Privileged)
    policy.reset(1)
    with pytest.raises(ValueError, match="bind"):
        policy.act(None)


def test_a_shipped_checkpoint_is_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(ours, "WEIGHTS", tmp_path)
    with pytest.raises(ValueError, match="--checkpoint"):
        ours.shipped()
    for name in ("active", "fixed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    assert ours.shipped("fixed") == tmp_path / "fixed"
    with pytest.raises(KeyError, match="did you mean 'active'"):
        ours.shipped("actve")
    (tmp_path / "wide_active").mkdir()
    (tmp_path / "wide_active" / "config.json").write_text("{}")
    assert ours.shipped("active", "wide") == tmp_path / "wide_active"
    assert ours.shipped("fixed", "wide") == tmp_path / "fixed", "the common one where a suite has none of its own"


def test_what_was_seen_is_remembered_until_a_new_instruction_or_a_reset(monkeypatch):
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=3))
    seen = world.observe()
    world.close()
    policy, given = pick("sapave.policies", "POLICY", "sapave").make(), []
    remember = policy.model.remember
    monkeypatch.setattr(
        policy.model, "remember", lambda h, memory, b: (given.append(memory), remember(h, memory, b))[1]
    )
    for words in (seen.instruction, seen.instruction, "look at the tray"):
        policy.act(replace(seen, instruction=words))
    assert given[0] is None and given[1] is not None and given[1].points.shape == (1, 2, 4) and given[2] is None
    policy.reset(0)
    policy.act(replace(seen, instruction="look at the tray"))
    assert given[3] is None
