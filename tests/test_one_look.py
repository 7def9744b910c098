"""One look of several checkpoints at stored requests: rates, differences in pairs, nothing asked twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sapave.bench import one_look
from sapave.bench.one_look import Looks, OneLookConfig, compare, markdown, spread, table_rows
from sapave.data.windows import open_sources
from sapave.train.loop import train
from training_runs import make_place, settings

WITHIN, BEYOND = 0.08, 0.09
"""Errors on either side of 5 degrees [rad]."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = make_place(tmp_path_factory.mktemp("looks"))
    train(settings("stage0", place), place / "zero")
    for name, seed in (("one", 0), ("two", 1)):
        train(settings("stage1", place, seed=seed), place / name)
    return place


@pytest.fixture
def config(place: Path, tmp_path: Path) -> OneLookConfig:
    return OneLookConfig(
        checkpoints=(f"ours={place / 'one'}", f"seed-1={place / 'two'}"), views=str(place / "val"),
        out=tmp_path / "out", cache=place / "cache",
    )  # fmt: skip


def test_every_request_with_an_answer_is_asked_once(config: OneLookConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = compare(config)
    assert [row.name for row in rows] == ["ours", "seed-1"]
    assert all(row.all.n == 12 == row.in_view.n + row.out_of_view.n for row in rows)  # six frames of two requests
    assert rows[0].difference is None and rows[1].difference is not None and rows[1].difference.n == 12
    kept = {p.name for p in config.out.iterdir()}
    assert {"ours.json", "seed-1.json", "results.json", "table.md"} <= kept
    assert "| seed-1 |" in (config.out / "table.md").read_text()

    monkeypatch.setattr(one_look, "ask", lambda *a, **k: pytest.fail("asked again"))
    assert compare(config) == rows
    # other weights under a name that is there are asked
    second = config.checkpoints[1].partition("=")[2]
    with pytest.raises(BaseException, match="asked again"):
        compare(replace(config, checkpoints=(f"ours={second}",)))


def test_the_measure_is_the_training_s_own(config: OneLookConfig, place: Path) -> None:
    """On all frames of the folder, whose every request has an answer."""
    row = compare(config)[0]
    last = train(settings("stage1", place, val_views=str(place / "val"), eval_images=6), config.out / "again")
    assert last["val/head"] == pytest.approx(row.all.rate, abs=1e-4)
    assert last["val/head_in_view"] == pytest.approx(row.in_view.rate, abs=1e-4)


def test_rates_and_differences_are_those_of_the_requests() -> None:
    shown = [True] * 6 + [False] * 4
    first = Looks(of="", error=[WITHIN] * 6 + [BEYOND] * 4, in_view=shown)
    second = Looks(of="", error=[WITHIN] * 2 + [BEYOND] * 4 + [WITHIN] + [BEYOND] * 3, in_view=shown)
    rows = table_rows({"first": first, "second": second})
    assert [r.all.successes for r in rows] == [6, 3] and [r.in_view.successes for r in rows] == [6, 2]
    assert rows[1].difference is not None and rows[1].difference_in_view is not None
    assert rows[1].difference.difference == pytest.approx(-0.3)
    assert (rows[1].difference.only_a, rows[1].difference.only_b) == (1, 4)
    assert rows[1].difference_in_view.difference == pytest.approx(-4 / 6)
    assert np.rad2deg(rows[0].median_error) == pytest.approx(4.58, abs=0.01)
    text = markdown(rows).splitlines()
    assert len({line.count("|") for line in text}) == 1
    assert text[2].startswith("| first | 60.0 (") and "-30.0 (" in text[3]


def test_wrong_options_are_refused(config: OneLookConfig, place: Path) -> None:
    for wrong, problem in (
        ((), "none given"),
        (("ours",), "expected NAME=FOLDER"),
        ((f"a={place / 'one'}", f"a={place / 'two'}"), "each name once"),
        ((f"../a={place / 'one'}",), "expected NAME=FOLDER"),
        ((f"zero={place / 'zero'}",), "has never learned to move its head"),
        (("gone=/nowhere",), "missing"),
    ):
        with pytest.raises(ValueError, match=problem):
            compare(replace(config, checkpoints=wrong))


def test_a_part_of_the_pictures_is_spread_evenly(config: OneLookConfig) -> None:
    row = compare(replace(config, frames=2))[0]
    assert row.all.n == 4
    assert compare(replace(config, frames=3))[0].all.n == 6  # what was kept of two is not taken for three
    source = open_sources([config.views], config.cache)[0]
    assert spread(source, 2).frames.tolist() == [0, 3] and spread(source, 0) is source is spread(source, 6)
    with pytest.raises(ValueError, match="frames -1"):
        spread(source, -1)


def test_looks_are_kept_as_json(config: OneLookConfig) -> None:
    compare(config)
    kept = json.loads((config.out / "ours.json").read_text())
    assert len(kept["error"]) == len(kept["in_view"]) == 12 and kept["of"]
