"""What the documents say is true of the disk: the file tree, the commands, the rooms, the numbers of the head."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from sapave import cli

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / name
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/ablations.md",
        "docs/activeviewpose.md",
        "docs/architecture.md",
        "docs/rivals.md",
        "docs/scaling.md",
        "docs/units_and_frames.md",
        "CHANGELOG.md",
    )
]


def rooms() -> list[str]:
    """Packages right below sapave."""
    return sorted(path.parent.name for path in (ROOT / "src/sapave").glob("*/__init__.py"))


def tree_block() -> list[str]:
    """Paths named by the README's file tree: the first word of each line, nested by two spaces."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"```tree\n(.*?)```", text, re.S)
    assert block is not None, "README.md has no ```tree block"
    stack: list[str] = []
    paths = []
    for line in block[1].splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        stack = [*stack[:depth], name]
        paths.append("".join(stack))
    return paths


def test_every_path_of_the_tree_exists() -> None:
    missing = [path for path in tree_block() if not (ROOT / path).exists()]
    assert missing == []


def test_the_tree_is_complete_at_its_upper_levels() -> None:
    named = set(tree_block())
    # what git tracks; on a copy without git, what lies there
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if found.returncode != 0 or not found.stdout:
        pytest.skip("not a git checkout")
    tracked = [Path(line) for line in found.stdout.splitlines() if (ROOT / line).exists()]
    top = {path.name if len(path.parts) == 1 else f"{path.parts[0]}/" for path in tracked}
    hidden = {".gitignore"}
    assert top - hidden <= named
    inside = {f"src/sapave/{room}/" for room in rooms()} | {
        str(p) for p in tracked if p.parts[0] in ("docs", "runs", "benchmarks")
    }
    assert inside <= named


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"(?<![\w/.-])sapave ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|```.*?```", text, re.S))))
    assert named <= set(cli.commands())
    targets = set(re.findall(r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|```.*?```", text, re.S))))
    makefile = (ROOT / "Makefile").read_text()
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), f"{path.name}: make {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path: Path) -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|md|sh|json|lock|toml))`", path.read_text())
    places = (ROOT, ROOT / "src/sapave")
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert missing == []


def test_every_room_is_described() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    for room in rooms():
        assert f"`{room}/`" in text, room


def test_units_document_agrees_with_the_robot() -> None:
    from sapave.sim.robots.g1 import ROBOT

    text = (ROOT / "docs/units_and_frames.md").read_text()
    for i, joint in enumerate(ROBOT.head_joints):
        row = re.search(rf"\| `{joint}` \|(.*)\|", text)
        assert row is not None
        cells = [cell.strip() for cell in row[1].split("|")]
        low, high = (float(v) for v in cells[1].split(" ... "))
        np.testing.assert_allclose(ROBOT.head_limits[i], [low, high])
        assert float(cells[2]) == ROBOT.rest_head[i]
        assert float(cells[3]) == ROBOT.head_step[i]


def test_the_columns_of_views_are_those_that_are_described() -> None:
    from sapave.data.view_files import SCHEMAS

    text = (ROOT / "docs/activeviewpose.md").read_text().split("## What a sample is")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(SCHEMAS["samples"].names) - {"frame_id", "target", "goal"}


def test_settings_of_endpoints_are_documented_as_they_are() -> None:
    from sapave.base.chat import FAILURES
    from sapave.base.endpoint import EndpointConfig
    from sapave.policies._vlm import VLMConfig
    from sapave.policies._vlm_models import MODELS

    text = (ROOT / "docs/rivals.md").read_text()
    rows = {name: value.strip("` ") for name, value in re.findall(r"^\| `(\w+)` \|([^|]*)\|", text, re.M)}
    for config in (EndpointConfig(), VLMConfig()):
        for field in fields(config):
            inherited = isinstance(config, VLMConfig) and field.name in EndpointConfig.__dataclass_fields__
            assert inherited or rows[field.name] == str(getattr(config, field.name)), field.name
    assert set(FAILURES) <= set(rows)
    for name, model in MODELS.items():
        assert f"| `{name}` | `{model.model}` | {' / '.join(map(str, model.paper))} |" in text


def test_no_document_names_a_host_of_packages() -> None:
    for name in ("Makefile", "runs/setup.sh", "requirements.lock", "pyproject.toml", ".ci/run"):
        assert not re.search(r"https?://|index-url|pypi|find-links", (ROOT / name).read_text(), re.I), name
