"""The G1: limits and names as declared, a rest pose that holds itself, a controller that clips and refuses."""

import sys
import types

import mujoco
import numpy as np
import pytest

from sapave.base.types import HEAD_NAMES, OTHER_NAMES
from sapave.sim.control import Controller, set_physics
from sapave.sim.robots.g1 import ROBOT


@pytest.fixture(scope="module")
def model() -> mujoco.MjModel:
    spec = mujoco.MjSpec()
    set_physics(spec)
    ROBOT.add(spec)
    return spec.compile()


@pytest.fixture
def controller(model: mujoco.MjModel) -> Controller:
    made = Controller(model, mujoco.MjData(model), ROBOT)
    made.reset(ROBOT.rest_head, ROBOT.rest_other)
    return made


def test_streams_limits_and_cameras(model: mujoco.MjModel) -> None:
    assert ROBOT.head_joints == HEAD_NAMES and ROBOT.other_joints == OTHER_NAMES
    assert ROBOT.limits.shape == (28, 2) and ROBOT.step_limit.shape == (28,)
    for name, limits in zip(ROBOT.head_joints + ROBOT.other_joints, ROBOT.limits, strict=True):
        np.testing.assert_allclose(model.joint(name).range, limits)
    rest = np.concatenate([ROBOT.rest_head, ROBOT.rest_other])
    assert np.all(rest >= ROBOT.limits[:, 0]) and np.all(rest <= ROBOT.limits[:, 1])
    for camera in ROBOT.cameras:
        assert model.camera(camera).id >= 0
    assert model.actuator("left_wrist_pitch").forcerange[1] == 5.0
    assert model.actuator("left_elbow").forcerange[1] == 25.0


def test_rest_pose_holds_itself_without_contact(controller: Controller) -> None:
    for _ in range(25):
        controller.tick()
    assert np.abs(controller.other - ROBOT.rest_other).max() < 1e-3
    assert np.abs(controller.head - ROBOT.rest_head).max() < 1e-2
    assert controller.data.ncon == 0
    left, right = (controller.data.site(f"{side}_grasp").xpos for side in ("left", "right"))
    np.testing.assert_allclose(left * [1, -1, 1], right, atol=1e-3)
    assert left[2] > 0.90, "hands rest above the counter"


def test_head_signs_and_lever(controller: Controller) -> None:
    data = controller.data
    controller.reset(np.zeros(2), ROBOT.rest_other)
    mujoco.mj_forward(controller.model, data)
    np.testing.assert_allclose(data.camera("head").xpos, [0.07, 0.0, 1.277], atol=1e-6)
    controller.reset(np.array([0.5, 0.3]), ROBOT.rest_other)
    mujoco.mj_forward(controller.model, data)
    forward = -data.camera("head").xmat.reshape(3, 3)[:, 2]
    assert forward[1] > 0.3, "yaw + looks left"
    assert forward[2] > 0.2, "pitch + looks up"


def test_joints_follow_moving_targets(controller: Controller) -> None:
    lag = 0.0
    for i in range(40):
        other = np.zeros(26)
        other[:14] = 0.03 * np.cos(0.3 * i)
        controller.apply(np.zeros(2), other)
        controller.tick()
        lag = max(lag, float(np.abs(controller.other - controller.targets_other)[:14].max()))
    assert lag < 0.06


def test_controller_clips_to_step_and_joint_limits(controller: Controller) -> None:
    head, other = controller.apply(np.array([9.0, -9.0]), np.full(26, 9.0))
    assert np.all(np.abs(head) <= ROBOT.head_step + 1e-12) and np.all(np.abs(other) <= ROBOT.other_step + 1e-12)
    for _ in range(60):
        controller.apply(np.array([9.0, -9.0]), np.full(26, 9.0))
    np.testing.assert_allclose(controller.targets_other, ROBOT.other_limits[:, 1])
    np.testing.assert_allclose(controller.targets_head, [ROBOT.head_limits[0, 1], ROBOT.head_limits[1, 0]])


def test_controller_refuses_nan_by_name(controller: Controller) -> None:
    other = np.zeros(26)
    other[3] = np.nan
    with pytest.raises(ValueError, match="left_elbow"):
        controller.apply(np.zeros(2), other)
    with pytest.raises(ValueError, match="head"):
        controller.apply(np.zeros(3), np.zeros(26))


def test_finger_joints_stay_coupled(controller: Controller) -> None:
    for _ in range(20):
        controller.apply(np.zeros(2), np.concatenate([np.zeros(14), np.full(12, 0.08)]))
        controller.tick()
    for _ in range(10):
        controller.tick()
    for joint, (leader, ratio) in ROBOT.followers.items():
        qpos = controller.data.joint(joint).qpos[0]
        assert abs(qpos - ratio * controller.data.joint(leader).qpos[0]) < 0.05, joint


def test_arms_collide_with_each_other_and_the_trunk(model: mujoco.MjModel) -> None:
    data = mujoco.MjData(model)
    controller = Controller(model, data, ROBOT)
    other = ROBOT.rest_other.copy()
    other[2], other[9] = -0.9, 0.9
    controller.reset(ROBOT.rest_head, other)
    mujoco.mj_forward(model, data)
    owners = {
        frozenset(model.body(b).name.split("_")[0] for b in model.geom_bodyid[pair]) for pair in data.contact.geom
    }
    assert any(len(pair) == 2 for pair in owners)


def test_right_side_mirrors_left() -> None:
    left, right = ROBOT.chains["left"].pose(ROBOT.rest_other)[0], ROBOT.chains["right"].pose(ROBOT.rest_other)[0]
    np.testing.assert_allclose(left * [1, -1, 1], right, atol=1e-9)


def test_meshes_change_what_is_seen_and_nothing_else(model: mujoco.MjModel, tmp_path, monkeypatch) -> None:
    """With a stand-in for robot_descriptions: same joints, masses and contacts, more to see."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "elbow.obj").write_text(
        "v 0 0 0\nv .1 0 0\nv 0 .1 0\nv 0 0 .1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    )
    (tmp_path / "g1.xml").write_text(
        '<mujoco><compiler meshdir="assets"/><asset><mesh name="elbow" file="elbow.obj"/></asset><worldbody>'
        '<body name="left_elbow_link"><geom type="mesh" mesh="elbow"/></body></worldbody></mujoco>'
    )
    package = types.ModuleType("robot_descriptions")
    package.g1_mj_description = types.SimpleNamespace(MJCF_PATH=str(tmp_path / "g1.xml"))
    monkeypatch.setitem(sys.modules, "robot_descriptions", package)
    spec = mujoco.MjSpec()
    ROBOT.add(spec, meshes=True)
    shown = spec.compile()
    assert shown.ngeom == model.ngeom + 1 and shown.nq == model.nq
    np.testing.assert_allclose(shown.body_mass, model.body_mass)
    np.testing.assert_allclose(shown.body_pos, model.body_pos)
    assert np.count_nonzero(shown.geom_contype) == np.count_nonzero(model.geom_contype)


def test_meshes_without_the_package_say_what_to_install(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "robot_descriptions", None)
    with pytest.raises(ValueError, match="pip install robot_descriptions"):
        ROBOT.add(mujoco.MjSpec(), meshes=True)
