"""Rivals of looking on the requests: a model behind an endpoint in the suite, a scan with a detector, unknown words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chat_server import Says, serving
from sapave.base.seeds import rng
from sapave.base.types import EpisodeSpec
from sapave.bench.arms import load
from sapave.bench.looking import LookingConfig, evaluate_looking
from sapave.policies._vlm import FOLDER, MODEL, URL
from sapave.policies.sapave import SaPaVePolicy, shipped
from sapave.policies.scan_detector import ScanDetector
from sapave.sim import conditions
from sapave.sim.gaze import head_at
from sapave.sim.world import World

ONCE = {"arms": ("vlm_degrees",), "splits": ("val",), "scenes": 2, "views": 1, "samples": 2, "train_scenes": 2}
STAY = '{"pitch": 0, "yaw": 0}'


@pytest.fixture(autouse=True)
def policies_made_anew() -> None:
    """A process keeps its policies, and these tests change what they are made of."""
    load.cache_clear()


def asked_for(url: str, monkeypatch: pytest.MonkeyPatch, folder: Path, model: str = "gemini-2.5-pro") -> None:
    for name, value in ((URL, url), (MODEL, model), (FOLDER, str(folder / "answers"))):
        monkeypatch.setenv(name, value)


def test_a_model_behind_an_endpoint_has_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda request: STAY) as server:
        asked_for(server.url, monkeypatch, tmp_path)
        config = LookingConfig(out=tmp_path / "out", workers=0, **ONCE)
        results = evaluate_looking(config)
        assert len(server.requests) >= 2
        arms = {row["arm"]: row for row in results["rows"]}
        assert arms["vlm_degrees"]["val"]["one_look"] == arms["stay"]["val"]["one_look"]  # both stay
        assert "(Gemini-2.5-Pro)" in arms["vlm_degrees"]["doc"] and arms["vlm_degrees"]["no_answer"] == 0
        assert "Gemini-2.5-Pro" not in results["not_run"] and "Qwen2.5-VL-72B" in results["not_run"]
        page = (tmp_path / "out" / "report.html").read_text()
        assert "Gemini-2.5-Pro" in page and page.count("<figure") == 2 and "3 looks<" in page
        monkeypatch.setenv(MODEL, "mine")
        with pytest.raises(ValueError, match="another comparison"):  # another model's looks are not mixed in
            evaluate_looking(config)


def test_looks_without_an_answer_are_never_right_and_are_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = LookingConfig(out=tmp_path / "out", workers=0, **ONCE)
    with serving(lambda request: Says(status=401)) as server:
        asked_for(server.url, monkeypatch, tmp_path)
        down = next(row for row in evaluate_looking(config)["rows"] if row["arm"] == "vlm_degrees")
        assert down["no_answer"] == down["val"]["one_look"]["n"] >= 2
        assert down["val"]["one_look"]["rate"] == 0.0 == down["val"]["seen_3"]["rate"]
        assert "looks without an answer" in (tmp_path / "out" / "report.html").read_text()
        server.answer = lambda request: STAY
        load.cache_clear()  # a new run's policies have not given up
        again = next(row for row in evaluate_looking(config)["rows"] if row["arm"] == "vlm_degrees")
    assert again["no_answer"] == 0 and len(server.requests) > down["no_answer"]
    # nonsense is an answer: counted, and not asked again
    with serving(lambda request: "left, I think") as server:
        asked_for(server.url, monkeypatch, tmp_path, "mumbles")
        other = LookingConfig(out=tmp_path / "other", workers=0, **ONCE)
        load.cache_clear()
        first = next(row for row in evaluate_looking(other)["rows"] if row["arm"] == "vlm_degrees")
        sent = len(server.requests)
        evaluate_looking(other)
    assert first["no_answer"] >= 2 and first["val"]["one_look"]["rate"] == 0.0 and len(server.requests) == sent


def test_a_scan_with_a_detector_finds_what_no_word_names() -> None:
    world = World(EpisodeSpec(task="pick", condition="out_of_view", seed=2_000_102))
    policy, head, seen = ScanDetector(), np.array([0.0, -0.9]), []
    try:
        policy.reset(0)
        with pytest.raises(ValueError, match="no world yet"):
            policy.act(world.observe(()))
        policy.bind(world)
        name = world.target.name
        with head_at(world.model, world.data, head):
            assert conditions.visible_fraction(world, name) == 0
        for _ in range(policy.looks):
            with head_at(world.model, world.data, head):
                observation = world.observe(())
                observation = type(observation)(**vars(observation) | {"head_target": head.astype(np.float32)})
                chunk = policy.act(observation)
            assert not np.any(chunk.other)
            head = np.clip(head + chunk.head.sum(0), *world.robot.head_limits.T)
            with head_at(world.model, world.data, head):
                central = conditions.off_axis(world, name) <= conditions.CENTRAL
                seen.append(central and conditions.visible_fraction(world, name) >= conditions.SEEN)
    finally:
        world.close()
    first = seen.index(True)
    assert first > 0 and all(seen[first:])  # it had to search, and stays on what it has found


def test_words_that_nobody_knows_are_acted_on_but_never_committed_to() -> None:
    policy = SaPaVePolicy(checkpoint=shipped("look"))
    tokenizer = policy.processor.tokenizer
    assert tokenizer.known("Look at the RED mug!") == 1.0 and tokenizer.known("zqqx vrrk blomf") == 0.0
    assert tokenizer.known("look at the zqqx") == 0.75 and tokenizer.known("") == 0.0
    sure: dict[str, list[float]] = {"known": [], "unknown": []}
    for seed in range(3):
        world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=2_000_000 + seed))
        observation = world.observe(("head",))
        for kind, words in (("known", observation.instruction), ("unknown", "zqqx vrrk blomf")):
            policy.reset(int(rng(seed, "words").integers(100)))
            chunk = policy.act(type(observation)(**vars(observation) | {"instruction": words}))
            assert chunk.commit is not None and chunk.known is not None and np.all(np.isfinite(chunk.head))
            assert (chunk.known > 0.5) == (kind == "known") and (chunk.known > 0) == (kind == "known")
            sure[kind].append(chunk.commit)
        world.close()
    assert max(sure["unknown"]) == 0.0 and max(sure["known"]) > 0.0


def test_what_is_kept_of_a_run_is_plain_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = LookingConfig(out=tmp_path, workers=0, **ONCE | {"arms": ("scan_detector",), "scenes": 1})
    results = evaluate_looking(config)
    (row,) = [row for row in results["rows"] if not row["leak"]]
    assert row["val"]["seen_ever"]["rate"] >= row["val"]["seen_3"]["rate"] >= row["val"]["seen_1"]["rate"]
    kept: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    first = next(look for line in kept if line["split"] == "val" for look in line["looks"])
    assert re.fullmatch("89504e47[0-9a-f]+", first["picture"])  # a PNG
    assert first["arms"]["scan_detector"]["picture"] != first["picture"]
