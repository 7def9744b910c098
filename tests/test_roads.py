"""The two roads are made of commands and options that exist, in the same order of rooms."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import tyro

from sapave import cli
from sapave.bench.evaluate import EvalConfig
from sapave.data.collect import CollectConfig
from sapave.data.views import ViewsConfig
from sapave.train.presets import PRESETS

ROOT = Path(__file__).parents[1]
ROADS = ("runs/tiny.sh", "runs/full.sh")
CONFIGS = {"views": ViewsConfig, "collect": CollectConfig, "eval": EvalConfig}


def steps(text: str) -> list[list[str]]:
    """The words of every `sapave` command of a shell text, variables filled in."""
    text = text.replace("\\\n", " ")
    common = re.search(r"^common=\((.*)\)$", text, re.M)
    text = text.replace('"${common[@]}"', common[1] if common else "").replace("$out", "somewhere")
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.startswith("sapave ")]


def check(words: list[str]) -> None:
    """Parse one command's options without running it; SystemExit for one that does not exist."""
    command, rest = words[1], words[2:]
    assert command in cli.commands()
    if command == "train":
        out = rest.index("--out")
        tyro.cli(type(PRESETS[rest[0]]), args=rest[1:out] + rest[out + 2 :], default=PRESETS[rest[0]])
    elif command in CONFIGS:
        tyro.cli(CONFIGS[command], args=rest)


@pytest.mark.parametrize("name", [*ROADS, "README.md"])
def test_every_option_exists(name: str) -> None:
    found = steps((ROOT / name).read_text())
    assert found
    for words in found:
        check(words)


def test_both_roads_visit_the_rooms_in_the_same_order() -> None:
    first = []
    for name in ROADS:
        words = [" ".join(w[1:3]) if w[1] == "train" else w[1] for w in steps((ROOT / name).read_text())]
        first.append(list(dict.fromkeys(words)))
    assert first[0] == first[1]


@pytest.mark.parametrize("name", [*ROADS, "runs/setup.sh", ".ci/run"])
def test_scripts_are_sound(name: str) -> None:
    path = ROOT / name
    assert path.stat().st_mode & 0o100, f"{name} is not executable"
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", str(path)], check=True)
