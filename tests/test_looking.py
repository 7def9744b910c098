"""The suite activeviewpose: who looks where, leak baselines that know only what they are given, runs that go on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sapave.base.seeds import rng
from sapave.bench.leaks import Asked, blind_policies, thumb
from sapave.bench.look_table import lines
from sapave.bench.looking import Look, LookingConfig, evaluate_looking, right

TOLERANCE = np.deg2rad(5.0)


def asked(i: int, *, by_words: bool, by_picture: bool) -> Asked:
    """A sample whose answer the words, the picture, both or neither tell."""
    g = rng(i, "leak")
    place = int(g.integers(4))
    word = place if by_words else int(g.integers(4))
    spot = place if by_picture else int(g.integers(4))
    picture = np.full((16, 22, 4), 0.4, np.float32)
    picture[4:8, 4 * spot : 4 * spot + 4] = 1.0
    return Asked(
        text=f"look at the {('cup', 'jar', 'can', 'pear')[word]}",
        head=g.uniform(-0.5, 0.5, 2),
        thumb=picture,
        gaze=np.array([0.6 - 0.4 * place, -0.3]),
    )


@pytest.mark.parametrize("by_words", [True, False])
@pytest.mark.parametrize("by_picture", [True, False])
def test_a_baseline_is_as_good_as_what_leaks(by_words: bool, by_picture: bool) -> None:
    samples = [asked(i, by_words=by_words, by_picture=by_picture) for i in range(500)]
    found = {}
    for name, answer in blind_policies(samples[:400]).items():
        found[name] = np.mean([np.abs(answer(s) - s.gaze).max() <= TOLERANCE for s in samples[400:]])
    for how in ("only", "nearest"):
        assert (found[f"words_{how}"] > 0.9) == by_words and (found[f"image_{how}"] > 0.9) == by_picture
    assert found["stay"] < 0.2 and found["mean_motion"] < 0.2
    with pytest.raises(ValueError, match="no training samples"):
        blind_policies([])


def test_a_thumb_is_the_picture_in_small() -> None:
    rgb = np.zeros((128, 176, 3), np.uint8)
    rgb[:8, :8] = 255
    small = thumb(rgb, np.full((128, 176), 1.5))
    assert small.shape == (16, 22, 4) and np.allclose(small[0, 0], [1, 1, 1, 0.5]) and small[..., :3].sum() == 3


def test_any_answer_counts_and_both_axes_must_fit() -> None:
    plain = {"split": "val", "scene": 0, "index": 0, "text": "", "category": "", "form": "", "difficulty": ""}
    look = Look(head=[0.0, 0.0], gazes=[[0.5, -0.5], [-0.5, -0.5]], thumb=[], **plain)
    assert right(look, np.array([0.52, -0.46])) and right(look, np.array([-0.5, -0.5]))
    assert not right(look, np.array([0.5, -0.4])) and not right(look, np.array([0.0, -0.5]))


def test_a_run_goes_on_and_says_what_was_not_run(tmp_path: Path) -> None:
    config = LookingConfig(
        out=tmp_path, arms=("zero",), scenes=2, views=1, samples=2, train_scenes=3, workers=0, splits=("val", "test2")
    )
    first = evaluate_looking(config)
    text = (tmp_path / "samples.jsonl").read_text()
    assert len(text.splitlines()) == 7
    (tmp_path / "samples.jsonl").write_text("\n".join(text.splitlines()[:4]) + '\n{"split": "val", "num')
    again = evaluate_looking(config)
    assert again["rows"] == first["rows"] and set(first["not_run"]) >= {"Qwen2.5-VL-72B", "Gemini-2.5-Pro"}
    arms = {row["arm"]: row for row in first["rows"]}
    leaks = ["stay", "mean_motion", "words_only", "image_only", "words_nearest", "image_nearest"]
    assert list(arms) == ["zero", *leaks]
    best = max(arms[name]["val"]["one_look"]["rate"] for name in leaks)
    gap = arms["zero"]["val"]["gap"]
    assert gap["points"] == pytest.approx(100 * (arms["zero"]["val"]["one_look"]["rate"] - best), abs=0.05)
    assert arms[gap["to"]]["val"]["one_look"]["rate"] == best and f"above {gap['to']}" in lines(first)[0]
    assert arms["zero"]["val"]["one_look"] == arms["stay"]["val"]["one_look"]  # both stay where they are
    assert arms["zero"]["val"]["one_look"]["n"] == sum(
        len(json.loads(line)["looks"]) for line in text.splitlines() if json.loads(line)["split"] == "val"
    )
    assert "<svg" in (tmp_path / "report.html").read_text()
    with pytest.raises(ValueError, match="another comparison"):
        evaluate_looking(LookingConfig(out=tmp_path, arms=("zero",), views=2, workers=0))
    with pytest.raises(ValueError, match="another comparison"):
        evaluate_looking(replace(config, reach="any"))
    with pytest.raises(ValueError, match="reach 'far': expected one of any, near"):
        evaluate_looking(replace(config, reach="far"))
    with pytest.raises(ValueError, match="split 'moon'"):
        evaluate_looking(LookingConfig(out=tmp_path / "x", splits=("moon",)))
