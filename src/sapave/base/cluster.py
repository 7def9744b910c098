"""A Ray cluster as the workers of `base/parallel.each`. Ray is an optional package: `pip install sapave[cluster]`."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sapave.base.parallel import ONE_THREAD, TRIES, single_threaded

STORE_BYTES = 256 * 2**20
"""Results that wait to be written, on a cluster of our own."""
SAME = ("sapave", "mujoco", "numpy", "av")
"""Packages whose version decides what an episode looks like."""
ANSWER_S = 60
"""A cluster that does not answer within this time is given up [s]."""
HEAVY = (".safetensors", ".pyc")
"""Files of the package that are not compared between machines."""


class Cluster:
    """Workers of a Ray cluster, one core each; Ray itself runs a job again when its worker or machine dies."""

    def __init__(self, ray: Any, address: str) -> None:
        # the same OpenGL and one thread per library on every machine, whatever its own environment says
        environment: dict[str, str] = dict.fromkeys(ONE_THREAD, "1")
        if "MUJOCO_GL" in os.environ:
            environment["MUJOCO_GL"] = os.environ["MUJOCO_GL"]
        if address == "local":
            environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        options = {"num_cpus": 1, "max_retries": TRIES - 1, "runtime_env": {"env_vars": environment}}
        self._ray, self._stamp, self._remote = ray, stamp(), ray.remote(**options)(_run)

    @property
    def size(self) -> int:
        """Cores of the cluster now: machines may join and leave."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 0)))

    def submit(self, function: Callable[..., Any], job: Any, /) -> Future[Any]:
        """Begin `function(job)` as soon as a core is free."""
        return self._remote.remote(function, job, self._stamp, platform.node()).future()

    def renew(self) -> None:
        """Never needed: Ray replaces its workers."""


@contextmanager
def cluster(address: str, workers: int) -> Iterator[Cluster]:
    """The cluster at `address` (`host:port`, `auto`), or with `local` one of `workers` cores that ends with the block.

    A Ray session that this process has already opened is used as it is. ValueError when Ray is not installed, when
    nothing answers at `address`, or when workers keep dying; what a job raised is raised as it was.
    """
    ray = _ray()
    mine = not ray.is_initialized()
    if mine:
        _connect(ray, address, workers)
    try:
        yield Cluster(ray, address)
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None)  # what the job itself raised
        if cause is not None and not isinstance(cause, ray.exceptions.RayError):
            raise cause from error
        if cause is not None:
            raise ValueError(f"Ray: a worker could not begin a job: {str(cause).strip().splitlines()[0]}") from error
        raise ValueError(
            f"Ray began a job {TRIES} times and lost its worker each time ({type(error).__name__}: out of memory, or "
            "machines lost?); the same command goes on"
        ) from error
    finally:
        if mine:
            ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise ValueError("--ray: the package ray is not installed; pip install 'sapave[cluster]'") from error
    return ray


def _connect(ray: Any, address: str, workers: int) -> None:
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        options |= {"num_cpus": max(1, workers), "include_dashboard": False, "object_store_memory": STORE_BYTES}
    try:
        if address != "local":
            _check(address)
        with single_threaded():  # what Ray starts inherits it
            ray.init(**options)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"--ray {address}: no Ray cluster to work with ({reason}); start one with 'ray start --head', or use "
            "--ray local"
        ) from error


def _check(address: str) -> None:
    """OSError unless a Ray cluster answers at `address`.

    Asked by a process that can be given up: `ray.init` goes on trying for minutes when what answers is not Ray.
    """
    host, _, port = address.rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), timeout=5).close()
    code = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"
    try:
        asked = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, timeout=ANSWER_S)
    except subprocess.TimeoutExpired:
        raise OSError(f"what answers there is not Ray, or did not answer in {ANSWER_S} s") from None
    if asked.returncode != 0:
        if "AuthToken" in asked.stderr:
            raise OSError("it asks for a token: RAY_AUTH_MODE=token and the same token on every machine")
        lines = asked.stderr.strip().splitlines() or ["it cannot be used"]
        raise OSError(lines[-1].rpartition("Error: ")[2].split(". ")[0])


@cache
def stamp() -> dict[str, str]:
    """Versions that must be the same on every machine for the episodes to be the same."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in SAME:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found | {"sapave's files": _digest(Path(__file__).parents[1])}


def _digest(folder: Path) -> str:
    """Of the names and contents of a package's files: two checkouts of one version may differ."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in HEAVY:
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _run(function: Callable[..., Any], job: Any, wanted: Mapping[str, str], home: str) -> Any:
    """On the worker: refuse another installation, then do the job; errors elsewhere than at `home` name the machine."""
    here, found = platform.node(), stamp()
    for name, expected in wanted.items():
        if found.get(name, "absent") != expected:
            raise ValueError(
                f"machine {here} has {name} {found.get(name, 'absent')}, the collecting one {expected}; install the "
                "same version on every machine, else its episodes would differ"
            )
    try:
        return function(job)
    except (ValueError, OSError) as error:
        if here == home:
            raise
        raise ValueError(f"machine {here}: {error} (files that jobs read must lie in a shared folder)") from error
