"""Several processes (torchrun, gloo): their number changes nothing of what is learned."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch

from sapave.base.runs import write_json
from sapave.train import loop, ranks
from sapave.train.loop import train
from sapave.train.presets import TrainConfig
from sapave.train.setup import Job
from sapave.train.step import chance_of
from training_runs import lines, make_place, settings, weights

WORKER = """
import json, sys
from pathlib import Path
from test_train_ranks import run
out, stop = Path(sys.argv[1]), int(sys.argv[2])
run(json.loads(out.with_suffix(".json").read_text()), out, stop)
"""
FAULTS = {chance_of(0, step, 1) for step in (5, 9)}
"""Seeds of the second part of two steps: one worked on by a single process, one by the second of two."""


def run(raw: dict[str, Any], out: Path, stop: int) -> None:
    """A run with two faults, to its end or until step `stop` would begin."""
    config = TrainConfig(**{name: tuples(value) for name, value in raw.items()})
    with watched(stop), suppress(StopIteration):
        train(config, out)


def tuples(value: Any) -> Any:
    return tuple(tuples(item) for item in value) if isinstance(value, list) else value


@contextmanager
def watched(stop: int) -> Iterator[None]:
    prepare, rate = loop.prepare, loop.rate

    def prepared(*given: Any) -> Job:
        job = prepare(*given)

        def losses(batch: dict, chance: torch.Generator) -> dict[str, torch.Tensor]:
            factor = float("nan") if chance.initial_seed() in FAULTS else 1.0
            return {name: factor * value for name, value in job.losses(batch, chance).items()}

        return replace(job, losses=losses)

    def stopping(config: TrainConfig, step: int, ending: Any) -> float:
        if step == stop:
            raise StopIteration
        return rate(config, step, ending)

    with patch.object(loop, "prepare", prepared), patch.object(loop, "rate", stopping):
        yield


def test_two_processes_then_one_then_two_are_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path / "data")
    train(settings("stage0", place), place / "zero")
    config = settings("stage1", place, steps=12, save_every=4, log_every=2, accumulate=2, ema=0.9)
    config = replace(config, val_views=str(place / "val"), eval_every=6, modality_dropout=0.2)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    script, out = tmp_path / "worker.py", tmp_path / "out"
    script.write_text(WORKER)
    write_json(out.with_suffix(".json"), config)
    raw = json.loads(out.with_suffix(".json").read_text())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    for stop in (4, -1):
        with open(tmp_path / "said.txt", "w") as said:
            process = subprocess.Popen([*command, str(out), str(stop)], stdout=said, stderr=said)
        try:
            if stop == 4:  # meanwhile
                run(raw, tmp_path / "one", -1)
            assert process.wait(timeout=150) == 0, (tmp_path / "said.txt").read_text()[-3000:]
        finally:
            process.terminate()
        if stop == 4:
            run(raw, out, 8)
    whole, shared = lines(tmp_path / "one"), lines(out)
    assert [row["step"] for row in shared] == [row["step"] for row in whole]
    assert [row["step"] for row in shared if "dropped" in row] == [6, 10]
    for a, b in zip(whole, shared, strict=True):
        assert a.keys() == b.keys()
        for name, value in a.items():
            assert b[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-4))
    a, b = weights(tmp_path / "one"), weights(out)
    assert all(torch.allclose(a[n], b[n], atol=1e-5) for n in a)
    log = (out / "train" / "log.txt").read_text()
    assert "resumed at step 4" in log and "resumed at step 8" in log and log.count("done: ") == 1


def test_parts_must_suit_the_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings("stage1", tmp_path, accumulate=3)
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2"), ("MASTER_ADDR", "localhost"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert ranks.launched() == (0, 2, 1)
    with pytest.raises(ValueError, match="accumulate 3: 2 processes .* expected a multiple of 2"):
        train(config, tmp_path / "out")


def test_alone_nothing_is_sent() -> None:
    alone, layer = ranks.Ranks(), torch.nn.Linear(2, 1)
    totals = {"loss": torch.tensor(1.0)}
    assert alone.first and alone.agree(3.5) == 3.5
    assert alone.add_up(list(layer.parameters()), totals, ["loss"]) is totals and layer.weight.grad is None


def test_messages_hold_every_weight_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "BUCKET", 10)
    sizes = [4, 4, 4, 30, 1, 9]
    found = [[len(p) for p in bucket] for bucket in ranks._buckets([torch.zeros(n) for n in sizes])]
    assert found == [[4, 4], [4], [30], [1, 9]]
