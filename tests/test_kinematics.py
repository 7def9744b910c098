"""The numpy chains agree with MuJoCo, their Jacobian with finite differences, and IK finds its way back."""

import json

import mujoco
import numpy as np
import pytest

from sapave.base.kinematics import Chain
from sapave.sim.control import Controller
from sapave.sim.ik import rotation_error, solve
from sapave.sim.robots.g1 import ROBOT


def test_chains_agree_with_mujoco() -> None:
    spec = mujoco.MjSpec()
    ROBOT.add(spec)
    model = spec.compile()
    data = mujoco.MjData(model)
    controller = Controller(model, data, ROBOT)
    rng = np.random.default_rng(0)
    streams = rng.uniform(*ROBOT.other_limits.T, (20, 26))
    for side, chain in ROBOT.chains.items():
        positions, rotations = chain.pose(streams)
        assert positions.shape == (20, 3) and rotations.shape == (20, 3, 3)
        for stream, position, rotation in zip(streams, positions, rotations, strict=True):
            controller.reset(ROBOT.rest_head, stream)
            mujoco.mj_kinematics(model, data)
            np.testing.assert_allclose(position, data.site(f"{side}_grasp").xpos, atol=1e-6)
            np.testing.assert_allclose(rotation.ravel(), data.site(f"{side}_grasp").xmat, atol=1e-6)


def test_chain_survives_json() -> None:
    chain = ROBOT.chains["right"]
    again = Chain.from_dict(json.loads(json.dumps(chain.to_dict())))
    np.testing.assert_array_equal(chain.pose(ROBOT.rest_other)[0], again.pose(ROBOT.rest_other)[0])


def test_chain_refuses_unequal_lists() -> None:
    with pytest.raises(ValueError, match="same number"):
        Chain.from_numbers([0, 1], [[0, 0, 0]], [[1, 0, 0, 0]], [[0, 0, 1]], [0, 0, 0])


def test_jacobian_matches_finite_differences() -> None:
    chain = ROBOT.chains["left"]
    angles = np.array([0.3, 0.4, -0.2, 0.7, 0.1, -0.3, 0.2])
    position, rotation, jacobian = chain.jacobian(angles)
    for i in range(7):
        moved = angles.copy()
        moved[i] += 1e-6
        p, r, _, _ = chain.frames(moved)
        np.testing.assert_allclose((p - position) / 1e-6, jacobian[:3, i], atol=1e-4)
        np.testing.assert_allclose(rotation_error(r, rotation) / 1e-6, jacobian[3:, i], atol=1e-4)


def test_ik_returns_to_reachable_poses_inside_limits() -> None:
    chain, limits = ROBOT.chains["left"], ROBOT.other_limits[:7]
    rng = np.random.default_rng(1)
    angles = rng.uniform(0.6 * limits[:, 0], 0.6 * limits[:, 1], (64, 7))
    positions, rotations, _, _ = chain.frames(angles)
    found, reached = solve(chain, limits, positions, rotations, angles + rng.normal(0, 0.3, angles.shape))
    assert reached.mean() > 0.95
    assert np.all(found >= limits[:, 0]) and np.all(found <= limits[:, 1])
    again, _, _, _ = chain.frames(found[reached])
    assert np.linalg.norm(again - positions[reached], axis=1).max() < 0.003
