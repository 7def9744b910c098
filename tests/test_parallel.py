"""Jobs over workers that may die: every job is done, in order, on processes and on Ray, with the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sapave.base.parallel import TRIES, each
from sapave.base.types import ActionChunk, Observation
from sapave.data.collect import REPORT, CollectConfig, collect
from sapave.data.episodes import EpisodeReader

CONFIG = CollectConfig(
    out=Path("unset"), count=2, tasks=("pick",), mix=(1.0, 0.0, 0.0), every=5, width=96, height=64, workers=0
)
BACKENDS = ["processes", "ray"]


def double(folder: Path, job: int) -> int:
    """Twice the job; 3 kills its worker the first time, 7 always, 5 is refused."""
    if job == 7 or (job == 3 and not (folder / "died").exists()):
        (folder / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if job == 5:
        raise ValueError("five")
    return 2 * job


class Fragile:
    """A learner that stands still; the second time it is asked, its process is killed, once per marker file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def reset(self, seed: int) -> None:
        self.asked = 0

    def act(self, observation: Observation) -> ActionChunk:
        self.asked += 1
        if self.asked == 2 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return ActionChunk(head=np.zeros((16, 2)), other=np.zeros((16, 26)))


def make_fragile(checkpoint: str) -> Fragile:
    return Fragile(Path(checkpoint))


def tree(root: Path) -> dict[str, bytes]:
    files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    files.pop(REPORT)
    return files


@pytest.fixture(scope="module")
def session() -> Iterator[None]:
    """One Ray session with one core for all tests here: starting it takes seconds."""
    from sapave.base import cluster

    ray = cluster._ray()
    # from this very thread: what Ray starts dies with the thread that started it
    cluster._connect(ray, "local", 1)
    yield
    ray.shutdown()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """What `each` takes as `ray`."""
    if request.param == "processes":
        return ""
    request.getfixturevalue("session")
    return "local"


def test_a_job_whose_worker_was_killed_is_done_again(backend: str, tmp_path: Path) -> None:
    found = list(each(partial(double, tmp_path), range(5), 1, ordered=True, ray=backend))
    assert found == [(job, 2 * job) for job in range(5)] and (tmp_path / "died").exists()


def test_errors_come_through_and_a_job_that_always_kills_is_given_up(backend: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^five$"):
        list(each(partial(double, tmp_path), [1, 5], 1, ray=backend))
    with pytest.raises(ValueError, match=f"{TRIES} t.*the same command goes on"):
        list(each(partial(double, tmp_path), [7], 1, ray=backend))


def test_an_episode_whose_worker_was_killed_is_played_again(
    backend: str, tmp_path: Path, learned: tuple[Path, Path]
) -> None:
    reference, marker = learned
    config = replace(CONFIG, count=1, learner=str(marker), expert_share=0.5, noise=(0.0,))
    marker.unlink()
    out = collect(replace(config, out=tmp_path / "set", workers=1, ray=backend), make_fragile)
    assert marker.exists(), "the worker was to die"
    assert tree(out) == tree(reference)


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An episode driven by the fragile learner in one go, and the marker that says it has died already."""
    folder = tmp_path_factory.mktemp("fragile")
    (folder / "marker").touch()
    config = replace(CONFIG, count=1, learner=str(folder / "marker"), expert_share=0.5, noise=(0.0,))
    return collect(replace(config, out=folder / "set"), make_fragile), folder / "marker"


def test_a_killed_collection_goes_on(tmp_path: Path) -> None:
    words = "--count 2 --tasks pick --mix 1 0 0 --width 96 --height 64 --workers 1".split()
    command = [sys.executable, "-m", "sapave", "collect", "--out", str(tmp_path / "set"), *words]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "set/meta/episodes").rglob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.02)
    run.kill()
    run.wait()
    assert len(EpisodeReader(tmp_path / "set")) >= 1
    out = collect(replace(CONFIG, out=tmp_path / "set"))
    assert tree(out) == tree(collect(replace(CONFIG, out=tmp_path / "whole")))


def test_another_installation_on_a_worker_is_refused() -> None:
    from sapave.base.cluster import _run, stamp

    assert _run(abs, -3, stamp(), "") == 3
    with pytest.raises(ValueError, match=r"has mujoco .*, the collecting one 0.0.1; install the same version"):
        _run(abs, -3, {**stamp(), "mujoco": "0.0.1"}, "")


def test_no_ray_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install 'sapave\[cluster\]'"):
        next(each(abs, [1], 1, ray="auto"))


def test_a_wrong_address_is_one_line() -> None:
    from sapave.base import cluster

    with pytest.raises(ValueError, match="^--ray 127.0.0.1:1: no Ray cluster.*refused.*ray start --head"):
        cluster._connect(cluster._ray(), "127.0.0.1:1", 1)
