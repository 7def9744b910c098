"""results.json keeps to its schema and says so; other versions are refused or marked; suites are folders."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench_fakes import rows
from sapave import cli
from sapave.bench import lists
from sapave.bench.arms import Arm
from sapave.bench.evaluate import EvalConfig
from sapave.bench.lists import EpisodeList
from sapave.bench.protocol import current
from sapave.bench.results import collect, table
from sapave.bench.schema import check_results, schema
from sapave.commands._command import read_config

ARMS = [Arm(name=n, doc=f"about {n}", policy="zero") for n in ("active", "fixed", "held")]
EPISODES = EpisodeList(name="test", stamp=current(), episodes=(), expert={})
IDENTITY: dict[str, Any] = {"execute": 8, "weights": {"active": "0123456789ab"}, "axes": ["paraphrase", "latency=2"]}


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    drawing = {"same": False, "mean": 0.025, "largest": 2, "renderer": ["egl", "osmesa"]}
    return collect(rows(n=10), ARMS, EPISODES, IDENTITY, drawing)


def test_what_eval_writes_is_sound(results: dict[str, Any]) -> None:
    assert check_results(json.loads(json.dumps(results))) == []
    assert [(a["name"], a["strength"]) for a in results["axes"]] == [("latency", 2.0), ("paraphrase", 1.0)]
    assert set(results) | {"perception"} == set(schema()["properties"])


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("cells", 0, "held", "rate"), 1.5, "$.cells[0].held.rate: found 1.5, expected a number between 0 and 1"),
        (("cells", 0, "n"), "many", '$.cells[0].n: found "many", expected integer'),
        (("cells", 1, "n"), True, "$.cells[1].n: found true, expected integer"),
        (("protocol", "version"), 3, "$.protocol.version: found 3, expected string"),
        (("schema",), 7, "$.schema: found schema 7, expected 1"),
        (("arms",), [], "$.arms: found 0 items, expected at least 1"),
        (("cells", 0, "arm"), "pi0", "$.cells[0].arm: found 'pi0', expected one of active, fixed, held"),
        (("cells", 0, "held", "successes"), 0, "$.cells[0].held.rate: found"),
        (("paired", 0, "difference"), 0.99, "expected a value inside its own interval"),
        (("comparable", "ok"), False, "contradict"),
        (("extra",), 1, "$.extra: found a name that the schema does not have"),
    ],
)
def test_what_is_wrong_is_named(results: dict[str, Any], path: tuple, value: Any, line: str) -> None:
    broken = copy.deepcopy(results)
    inner = broken
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    found = check_results(broken)
    assert any(line in problem for problem in found), found


def test_what_is_missing_is_named(results: dict[str, Any]) -> None:
    broken = copy.deepcopy(results)
    del broken["cells"][2]["looks"], broken["weights"]
    assert check_results(broken) == [
        "$.weights: found nothing, expected object",
        "$.cells[2].looks: found nothing, expected number or null",
    ]


def test_the_command_checks_and_makes_the_page_anew(
    results: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "results.json").write_text(json.dumps(results))
    assert cli.main(["report", "--check", str(tmp_path / "results.json")]) == 0
    assert "sound" in capsys.readouterr().out
    assert cli.main(["report", str(tmp_path)]) == 0
    assert "about active" in (tmp_path / "report.html").read_text()
    (tmp_path / "results.json").write_text(json.dumps({**results, "arms": 3, "tasks": []}))
    with pytest.raises(SystemExit) as stop:
        cli.main(["report", "--check", str(tmp_path)])
    lines = capsys.readouterr().err.splitlines()
    assert stop.value.code == 2 and len(lines) == 2 and all(line.startswith("sapave: ") for line in lines)
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(SystemExit):
        cli.main(["report", "--check", str(tmp_path)])
    assert cli.main(["report", str(tmp_path / "none")]) == 2
    assert cli.main(["report"]) == 2
    assert "expected a run folder" in capsys.readouterr().err


def test_another_version_is_refused_or_marked(tmp_path: Path) -> None:
    old = replace(EPISODES, stamp=replace(current(), protocol="0", mujoco="3.1.0"))
    lists.save(tmp_path / "old.json", old)
    with pytest.raises(ValueError, match=f"protocol 0.*protocol {current().protocol}.*--allow-mismatch"):
        lists.load(str(tmp_path / "old.json"))
    loaded = lists.load(str(tmp_path / "old.json"), allow_mismatch=True)
    played = [{**row, "differs": "'something else'"} if i < 2 else row for i, row in enumerate(rows(n=2))]
    marked = collect(played, ARMS, loaded, IDENTITY)
    assert not marked["comparable"]["ok"] and check_results(json.loads(json.dumps(marked))) == []
    text = "\n".join(marked["comparable"]["reasons"])
    for word in ("protocol 0", f"protocol {current().protocol}", "MuJoCo 3.1.0", f"MuJoCo {current().mujoco}", "2 of"):
        assert word in text
    assert next(iter(table(marked))).startswith("NOT COMPARABLE")


def test_a_suite_is_a_folder_of_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"test", "val"} <= set(lists.committed()) and "kitchens" in lists.suites()
    (tmp_path / "lists" / "workshop").mkdir(parents=True)
    lists.save(tmp_path / "lists" / "workshop" / "test.json", replace(EPISODES, name="workshop-test"))
    monkeypatch.setattr(lists, "files", lambda package: tmp_path)
    assert lists.load("test", "workshop").name == "workshop-test"
    with pytest.raises(KeyError, match="did you mean 'workshop'"):
        lists.load("test", "workshp")
    with pytest.raises(KeyError, match="episode list of suite 'workshop'"):
        lists.load("val", "workshop")


def test_an_option_of_several_values_may_come_several_times() -> None:
    words = ["--axis", "light", "--films", "0", "--axis", "latency=3"]
    config = read_config(EvalConfig, words, "eval", "")
    assert config.axis == ("light", "latency=3") and config.films == 0
