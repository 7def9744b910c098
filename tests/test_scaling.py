"""docs/scaling.md tells the truth: its commands parse, its options of Ray exist, its numbers are the code's."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from sapave.base.parallel import TRIES
from sapave.base.seeds import SPLIT_RANGES, VIEW_SEEDS
from sapave.commands._command import read_config
from sapave.data.collect import CollectConfig

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/scaling.md").read_text()


def lines(program: str) -> list[list[str]]:
    """Words of every line of a code block that begins with `program`."""
    blocks = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.S))
    return [shlex.split(line, comments=True) for line in blocks.splitlines() if line.startswith(program + " ")]


@pytest.mark.parametrize("words", lines("sapave collect"), ids=lambda words: " ".join(words[2:]))
def test_collect_commands_parse(words: list[str]) -> None:
    options = ["--tasks" if word == "--task" else word for word in words[2:]]
    config = read_config(CollectConfig, options, "collect", "")
    assert config.ray in ("", "local", "auto") or re.fullmatch(r"[\d.]+:\d+", config.ray)
    assert config.per_task == 60 or config.count == 50_000
    assert config.first_seed + 1.1 * config.count < SPLIT_RANGES["train"][1] - VIEW_SEEDS


def test_there_are_commands() -> None:
    assert len(lines("sapave collect")) >= 5 and len(lines("ray start")) == 2 and len(lines("ray stop")) == 1


def test_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.search(r"-e '\.\[(.*?)\]'", TEXT)
    assert named is not None and set(named[1].split(",")) <= set(extras)
    pin = extras["cluster"][0]
    assert re.fullmatch(r"ray==[\d.]+", pin) and pin in (ROOT / "requirements.lock").read_text().splitlines()


def test_options_of_ray_exist() -> None:
    pytest.importorskip("ray", reason="ray is not installed: pip install 'sapave[cluster]'")
    from ray.scripts.scripts import cli

    for words in lines("ray"):
        command = cli.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.split("=")[0] for word in words[2:]} <= known


def test_numbers_are_those_of_the_code() -> None:
    assert f"up to {TRIES} times" in TEXT
    low, high = SPLIT_RANGES["train"]
    assert f"{high - low - VIEW_SEEDS:,}".replace(",", " ") + " seeds for episodes" in TEXT
    assert set(re.findall(r"\| (measured|extrapolated)", TEXT)) == {"measured", "extrapolated"}
