"""A cluster of two nodes on this machine, made as docs/scaling.md says: the same bytes, whoever dies or joins."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sapave.base import cluster
from sapave.data.collect import REPORT, CollectConfig, collect
from sapave.data.views import ViewsConfig, generate

pytest.importorskip("ray", reason="ray is not installed: pip install 'sapave[cluster]'")
PICK = "--count 5 --tasks pick --mix 1 0 0 --width 96 --height 64".split()
VIEWS = "--suite activeviewpose --scenes 2 --per-shard 1 --views 2 --samples 2".split()
WHO = """
import sys, time
from sapave.base.parallel import each
def who(job):
    import ray
    time.sleep(0.3)
    return ray.get_runtime_context().get_node_id()
for job, node in each(who, range(400), 1, ordered=True, ray=sys.argv[1]):
    print(node, flush=True)
"""


class Nodes:
    """Ray nodes with one core each, every one a process group of its own: what Ray starts dies with its group."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        # Ray's sockets have long names: no room for pytest's folder
        self.temp = Path("/tmp") / f"sapave-{os.getpid()}"
        self._logs = folder
        self.running: list[subprocess.Popen[bytes]] = []
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
        token["RAY_health_check_period_ms"] = "1000"  # a lost node is noticed in some 5 s, not 15
        path = os.pathsep.join([str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])
        self.environment = {**os.environ, **token, "PYTHONPATH": path.rstrip(os.pathsep)}
        for name in ("PYOPENGL_PLATFORM", "RAY_ADDRESS"):
            self.environment.pop(name, None)

    def start(self) -> None:
        """The head, or one more node; returns when it runs."""
        port = self.address.rpartition(":")[2]
        where = [f"--address={self.address}"] if self.running else ["--head", f"--port={port}"]
        more = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block"]
        if not self.running:
            more += ["--include-dashboard=false", f"--temp-dir={self.temp}"]
        log = self._logs / f"node-{len(self.running)}.log"
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *where, *more]
        with open(log, "wb") as out:
            self.running.append(
                subprocess.Popen(command, stdout=out, stderr=out, env=self.environment, start_new_session=True)
            )
        wait_for(lambda: "runtime started" in log.read_text(), lambda: log.read_text())

    def kill(self, number: int) -> None:
        """A machine that loses its power."""
        os.killpg(self.running[number].pid, signal.SIGKILL)
        self.running[number].wait()

    def sapave(self, *words: str) -> subprocess.Popen[str]:
        """A command on the first machine."""
        command = [sys.executable, "-m", "sapave", *words]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


def wait_for(done: Callable[[], bool], told: Callable[[], str], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, told()
        time.sleep(0.1)


def tree(root: Path, without: tuple[str, ...]) -> dict[str, bytes]:
    files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    return {name: content for name, content in files.items() if name not in without}


def kept(folder: Path) -> int:
    return json.loads((folder / REPORT).read_text())["kept"] if (folder / REPORT).is_file() else 0


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    found = Nodes(tmp_path_factory.mktemp("nodes"))
    try:
        found.start()
        yield found
    finally:
        for node in found.running:
            if node.poll() is None:
                os.killpg(node.pid, signal.SIGKILL)
                node.wait()
        shutil.rmtree(found.temp, ignore_errors=True)


def test_a_node_that_joins_later_gets_work(nodes: Nodes) -> None:
    command = [sys.executable, "-c", WHO, nodes.address]
    run = subprocess.Popen(command, env=nodes.environment, stdout=subprocess.PIPE, text=True)
    try:
        assert run.stdout is not None
        seen = {run.stdout.readline()}
        assert seen != {""}
        nodes.start()
        for line in run.stdout:
            seen.add(line)
            if len(seen) == 2:
                break
        assert len(seen) == 2, "the second node got no work"
    finally:
        run.kill()
        run.wait()


def test_views_come_back_from_other_machines(nodes: Nodes, tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    run = nodes.sapave("views", "--out", str(there), *VIEWS, "--ray", nodes.address)
    generate(ViewsConfig(out=here, suite="activeviewpose", scenes=2, per_shard=1, views=2, samples=2, workers=0))
    told, _ = run.communicate(timeout=120)
    assert run.returncode == 0, told
    assert tree(there, ("card.json",)) == tree(here, ("card.json",))


def test_a_killed_writer_and_a_lost_machine_change_nothing(nodes: Nodes, tmp_path: Path) -> None:
    """Killed after an episode, begun again, and then the second node dies: the same bytes as in one process."""
    there, here = tmp_path / "there", tmp_path / "here"
    first = nodes.sapave("collect", "--out", str(there), *PICK, "--ray", nodes.address)
    wait_for(lambda: kept(there) >= 1 or first.poll() is not None, lambda: "no episode was kept")
    first.kill()
    first.wait()
    assert 1 <= kept(there) < 5
    again = nodes.sapave("collect", "--out", str(there), *PICK, "--ray", nodes.address)
    before = kept(there)
    wait_for(lambda: kept(there) > before or again.poll() is not None, lambda: "it did not go on")
    nodes.kill(1)
    config = CollectConfig(out=here, count=5, tasks=("pick",), mix=(1.0, 0.0, 0.0), width=96, height=64, workers=0)
    collect(config)
    told, _ = again.communicate(timeout=120)
    assert again.returncode == 0, told
    assert tree(there, (REPORT, ".lock")) == tree(here, (REPORT, ".lock"))


def test_a_dead_address_is_one_line(nodes: Nodes, tmp_path: Path) -> None:
    run = nodes.sapave("collect", "--out", str(tmp_path / "set"), *PICK, "--ray", "127.0.0.1:1")
    told, _ = run.communicate(timeout=120)
    assert run.returncode == 2 and "Connection refused" in told and told.count("\n") == 1, told


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (subprocess.TimeoutExpired("ray", 1), "what answers there is not Ray"),
        (
            subprocess.CompletedProcess("ray", 1, "", "RPC error: InvalidAuthToken: missing. Note"),
            "RAY_AUTH_MODE=token",
        ),
        (
            subprocess.CompletedProcess("ray", 1, "", "x\nConnectionError: Could not find any. Set"),
            "Could not find any",
        ),
    ],
)
def test_what_cannot_be_used_is_named(asked: Any, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: Any, **options: Any) -> Any:
        if isinstance(asked, Exception):
            raise asked
        return asked

    monkeypatch.setattr(cluster.subprocess, "run", run)
    with pytest.raises(OSError, match=line):
        cluster._check("auto")


def test_errors_of_another_machine_name_it() -> None:
    def absent(job: str) -> None:
        raise FileNotFoundError(job)

    with pytest.raises(ValueError, match="^machine .*weights.*must lie in a shared folder"):
        cluster._run(absent, "weights", cluster.stamp(), "elsewhere")
    with pytest.raises(FileNotFoundError, match="^weights$"):
        cluster._run(absent, "weights", cluster.stamp(), platform.node())
    with pytest.raises(ValueError, match="has sapave's files .*, the collecting one 0; install"):
        cluster._run(absent, "weights", {**cluster.stamp(), "sapave's files": "0"}, "")
