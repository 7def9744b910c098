"""What a run tells of its speed: waiting for data, operations per row, the share of the peak."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sapave.data.windows import WHOLE, Own
from sapave.train import loop
from sapave.train.flops import flops_of, utilisation
from sapave.train.loop import train
from sapave.train.metrics import Speed, Window
from training_runs import make_place, settings, weights


def test_operations_are_those_of_the_textbook() -> None:
    """A frozen and a trained layer, then attention: multiply-adds count two, frozen weights cost no gradient."""
    frozen, trained = nn.Linear(6, 8, bias=False).requires_grad_(False), nn.Linear(8, 4, bias=False)
    x = torch.randn(5, 6)
    forward = 2 * 5 * (6 * 8 + 8 * 4)
    assert flops_of(lambda: trained(frozen(x)).sum(), [trained.weight]) == forward + 2 * 5 * 8 * 4
    assert trained.weight.grad is None
    q = nn.Parameter(torch.randn(2, 3, 7, 8))
    product = 2 * 2 * 3 * 7 * 7 * 8
    # two products forward; backward one each for the gradients of the attention weights and of q
    counted = flops_of(lambda: F.scaled_dot_product_attention(q, q.detach(), q.detach()).sum(), [q])
    assert counted == 2 * product + 2 * product


def test_share_of_the_peak() -> None:
    assert utilisation(2e9, 100.0, 1.0) == pytest.approx(0.2)


def test_windows_begin_anew() -> None:
    window, speed = Window(mark=10), Speed(flops_per_row=1e9, peak_tflops=1.0)
    for value in (1.0, 3.0):
        window.add({"loss": value})
        speed.add(8, 0.25)
    window.dropped = 1
    assert window.close(13) == {"step": 13, "loss": 2.0, "dropped_steps": 1}
    speed.since = time.monotonic() - 2.0
    row = speed.close()
    assert row["rows_per_s"] == pytest.approx(8.0, rel=0.01) and row["data_s"] == 0.25
    assert row["mfu"] == pytest.approx(0.008, rel=0.01)
    assert (window.mark, window.sums, window.dropped, speed.rows, speed.waited) == (13, {}, 0, 0, 0.0)
    assert "mfu" not in Speed().close()


def test_a_run_tells_its_speed_and_learns_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow data shows in `data_s`; with a peak given there is an MFU, and the weights are the same bit for bit."""
    place = make_place(tmp_path / "data")
    config = settings("stage0", place, steps=4, log_every=2)
    train(config, tmp_path / "plain")
    prepare = loop.prepare

    def slow(*given: Any) -> Any:
        job = prepare(*given)
        batch = job.batch

        def late(step: int, own: Own = WHOLE) -> dict:
            time.sleep(0.3 if step else 0.0)
            return batch(step, own)

        return loop.Job(**{**vars(job), "batch": late})

    monkeypatch.setattr(loop, "prepare", slow)
    train(loop.TrainConfig(**{**vars(config), "peak_tflops": 0.05}), tmp_path / "told")
    plain, told = (
        [json.loads(line) for line in (tmp_path / name / "train" / "metrics.jsonl").read_text().splitlines()]
        for name in ("plain", "told")
    )
    assert all("mfu" not in row and 0 <= row["data_s"] < 60 for row in plain)
    assert all(0 < row["mfu"] < 10 for row in told) and told[-1]["data_s"] > 0.1
    a, b = weights(tmp_path / "plain"), weights(tmp_path / "told")
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert "GFLOP per row" in (tmp_path / "told" / "train" / "log.txt").read_text()
    with pytest.raises(ValueError, match="peak_tflops"):
        loop.TrainConfig(**{**vars(config), "peak_tflops": -1.0})
