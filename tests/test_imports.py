"""The robot's computer installs base, serve and deploy alone: they import with the heavy packages out of reach."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {heavy}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)
sys.meta_path.insert(0, Blocker())
import importlib, pkgutil
count = 0
for room in {rooms}:
    package = importlib.import_module(room)
    for info in pkgutil.walk_packages(package.__path__, room + "."):
        importlib.import_module(info.name)
        count += 1
print(count)
"""
HEAVY = {"torch", "mujoco", "transformers", "peft", "tokenizers", "gymnasium", "viser", "av", "pyarrow", "PIL"}


def blocked(rooms: list[str], heavy: set[str]) -> int:
    """Import every module of `rooms` in a fresh interpreter without `heavy`; how many there were."""
    code = BLOCKER.format(rooms=rooms, heavy=sorted(heavy))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_light_rooms_need_no_heavy_package() -> None:
    assert blocked(["sapave.base", "sapave.serve", "sapave.deploy", "sapave.commands"], HEAVY) >= 10


@pytest.mark.parametrize(
    ("room", "absent"), [("sapave.model", {"mujoco", "gymnasium"}), ("sapave.sim", {"torch", "transformers"})]
)
def test_mind_and_world_do_not_need_each_other(room: str, absent: set[str]) -> None:
    assert blocked([room], absent) > 0


def test_a_missing_package_is_one_line() -> None:
    code = (
        BLOCKER.format(rooms=[], heavy=["mujoco"]) + "from sapave.cli import main; sys.exit(main(['list', 'objects']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "the package 'mujoco' is not installed" in done.stderr
