"""A user's own mesh: three formats give the same object, which compiles and stands; bad ones get one line."""

from __future__ import annotations

import json
from pathlib import Path

import mujoco
import numpy as np
import pytest
import trimesh

from sapave import cli
from sapave.sim import assets
from sapave.sim.objects._family import make_thing
from sapave.sim.objects._mesh import Mesh, join, lathe, loft
from sapave.sim.sheet import gathering

CUP = lathe([(0.028, 0.0), (0.032, 0.08), (0.028, 0.08), (0.024, 0.006)], sides=12)
"""Inner and outer skin of a cup, 8 cm high [m]."""


def write(path: Path, mesh: Mesh, scale: float = 1.0) -> Path:
    """The mesh as a file of the kind its name says."""
    trimesh.Trimesh(mesh.vertices * scale, mesh.faces, process=False).export(path)
    return path


def solid(mesh: Mesh) -> assets.Asset:
    """An asset whose one convex part is the mesh itself."""
    return assets.Asset(name="thing", colour="red", mesh=mesh.at(-mesh.bounds.mean(0)), parts=(mesh,), mass=0.1)


@pytest.mark.parametrize("kind", ["obj", "glb", "stl"])
def test_three_formats_give_the_same_mesh(kind: str, tmp_path: Path) -> None:
    mesh = assets.read_mesh(write(tmp_path / f"cup.{kind}", CUP, 1000.0), scale=0.001)
    np.testing.assert_allclose(mesh.bounds, [[-0.032, -0.032, -0.04], [0.032, 0.032, 0.04]], atol=1e-5)
    np.testing.assert_allclose(mesh.volume, CUP.volume, rtol=1e-4)


def test_up_axis() -> None:
    for up, turn in assets.UP.items():
        axis = np.eye(3)["xyz".index(up)]
        np.testing.assert_allclose(turn @ axis, [0, 0, 1])
        np.testing.assert_allclose(np.linalg.det(turn), 1.0)


def test_flipped_faces_are_repaired(tmp_path: Path) -> None:
    inside_out = Mesh(CUP.vertices, CUP.faces[:, ::-1])
    mesh = assets.read_mesh(write(tmp_path / "cup.obj", inside_out))
    np.testing.assert_allclose(mesh.volume, CUP.volume, rtol=1e-6)


def open_mesh() -> Mesh:
    """A tube without lids."""
    tube = lathe([(0.03, 0.0), (0.03, 0.08)], sides=12)
    return Mesh(tube.vertices, tube.faces[:24])


@pytest.mark.parametrize(
    ("mesh", "scale", "found"),
    [
        (open_mesh(), 1.0, "found an open surface"),
        (CUP, 1000.0, "try --scale 0.001"),
        (CUP, 0.01, "--scale 125 for 10 cm"),
        (lathe([(0.03, 0.001 * i) for i in range(90)], sides=120), 1.0, "expected at most 20000; reduce it"),
    ],
)
def test_unusable_meshes_get_one_line(mesh: Mesh, scale: float, found: str, tmp_path: Path, capsys) -> None:
    path = write(tmp_path / "mesh.stl", mesh, scale)
    assert cli.main(["sim", "import", str(path), "--out", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and found in lines[0] and str(path) in lines[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.obj", b"", ""),
        ("a.stl", b"solid nothing\nendsolid nothing\n", ""),
        ("a.glb", b"glTF broken", "cannot be read as GLB"),
        ("a.ply", b"ply", "expected one of .obj, .glb, .stl"),
    ],
)
def test_broken_files_get_one_line(name: str, content: bytes, found: str, tmp_path: Path, capsys) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert cli.main(["sim", "import", str(path), "--out", str(tmp_path / "out")]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and str(path) in lines[0] and found in lines[0]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "coacd", None)
    with pytest.raises(ValueError, match=r"pip install 'sapave\[assets\]'"):
        assets.convex_parts(CUP)


def test_folder_there_and_back(tmp_path: Path) -> None:
    asset = solid(loft(np.array([[[-1, -1, z], [1, -1, z], [1, 1, z], [-1, 1, z]] for z in (-1.5, 1.5)]) * 0.025))
    assets.save_asset(asset, tmp_path / "box")
    about = json.loads((tmp_path / "box/config.json").read_text())
    expected = 0.1 / 12 * np.array([0.05**2 + 0.075**2, 0.05**2 + 0.075**2, 2 * 0.05**2])
    np.testing.assert_allclose(np.diag(about["inertia_kg_m2"]), expected, rtol=1e-6)
    again = assets.load_asset(tmp_path / "box")
    np.testing.assert_array_equal(again.mesh.vertices, asset.mesh.vertices)
    family = assets.family_of(again)
    assert family.graspable
    model = gathering([make_thing("thing0", family, "red", 0)]).compile()
    body = model.body("thing0")
    np.testing.assert_allclose(body.mass, 0.1, rtol=1e-6)
    np.testing.assert_allclose(np.sort(body.inertia), np.sort(expected), rtol=1e-4)
    data = mujoco.MjData(model)
    for _ in range(125):
        mujoco.mj_step(model, data)
    assert abs(data.body("thing0").xpos[2] - 0.0375) < 0.003 and data.body("thing0").xmat[8] > 0.99


def test_what_is_no_folder_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no config.json"):
        assets.load_asset(tmp_path)
    (tmp_path / "config.json").write_text('{"format": "other"}')
    with pytest.raises(ValueError, match="found format 'other', expected 'sapave-object-1'"):
        assets.load_asset(tmp_path)


def test_hollow_mesh_stays_hollow() -> None:
    parts = assets.convex_parts(CUP.at((0.0, 0.0, -0.04)))
    assert 2 <= len(parts) <= 16
    everything = join(*parts)
    assert np.abs(everything.bounds - CUP.at((0.0, 0.0, -0.04)).bounds).max() < 0.004
    assert sum(part.volume for part in parts) < 0.7 * np.pi * 0.03**2 * 0.08, "the cavity is not filled"
