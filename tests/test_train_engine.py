"""Settings of the engine: batches worked on in parts, an average of the weights, the precision."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from sapave.train import loop, resume
from sapave.train.average import Average
from sapave.train.loop import train
from sapave.train.optim import freeze_but
from sapave.train.parts import counts, cut
from sapave.train.presets import TrainConfig, differences, preset
from sapave.train.setup import Job, prepare
from sapave.train.step import autocast, chance_of, gradients
from training_runs import lines, make_place, settings, weights

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_place(tmp_path_factory.mktemp("engine"))
    train(settings("stage0", folder), folder / "zero")
    return folder


def learned(config: TrainConfig, folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, float]]:
    """Gradients of step 0 by name of parameter, and the terms of its loss."""
    folder.mkdir(exist_ok=True)
    job = prepare(config, CPU, folder, logging.getLogger("test"))
    named = freeze_but(job.model, config.trains)
    parts = cut(job.batch(0), config.accumulate, dict(config.losses))
    assert sum(len(part.batch["state"]) for part in parts) == len(job.batch(0)["state"])
    totals = gradients(job, parts, 0, config, CPU)
    return {n: p.grad for n, p in named if p.grad is not None}, {n: v.item() for n, v in totals.items()}


@pytest.mark.parametrize("name", ["stage0", "draft"])
@pytest.mark.parametrize("count", [2, 5])
def test_parts_add_up_to_the_whole(name: str, count: int, place: Path, tmp_path: Path) -> None:
    """Losses without noise: pointer, presence, answers (rows of unlike worth), and the draft (rows without arms)."""
    changes: dict[str, Any] = {"images": 7, "views_share": 0.6, "mirror": 0.0}
    config = settings(name, place, episodes=(str(place / "episodes"),), **changes)
    whole, loss = learned(config, tmp_path / "whole")
    parts, sums = learned(replace(config, accumulate=count), tmp_path / "parts")
    assert set(sums) == set(loss) and all(sums[n] == pytest.approx(loss[n], rel=1e-4) for n in loss)
    assert set(parts) == set(whole) and whole
    size = torch.cat([g.flatten() for g in whole.values()]).norm()
    off = torch.cat([(whole[n] - parts[n]).flatten() for n in whole]).norm()
    assert size > 0 and off / size < 1e-4


def test_shares_of_every_loss_add_up(place: Path, tmp_path: Path) -> None:
    """Also of those with noise: each part has its share of the rows, of the arms' rows, of the points."""
    for name in ("spatial", "stage1", "stage2"):
        config = settings(name, place, images=6, views_share=0.5, modality_dropout=0.3 * (name == "spatial"))
        (tmp_path / name).mkdir()
        batch = prepare(config, CPU, tmp_path / name, logging.getLogger("test")).batch(0)
        names = dict(config.losses)
        parts = cut(batch, 3, names)
        assert [part.number for part in parts] == [0, 1, 2] and set(counts(batch, names)) == set(names)
        for loss in names:
            assert sum(part.shares[loss] for part in parts) == pytest.approx(1.0)


def test_each_part_has_chance_of_its_own() -> None:
    assert chance_of(3, 7, 0) == 3_000_016
    assert len({chance_of(seed, step, part) for seed in (0, 1) for step in (0, 1) for part in (0, 1, 2)}) == 12


def test_a_run_with_parts_and_average_continues_bit_for_bit(place: Path, tmp_path: Path) -> None:
    config = settings("stage1", place, steps=8, save_every=4, accumulate=2, ema=0.9)
    train(config, tmp_path / "whole")
    train(config, tmp_path / "cut")
    state = tmp_path / "cut" / "train" / "state"
    for file in (state / "step-00000008").iterdir():
        file.unlink()
    (state / "step-00000008").rmdir()
    train(config, tmp_path / "cut")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    a, b = (load_file(tmp_path / n / "train/state/step-00000008/tensors.safetensors") for n in ("whole", "cut"))
    assert a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)
    assert {n.split("/")[0] for n in a} == {"weight", "optim", "ema"}
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_the_average_is_what_is_evaluated_and_saved(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It follows from the weights after each step, and the weights go their way as if there were none."""
    monkeypatch.setattr(resume, "KEEP", 9)
    config = settings("stage1", place, steps=4, save_every=1)
    train(replace(config, steps=1, lr=0.0, weight_decay=0.0), tmp_path / "begin")
    train(config, tmp_path / "plain")
    seen = []

    def watching(*given: Any) -> Job:
        job = prepare(*given)

        def evaluate() -> dict[str, float]:
            seen.append({n: p.detach().clone() for n, p in job.model.named_parameters()})
            return {"head": 0.0}

        return replace(job, evaluate=evaluate)

    monkeypatch.setattr(loop, "prepare", watching)
    train(replace(config, ema=0.3), tmp_path / "out")
    begin, out = weights(tmp_path / "begin"), weights(tmp_path / "out")
    states = [
        [load_file(path / "tensors.safetensors") for path in sorted((tmp_path / n / "train/state").iterdir())]
        for n in ("plain", "out")
    ]
    for plain, own in zip(*states, strict=True):
        assert all(torch.equal(value, own[name]) for name, value in plain.items())
    trained = [name.removeprefix("ema/") for name in states[1][-1] if name.startswith("ema/")]
    for name in trained:
        wanted = begin[name]
        for decay, state in zip((0.2, 3 / 11, 0.3, 0.3), states[0], strict=True):
            wanted = decay * wanted + (1 - decay) * state[f"weight/{name}"]
        assert torch.allclose(out[name], wanted, atol=1e-6)
        assert torch.equal(out[name], states[1][-1][f"ema/{name}"]) and torch.equal(out[name], seen[-1][name])
    assert any(not torch.equal(out[n], states[0][-1][f"weight/{n}"]) for n in trained)


def test_without_a_decay_there_is_no_average() -> None:
    layer = nn.Linear(2, 2)
    average = Average(list(layer.named_parameters()), 0.0)
    average.update(1)
    with average.shown():
        assert not average.values


def test_precision(place: Path, tmp_path: Path) -> None:
    """`auto` on a CPU is fp32 bit for bit; bf16 computes otherwise and learns nearly the same."""
    config = settings("stage0", place)
    for name in ("auto", "fp32", "bf16"):
        train(replace(config, precision=name), tmp_path / name)
    auto, full, half = (weights(tmp_path / name) for name in ("auto", "fp32", "bf16"))
    assert all(torch.equal(auto[n], full[n]) for n in auto)
    assert any(not torch.equal(auto[n], half[n]) for n in auto)
    a, b = lines(tmp_path / "auto")[-1], lines(tmp_path / "bf16")[-1]
    assert a["loss"] != b["loss"] and a["loss"] == pytest.approx(b["loss"], rel=0.02)
    kinds: list[Callable[[], Any]] = [lambda: autocast(torch.device("cuda"), "fp32"), lambda: autocast(CPU)]
    assert all(not isinstance(kind(), torch.autocast) for kind in kinds)


def test_settings_that_do_not_fit() -> None:
    config = preset("stage1")
    for changes, words in (
        ({"accumulate": 0}, "accumulate: found 0, expected 1 to 16"),
        ({"accumulate": 17}, "found 17"),
        ({"ema": 1.0}, "ema: found 1.0"),
        ({"precision": "fp16"}, "precision: found 'fp16', expected auto, fp32 or bf16"),
    ):
        with pytest.raises(ValueError, match=words):
            replace(config, **changes)


def test_runs_of_before_these_settings_resume(place: Path, tmp_path: Path) -> None:
    """Their config.json names none of them; with other values than the defaults they are other runs."""
    config = settings("stage1", place, steps=6, save_every=3)
    train(config, tmp_path / "out")
    whole = lines(tmp_path / "out")
    path = tmp_path / "out" / "train" / "config.json"
    content = json.loads(path.read_text())
    for name in ("accumulate", "ema", "precision", "peak_tflops"):
        del content["config"][name]
    path.write_text(json.dumps(content))
    assert differences(replace(config, peak_tflops=1.0), content["config"]) == []
    with pytest.raises(ValueError, match="ema: 0.0 -> 0.9"):
        train(replace(config, ema=0.9), tmp_path / "out")
    for file in (tmp_path / "out/train/state/step-00000006").iterdir():
        file.unlink()
    (tmp_path / "out/train/state/step-00000006").rmdir()
    train(config, tmp_path / "out")
    assert lines(tmp_path / "out") == whole
