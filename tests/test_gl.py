"""Choosing OpenGL: the user's choice stands, a machine without any gets the one command that installs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sapave.sim import gl


def test_users_choice_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    assert gl.ensure_gl() == "glfw"
    assert os.environ["MUJOCO_GL"] == "glfw"


def test_software_without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL")
    monkeypatch.setattr(gl, "opens", lambda library: library == "OSMesa")
    monkeypatch.setattr(sys, "platform", "linux")
    assert gl.ensure_gl() == "osmesa"
    assert os.environ["MUJOCO_GL"] == "osmesa"


def test_no_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "")
    monkeypatch.setattr(gl, "opens", lambda library: False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(ValueError, match="apt-get install -y libosmesa6"):
        gl.ensure_gl()
    assert gl.ensure_gl(required=False) == "off"
    assert os.environ["MUJOCO_GL"] == "off"


@pytest.mark.parametrize("wanted", ["osmesa", "egl"])
def test_a_missing_chosen_library_is_named(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", wanted)
    monkeypatch.setattr(gl, "opens", lambda library: False)
    with pytest.raises(ValueError, match=f"MUJOCO_GL={wanted}, but lib"):
        gl.ensure_gl()


def test_rendering_switched_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUJOCO_GL", "off")
    with pytest.raises(ValueError, match="turns rendering off"):
        gl.ensure_gl()
    assert gl.ensure_gl(required=False) == "off"


def test_models_compile_without_opengl() -> None:
    code = "import mujoco; mujoco.MjModel.from_xml_string('<mujoco/>')"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env={**os.environ, "MUJOCO_GL": "off"})


def test_setup_reports_in_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["gl"])
    monkeypatch.delenv("MUJOCO_GL")
    monkeypatch.setattr(gl, "choose_gl", lambda: None)
    assert gl.main() == 2
    assert capsys.readouterr().err.count("\n") == 1
