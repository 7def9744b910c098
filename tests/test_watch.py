"""Watching: `sapave sim` leaves a film that decodes, and the live view shows every visible geom where it is."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest

from sapave import cli

GEOMS = """
<mujoco>
  <asset><mesh name="wedge" vertex="0 0 0  1 0 0  0 1 0  0 0 1"/></asset>
  <worldbody>
    <geom type="plane" size="0 0 1"/>
    <body pos="0 0 1">
      <freejoint/>
      <geom type="box" size=".1 .2 .3"/>
      <geom type="sphere" size=".1" pos=".5 0 0" rgba="1 0 0 .5"/>
      <geom type="capsule" size=".1 .2" pos="1 0 0"/>
      <geom type="cylinder" size=".1 .2" pos="1.5 0 0"/>
      <geom type="ellipsoid" size=".1 .2 .3" pos="2 0 0"/>
      <geom type="mesh" mesh="wedge" pos="2.5 0 0"/>
      <geom type="box" size="1 1 1" group="3"/>
      <geom type="box" size="1 1 1" rgba="0 0 0 0"/>
    </body>
  </worldbody>
</mujoco>
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_live_view_follows_the_world() -> None:
    from sapave.sim.live import Live

    model = mujoco.MjModel.from_xml_string(GEOMS)
    data = mujoco.MjData(model)
    live = Live(model, port=free_port())
    try:
        assert sorted(live.handles) == list(range(7)), "hidden geoms stay hidden, all others are shown"
        data.qpos[:7] = [1, 2, 3, np.cos(0.4), 0, 0, np.sin(0.4)]
        mujoco.mj_kinematics(model, data)
        live.update(data, "hello")
        for index, handle in live.handles.items():
            np.testing.assert_allclose(handle.position, data.geom_xpos[index], atol=1e-6)
        box = live.handles[1]
        np.testing.assert_allclose(box.wxyz, [np.cos(0.4), 0, 0, np.sin(0.4)], atol=1e-6)
    finally:
        live.close()


def test_live_view_refuses_what_it_cannot_show() -> None:
    from sapave.sim.live import add_geom

    model: Any = SimpleNamespace(
        geom_size=np.ones((1, 3)), geom_type=[mujoco.mjtGeom.mjGEOM_SDF], geom_matid=[-1], geom_rgba=np.ones((1, 4))
    )
    with pytest.raises(ValueError, match="live view shows"):
        add_geom(None, model, 0)


def test_sim_films_an_episode(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import av

    words = ["sim", "--task", "pick", "--condition", "unoccluded", "--seed", "1", "--out", str(tmp_path)]
    assert cli.main(words) == 0
    path = tmp_path / "expert-pick-unoccluded-1.mp4"
    assert str(path) in capsys.readouterr().out
    with av.open(str(path)) as film:
        frames = sum(1 for _ in film.decode(video=0))
    assert frames > 10
    assert (tmp_path / "expert-pick-unoccluded-1.png").stat().st_size > 1000
    assert {p.suffix for p in tmp_path.iterdir()} == {".mp4", ".png"}


def test_live_episode_is_shown_and_not_filmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    words = ["sim", "--live", "--port", str(free_port()), "--condition", "unoccluded", "--seed", "1"]
    assert cli.main([*words, "--out", str(tmp_path)]) == 0
    assert "after" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
