"""Runs of the same episodes in one table: rates, differences in pairs, and what may not be compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sapave.bench.side_by_side import SAME, SideBySideConfig, compare

CONDITIONS = ("unoccluded", "out_of_view")
IDENTITY = dict.fromkeys(SAME, "as ever")


def row(condition: str, seed: int, held: bool, arm: str = "active") -> dict[str, Any]:
    outcome = {"success_held": held, "success_ever": True, "time_to_first_sight": 0.0 if seed else None}
    return {"arm": arm, "task": "pick", "condition": condition, "seed": seed, "attempt": 0, "outcome": outcome}


def write(folder: Path, rows: list[dict[str, Any]], **identity: str) -> str:
    folder.mkdir()
    (folder / "identity.json").write_text(json.dumps({**IDENTITY, **identity}))
    (folder / "episodes.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return f"{folder.name}={folder}"


@pytest.fixture
def config(tmp_path: Path) -> SideBySideConfig:
    """Of four episodes in each condition, `ours` holds 3 and 1, `rival` 1 and 2 (of which `ours` holds one)."""
    held = {"ours": ((1, 1, 1, 0), (1, 0, 0, 0)), "rival": ((0, 0, 0, 1), (1, 1, 0, 0))}
    rows = {
        name: [row(c, seed, bool(h)) for c, found in zip(CONDITIONS, both, strict=True) for seed, h in enumerate(found)]
        for name, both in held.items()
    }
    rows["rival"].reverse()  # played in another order
    return SideBySideConfig(runs=tuple(write(tmp_path / n, r) for n, r in rows.items()), out=tmp_path / "out")


def test_rates_and_differences_are_those_of_the_episodes(config: SideBySideConfig) -> None:
    ours, rival = compare(config)
    assert {c: (r.successes, r.n) for c, r in ours.rates.items()} == {
        "unoccluded": (3, 4), "out_of_view": (1, 4), "all": (4, 8)
    }  # fmt: skip
    assert [rival.rates[c].successes for c in (*CONDITIONS, "all")] == [1, 2, 3]
    assert (ours.ever.successes, ours.saw.successes, ours.saw.n) == (8, 6, 8)
    assert ours.difference is None and rival.difference is not None
    assert (rival.difference.only_a, rival.difference.only_b) == (2, 3)
    text = (config.out / "table.md").read_text().splitlines()
    assert len({line.count("|") for line in text}) == 1 and "minus ours" in text[0]
    assert "37.5 (" in text[3] and "-12.5 (" in text[3]
    assert json.loads((config.out / "results.json").read_text())["rows"][1]["name"] == "rival"


def test_what_may_not_be_compared_is_refused(config: SideBySideConfig, tmp_path: Path) -> None:
    few = [row("unoccluded", seed, True) for seed in range(4)]
    more = [row(c, seed, True) for c in CONDITIONS for seed in range(4)]
    for wrong, problem in (
        (write(tmp_path / "few", few), "run 'few': 4 episodes are not in both"),
        (write(tmp_path / "arms", [*more, row("unoccluded", 0, True, "held")]), "found episodes of 2 arms"),
        (write(tmp_path / "none", []), "found episodes of 0 arms"),
        (write(tmp_path / "list", more, list="another"), "run 'list': list is another, expected as ever"),
        (f"gone={tmp_path / 'gone'}", "found no identity.json"),
        (str(tmp_path), "expected NAME=FOLDER"),
    ):
        with pytest.raises(ValueError, match=problem):
            compare(replace(config, runs=(*config.runs, wrong)))
    with pytest.raises(ValueError, match="runs: none given"):
        compare(replace(config, runs=()))
