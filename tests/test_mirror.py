"""The mirror: twice is nothing, and it agrees with the robot's own kinematics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sapave.base.mirror import POINT, mirror_head, mirror_other
from sapave.base.normalize import Normalizer
from sapave.model.config import TINY_TEST
from sapave.model.inputs import Processor
from sapave.model.pointer import FEATURES
from sapave.sim.robots.g1 import ROBOT
from sapave.train.mirror import mirror_pointer, mirror_state, mirrored
from sapave.train.presets import PRESETS


def joints(rows: int = 20) -> tuple[np.ndarray, ...]:
    g = np.random.default_rng(0)
    low, high = ROBOT.other_limits.T
    head = [g.uniform(-0.5, 0.5, (rows, 2)) for _ in range(2)]
    other = [g.uniform(low, high, (rows, 26)) for _ in range(2)]
    return *head, *other


def test_the_mirrored_robot_is_the_same_robot() -> None:
    _, _, other, _ = joints()
    for side, twin in (("left", "right"), ("right", "left")):
        position, rotation = ROBOT.chains[side].pose(other)
        seen, turned = ROBOT.chains[twin].pose(mirror_other(other))
        flip = np.diag(POINT)
        assert np.allclose(seen, position * POINT, atol=1e-6) and np.allclose(turned, flip @ rotation @ flip, atol=1e-6)
    assert np.allclose(mirror_other(ROBOT.rest_other), ROBOT.rest_other)
    assert np.allclose(np.sort(mirror_other(ROBOT.other_limits.T), 0).T, ROBOT.other_limits)


def test_a_mirrored_state_is_the_state_of_the_mirrored_robot() -> None:
    processor = Processor.fresh(TINY_TEST, ["a"], ROBOT.chains)
    head, head_target, other, other_target = joints()
    state = processor.state(head, head_target, other, other_target)
    twin = processor.state(*(mirror_head(h) for h in (head, head_target)), *(map(mirror_other, (other, other_target))))
    assert np.allclose(mirror_state(state), twin, atol=1e-5) and np.allclose(mirror_state(twin), state, atol=1e-5)


def test_mirrored_rows_teach_the_same_motion_of_the_other_hand() -> None:
    g = np.random.default_rng(1)
    processor = Processor.fresh(TINY_TEST, ["a"], ROBOT.chains)
    processor.other_norm = Normalizer.fit(g.normal(0.1, 0.5, (50, 16, 26)))
    motion = g.normal(0, 0.3, (8, 16, 26)).astype(np.float32)
    values = {
        "state": torch.from_numpy(processor.state(*(j[:8] for j in joints()))),
        "hybrid_pointer": torch.from_numpy(g.normal(size=(8, 2, FEATURES)).astype(np.float32)),
        "other_chunk": torch.from_numpy(processor.other_norm.apply(motion).astype(np.float32)),
    }
    out = mirrored(values, processor, 1.0, g)
    assert np.allclose(processor.other_norm.invert(out["other_chunk"].numpy()), mirror_other(motion), atol=1e-5)
    assert np.allclose(out["hybrid_pointer"].numpy(), mirror_pointer(values["hybrid_pointer"].numpy()))
    back = mirrored(out, processor, 1.0, g)
    assert all(torch.allclose(back[name], values[name], atol=1e-5) for name in values)
    some = mirrored(values, processor, 0.5, g)["state"]
    changed = (some != values["state"]).any(1)
    assert 0 < changed.sum() < 8


def test_pictures_have_no_mirror_image() -> None:
    from dataclasses import replace

    with pytest.raises(ValueError, match="training setting mirror: found 0.5"):
        replace(PRESETS["stage2"], mirror=0.5)
