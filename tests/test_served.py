"""Arms run by the inference engine, and with answers that take time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sapave.bench.arms import arms, load, served
from sapave.bench.evaluate import EvalConfig, evaluate
from sapave.policies.sapave import SaPaVePolicy


def test_only_our_policy_is_served_so() -> None:
    active, expert = served(arms(("active", "expert")), "fp32", 2)
    assert (active.engine, active.delay) == ("fp32", 2) and (expert.engine, expert.delay) == ("", 0)
    policy = load(active)
    assert isinstance(policy, SaPaVePolicy) and policy.engine is not None and policy.delay == 2
    for engine, delay in (("fp16", 0), ("", -1), ("", 99)):
        with pytest.raises(ValueError, match="expected"):
            served(arms(("active",)), engine, delay)


def test_a_delayed_arm_plays_and_its_folder_takes_no_other(tmp_path: Path) -> None:
    how = {"arms": ("active",), "tasks": ("pick",), "conditions": ("unoccluded",), "per_cell": 1, "films": 0}
    results = evaluate(EvalConfig(out=tmp_path, delay=2, engine="bf16", workers=0, looking=0, **how))
    assert np.isfinite(results["cells"][0]["held"]["rate"])
    with pytest.raises(ValueError, match="served"):
        evaluate(EvalConfig(out=tmp_path, workers=0, looking=0, **how))
