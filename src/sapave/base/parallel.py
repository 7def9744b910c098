"""Independent jobs over worker processes of one core each."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any

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


def each(
    function: Callable[..., Any], jobs: Iterable[Any], workers: int, *, ordered: bool = False
) -> Generator[tuple[Any, Any], None, None]:
    """(job, function(job)) for every job, in the order they finish or, if `ordered`, in their own.

    workers=0 runs them here. `function` must be importable and its jobs must pickle. The first error of a job is
    raised here; ValueError when a worker died.
    """
    if workers < 0:
        raise ValueError(f"workers: found {workers}, expected 0 (in this process) or more")
    if workers == 0:
        for job in jobs:
            yield job, function(job)
        return
    todo = iter(jobs)
    running: dict[Future[Any], Any] = {}
    with (
        single_threaded(),
        ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_die_with_parent) as pool,
    ):
        try:
            while True:
                while len(running) < 3 * workers:
                    try:
                        job = next(todo)
                    except StopIteration:
                        break
                    running[pool.submit(function, job)] = job
                if not running:
                    return
                for future in [next(iter(running))] if ordered else wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    yield job, future.result()
        except BrokenProcessPool as error:
            raise ValueError(
                "a worker process died (out of memory?); the same command goes on, or use fewer workers"
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
