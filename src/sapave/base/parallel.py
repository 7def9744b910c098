"""Independent jobs over worker processes of one core each, on this machine or on a cluster (Ray)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any, Protocol

AHEAD = 3
"""Jobs handed out per worker, so that none waits for the one that collects the results."""
TRIES = 4
"""So often a job is begun when its worker dies each time."""
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LP_NUM_THREADS")
"""Libraries that would otherwise each take every core (LP: the software OpenGL)."""


@contextmanager
def single_threaded() -> Iterator[None]:
    """Processes started inside inherit one thread per library; the caller's environment comes back after."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _die_with_parent() -> None:
    """Let a worker end with the process that started it: a killed parent cannot tell its workers to stop."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Pool(Protocol):
    """Who does the work."""

    @property
    def size(self) -> int:
        """How many jobs run at the same time."""
        ...

    def submit(self, function: Callable[..., Any], job: Any, /) -> Future[Any]:
        """Begin `function(job)` as soon as a worker is free; the future ends in BrokenProcessPool if all died."""
        ...

    def renew(self) -> None:
        """Start again after workers died; whatever was running is lost."""
        ...


class Processes:
    """Worker processes on this machine."""

    def __init__(self, workers: int) -> None:
        self.size = workers
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.size, mp_context=get_context("spawn"), initializer=_die_with_parent)

    def submit(self, function: Callable[..., Any], job: Any, /) -> Future[Any]:
        """See `Pool`."""
        try:
            return self._pool.submit(function, job)
        except BrokenProcessPool as error:
            broken: Future[Any] = Future()
            broken.set_exception(error)
            return broken

    def renew(self) -> None:
        """See `Pool`."""
        self.close()
        self._pool = self._open()

    def close(self) -> None:
        """Drop what has not begun, wait for the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def each(
    function: Callable[..., Any], jobs: Iterable[Any], workers: int, *, ordered: bool = False, ray: str = ""
) -> Generator[tuple[Any, Any], None, None]:
    """(job, function(job)) for every job, in the order they finish or, if `ordered`, in their own.

    workers=0 runs them here. `ray`: address of a Ray cluster, or `local` for one with `workers` cores on this machine;
    empty for plain worker processes. `function` must be importable and its jobs must pickle. A job whose worker was
    killed is run again. The first error of a job is raised here; ValueError when workers keep dying.
    """
    if workers < 0:
        raise ValueError(f"workers: found {workers}, expected 0 (in this process) or more")
    if ray:
        from sapave.base.cluster import cluster

        with cluster(ray, workers) as pool:
            yield from _stream(pool, function, iter(jobs), ordered)
    elif workers == 0:
        for job in jobs:
            yield job, function(job)
    else:
        with single_threaded(), closing(Processes(workers)) as pool:
            yield from _stream(pool, function, iter(jobs), ordered)


def _stream(
    pool: Pool, function: Callable[..., Any], todo: Iterator[Any], ordered: bool
) -> Generator[tuple[Any, Any], None, None]:
    running: dict[Future[Any], tuple[Any, int]] = {}  # job and the number of this try, in the order of the jobs
    while True:
        for job in islice(todo, max(0, AHEAD * pool.size - len(running))):
            running[pool.submit(function, job)] = job, 1
        if not running:
            return
        for future in [next(iter(running))] if ordered else wait(running, return_when=FIRST_COMPLETED).done:
            try:
                result = future.result()
            except BrokenProcessPool:
                running = _again(pool, function, running)
                break
            job, _ = running.pop(future)
            yield job, result


def _again(
    pool: Pool, function: Callable[..., Any], running: dict[Future[Any], tuple[Any, int]]
) -> dict[Future[Any], tuple[Any, int]]:
    """Renew the pool; jobs that had finished keep their result, the others start once more."""
    pool.renew()
    after = {}
    for future, (job, tries) in running.items():
        if future.done() and not future.cancelled() and not isinstance(future.exception(), BrokenProcessPool):
            after[future] = job, tries
        elif tries == TRIES:
            raise ValueError(
                f"worker processes died {TRIES} times (out of memory?); the same command goes on, or use fewer workers"
            )
        else:
            after[pool.submit(function, job)] = job, tries + 1
    return after
