"""Single steps: what is not finite is dropped and counted, what is short of memory says what to lower."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sapave.cli import main as cli
from sapave.train import loop
from sapave.train.loop import train
from sapave.train.presets import TrainConfig
from sapave.train.setup import Job
from training_runs import lines, make_place, settings, weights

NONE = "none of the losses head, pointer, presence, commit in the batch"
Change = Callable[[int, dict[str, torch.Tensor]], dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_place(tmp_path_factory.mktemp("steps"))
    train(settings("stage0", folder), folder / "zero")
    return folder


def inject(patch: pytest.MonkeyPatch, change: Change) -> None:
    """Let `change` (step, terms) have the last word on every loss; steps count from 0."""
    prepare = loop.prepare

    def prepared(config: TrainConfig, *rest: Any) -> Job:
        job = prepare(config, *rest)

        def losses(batch: dict, chance: torch.Generator) -> dict[str, torch.Tensor]:
            return change(chance.initial_seed() - config.seed * 1_000_003, job.losses(batch, chance))

        return replace(job, losses=losses)

    patch.setattr(loop, "prepare", prepared)


def faulty(steps: set[int], value: float = float("nan")) -> Change:
    return lambda step, terms: {n: v * value if step in steps else v for n, v in terms.items()}


def last_state(folder: Path) -> Path:
    return sorted((folder / "train" / "state").iterdir())[-1]


def forget(state: Path) -> None:
    for file in state.iterdir():
        file.unlink()
    state.rmdir()


def test_a_step_that_is_not_finite_changes_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loss nan at step 1, gradient inf at step 2 of 3: only step 0 was learned from; the means are step 0's."""

    def change(step: int, terms: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if step == 2:
            terms["head"].register_hook(lambda grad: grad * float("inf"))
        return {n: v * float("nan") if step == 1 else v for n, v in terms.items()}

    config = settings("stage1", place, decay="constant", steps=20, log_every=1)
    train(replace(config, steps=1, warmup=1), tmp_path / "one")
    inject(monkeypatch, change)
    train(replace(config, steps=3, warmup=1, log_every=3), tmp_path / "out")
    first, second, row = lines(tmp_path / "out")
    assert first == {"step": 2, "dropped": first["dropped"], "in_a_row": 1}
    assert first["dropped"].startswith("the loss is nan (") and "head" in first["dropped"]
    assert second["step"] == 3 and second["in_a_row"] == 2 and "the gradient norm is" in second["dropped"]
    one = lines(tmp_path / "one")[-1]
    assert row["dropped_steps"] == 2 and row["loss"] == one["loss"] and row["grad_norm"] == one["grad_norm"]
    a, b = weights(tmp_path / "one"), weights(tmp_path / "out")
    assert all(torch.equal(a[n], b[n]) for n in a)
    log = (tmp_path / "out" / "train" / "log.txt").read_text()
    assert log.count("dropped") == 2 and "step 2: dropped, the loss is nan" in log
    text = (tmp_path / "out" / "train" / "metrics.jsonl").read_text()
    assert "NaN" not in text and "Infinity" not in text


def test_the_third_in_a_row_stops_the_run_with_its_state(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faults that are not in a row stop nothing; three do, wherever the run was cut; then it goes on behind them."""
    bad = {1, 2, 4, 6, 7, 8}
    config = settings("stage1", place, steps=12, save_every=7, log_every=5)
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        inject(patch, faulty(bad, float("inf")))
        with pytest.raises(ValueError, match="step 9: the loss is inf .*, 3 steps in a row; stopped, with the state"):
            train(config, out)
        assert last_state(out).name == "step-00000009"
        stopped, kept = lines(out), weights(out)
        assert all(torch.isfinite(v).all() for v in kept.values())
        forget(last_state(out))  # as if it had been killed at step 8, one fault saved and one not
        assert json.loads((last_state(out) / "state.json").read_text())["in_a_row"] == 1
        with pytest.raises(ValueError, match="step 9: .* 3 steps in a row"):
            train(config, out)
        assert lines(out) == stopped and all(torch.equal(kept[n], v) for n, v in weights(out).items())
        assert json.loads((last_state(out) / "state.json").read_text())["in_a_row"] == 3
        train(config, out)  # steps 9 to 11 are sound
    rows = lines(out)
    assert rows[: len(stopped)] == stopped and rows[-1]["step"] == 12
    assert [row["step"] for row in rows if "dropped" in row] == [2, 3, 5, 7, 8, 9]
    assert [row.get("dropped_steps", 0) for row in rows if "loss" in row] == [3, 3, 0]
    assert any(not torch.equal(kept[n], v) for n, v in weights(out).items())


def test_a_cut_run_with_faults_has_the_same_curve(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inject(monkeypatch, faulty({2, 4, 5}))
    config = settings("stage1", place, steps=10, save_every=5, log_every=4)
    train(config, tmp_path / "whole")
    train(config, tmp_path / "cut")
    forget(last_state(tmp_path / "cut"))
    train(config, tmp_path / "cut")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_a_state_of_before_the_count_resumes(place: Path, tmp_path: Path) -> None:
    """States written by an older version hold no count of dropped steps."""
    config = settings("stage1", place, steps=6, save_every=3)
    train(config, tmp_path / "out")
    whole = lines(tmp_path / "out")
    forget(last_state(tmp_path / "out"))
    path = last_state(tmp_path / "out") / "state.json"
    state = json.loads(path.read_text())
    path.write_text(json.dumps({n: v for n, v in state.items() if n not in ("dropped", "in_a_row")}))
    train(config, tmp_path / "out")
    assert lines(tmp_path / "out") == whole


def test_too_much_bad_luck_is_one_line_and_exit_code_2(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    inject(monkeypatch, faulty(set(range(9))))
    words = ["train", "stage1", "--views", str(place / "views"), "--init", str(place / "zero"), "--images", "4"]
    assert cli([*words, "--cache", str(place / "cache"), "--out", str(tmp_path / "out")]) == 2
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("sapave: ")]
    assert len(said) == 1 and "3 steps in a row" in said[0] and "lower lr (now 0.0015)" in said[0]


@pytest.mark.parametrize("kind", ["gpu", "cpu", "python", "other"])
def test_out_of_memory_says_what_to_lower(
    kind: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(step: int, terms: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if kind == "gpu":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if kind == "cpu":
            return {"head": torch.empty(10**15)}  # torch's own words
        if kind == "python":
            raise MemoryError
        raise RuntimeError("shapes do not match")

    inject(monkeypatch, change)
    config = settings("stage1", place)
    if kind == "other":
        with pytest.raises(RuntimeError, match="shapes do not match"):
            train(config, tmp_path / "out")
        return
    with pytest.raises(ValueError, match=r"^step 1: out of memory on (cpu|gpu); lower images \(now 4\)"):
        train(config, tmp_path / "out")


def test_a_batch_without_a_target_is_passed_over(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when no row of a small batch of stage-0 tasks asks a question; three in a row are a mistake in the data."""
    config = settings("stage1", place, decay="constant", steps=20, log_every=1)
    train(replace(config, steps=1, warmup=1), tmp_path / "one")
    inject(monkeypatch, lambda step, terms: terms if step == 0 else {})
    train(replace(config, steps=3, warmup=1, log_every=3), tmp_path / "out")
    assert [row.get("dropped") for row in lines(tmp_path / "out")] == [NONE, NONE, None]
    a, b = weights(tmp_path / "one"), weights(tmp_path / "out")
    assert all(torch.equal(a[n], b[n]) for n in a)
    with pytest.raises(ValueError, match=f"step 4: {NONE}, 3 steps in a row"):
        train(replace(config, steps=4), tmp_path / "stopped")
