"""Run folders and atomic files: config.json with versions, metrics.jsonl, log.txt, no half file ever."""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("sapave", "mujoco", "torch", "transformers", "peft", "numpy", "gymnasium")


def versions() -> dict[str, str]:
    """Python's, the machine's and the main packages' versions, and the git revision ('' when unknown)."""
    found = {"python": platform.python_version(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    found["git"] = git_revision()
    return found


def git_revision() -> str:
    """Revision of the checkout this package runs from, with '+' when modified; '' outside a checkout."""
    here = Path(__file__).parent
    try:
        revision = subprocess.run(
            ["git", "-C", str(here), "describe", "--always", "--dirty=+", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return revision.stdout.strip() if revision.returncode == 0 else ""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Write to the yielded temporary path; it becomes `path` only when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with open(partial, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; dataclasses become objects."""
    with atomic(path) as partial:
        partial.write_text(json.dumps(value, indent=1, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def start_run(folder: Path, config: Any) -> logging.Logger:
    """Make a run folder with config.json (config + versions) and a logger to log.txt and the terminal."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"config": config, "versions": versions()})
    logger = logging.getLogger(f"sapave.{folder}")
    logger.setLevel(logging.INFO)
    logger.handlers.clear()
    for handler in (logging.FileHandler(folder / "log.txt"), logging.StreamHandler()):
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
        logger.addHandler(handler)
    logger.propagate = False
    return logger


def append_jsonl(path: Path, row: dict[str, Any]) -> None:
    """Append one line to metrics.jsonl."""
    with open(path, "a") as handle:
        handle.write(json.dumps(row, default=_plain) + "\n")
