"""Lists of unseen objects, scenes and wordings, on the real simulator."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sapave.base.shelf import pick, shelf
from sapave.bench import certify
from sapave.bench.evaluate import EvalConfig, evaluate
from sapave.bench.lists import load, save


@pytest.mark.parametrize("unseen", ["objects", "scenes", "wordings"])
def test_a_marked_list_holds_what_training_never_saw_and_is_played_so(unseen: str, tmp_path: Path) -> None:
    made = certify.certify(
        ("open_drawer",), ("unoccluded",), (2_100_000, 2_100_040), 1, suite="activemanip", unseen=unseen
    )
    save(tmp_path / "marked.json", made)
    again = load(str(tmp_path / "marked.json"))
    assert again == made and made.unseen == unseen and again.axes == certify.UNSEEN[unseen]
    episode = made.episodes[0]
    held_out = {name for name, scene in shelf("sapave.sim.scenes", "SCENE").items() if scene.held_out}
    assert (episode.scene in held_out) == (unseen == "scenes") and len(held_out) == 4
    config = EvalConfig(
        out=tmp_path / "run", arms=("expert",), episodes=str(tmp_path / "marked.json"), suite="activemanip", films=0,
        looking=0, workers=0,
    )  # fmt: skip
    results = evaluate(config)
    assert [axis["name"] for axis in results["axes"]] == list(made.axes) and (tmp_path / "run/report.html").is_file()
    rows = [json.loads(line) for line in (tmp_path / "run/episodes.jsonl").read_text().splitlines()]
    assert rows[0]["outcome"]["success_held"] and rows[0]["instruction"] == episode.instruction
    assert "differs" not in rows[0]
    with pytest.raises(KeyError, match="marked list"):
        certify.certify(("pick",), ("unoccluded",), (0, 10), 1, unseen="moons")


def test_no_list_of_what_no_expert_is_shown_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    task = replace(pick("sapave.sim.tasks", "TASK", "fetch_from_drawer"), shown=("unoccluded",))
    monkeypatch.setattr(certify, "pick", lambda *a: task)
    with pytest.raises(ValueError, match="shown"):
        certify.certify(["fetch_from_drawer"], ["occluded"], (1, 2), 1, suite="activemanip")
