"""The fingerprint of pictures: this machine draws the kept ones, renderers are close, other worlds are noticed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Container, Iterator

import mujoco
import numpy as np
import pytest

from sapave.bench import drawing
from sapave.sim import gl
from sapave.sim.world import World


@pytest.mark.parametrize("suite", drawing.TASKS)
def test_this_machine_draws_what_the_lists_were_certified_with(suite: str) -> None:
    found = drawing.compared(suite)
    assert drawing.verdict(found) != "different", (
        f"{suite}: other pictures than the kept ones ({found}); if that is meant, certify the lists again and run "
        "python -m sapave.bench.drawing --write"
    )
    assert not drawing.reasons_against(found) and (found["same"] or found["renderer"][0] != found["renderer"][1])


@pytest.fixture(scope="module")
def real() -> list[np.ndarray]:
    return list(drawing.pictures("kitchens"))


def _target(world: World) -> np.ndarray:
    return np.flatnonzero(world.model.geom_bodyid == world.model.body(world.things[0].name).id)


def gone(world: World) -> None:
    world.model.geom_rgba[_target(world), 3] = 0


def darker(world: World) -> None:
    world.model.geom_rgba[_target(world), :3] *= 0.9


def moved(world: World) -> None:
    world.data.joint(f"{world.things[0].name}_free").qpos[1] += 0.01
    mujoco.mj_forward(world.model, world.data)


def dimmed(world: World) -> None:
    for light in (world.model.light_diffuse, world.model.light_ambient):
        light[:] *= 0.99
    world.model.vis.headlight.diffuse[:] *= 0.99
    world.model.vis.headlight.ambient[:] *= 0.99


def wider(world: World) -> None:
    world.model.cam_fovy[:] += 0.25


@pytest.mark.parametrize(
    "edit, views", [(gone, [4]), (darker, [1]), (moved, [3]), (dimmed, range(6)), (wider, range(6))]
)
def test_another_world_is_noticed(
    edit: Callable[[World], None], views: Container[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object that is gone, darker or elsewhere in a single view; a little less light or a wider lens in all."""
    plain = drawing.worlds

    def edited(suite: str) -> Iterator[World]:
        for number, world in enumerate(plain(suite)):
            if number in views:
                edit(world)
            yield world

    monkeypatch.setattr(drawing, "worlds", edited)
    found = drawing.compared("kitchens")
    assert drawing.verdict(found) == "different" and "different from" in drawing.told(found)
    assert "other pictures" in drawing.reasons_against(found)[0]


def test_edges_do_not_matter(real: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    def edges(suite: str) -> list[np.ndarray]:
        return [np.where(np.arange(picture.size).reshape(picture.shape) % 5, picture, picture ^ 1) for picture in real]

    monkeypatch.setattr(drawing, "pictures", edges)
    found = drawing.compared("kitchens")
    assert drawing.verdict(found) == "close" and not drawing.reasons_against(found)
    assert drawing.compared("no such suite") == {} and "no fingerprint" in drawing.told({})


@pytest.mark.skipif(not gl.opens("EGL"), reason="libEGL is not installed")
@pytest.mark.parametrize("driver", ["", "softpipe"])
def test_egl_is_close_to_osmesa(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through EGL, and through Mesa's other rasteriser (a GPU's own driver does not know that variable)."""
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)  # set in this process, which draws through OSMesa
    if driver:
        monkeypatch.setenv("GALLIUM_DRIVER", driver)
    plain = "from mujoco.egl import GLContext; GLContext(64, 64).make_current()"  # without any code of ours
    if subprocess.run([sys.executable, "-c", plain], capture_output=True, timeout=120).returncode:
        pytest.skip("EGL finds no device that draws")
    command = [sys.executable, "-m", "sapave.bench.drawing"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert len(lines) == len(drawing.TASKS)
    assert all(("the same as" in line or "close to" in line) and "(egl against" in line for line in lines), lines
