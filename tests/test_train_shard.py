"""Weights spread over processes (FSDP2), activations computed twice, states that any number of processes reads."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from safetensors import safe_open

from sapave.base.runs import write_json
from sapave.model.config import TINY_TEST
from sapave.model.vla import SaPaVe
from sapave.train import resume, shards
from sapave.train.loop import train
from sapave.train.optim import freeze_but
from sapave.train.parts import Part, cut, shared
from sapave.train.setup import prepare
from sapave.train.shard import blocks, compute_twice, level
from sapave.train.step import gradients
from test_train_ranks import run
from training_runs import lines, make_place, settings, weights

CPU = torch.device("cpu")
WORKER = """
import json, sys
from pathlib import Path
from test_train_shard import sharded
sharded(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_place(tmp_path_factory.mktemp("shard"))
    train(settings("stage0", folder), folder / "zero")
    return folder


def sharded(out: Path, stop: int, when: str) -> None:
    """What each process does: the run until step `stop`, or until process 1 is killed while it saves at `when`; else
    another run after it, as in a recipe."""
    with killed(when):
        run(json.loads(out.with_suffix(".json").read_text()), out, stop)
        draft = out.with_name("draft")
        run(json.loads(draft.with_suffix(".json").read_text()), draft, -1)


@contextmanager
def killed(when: str) -> Iterator[None]:
    write = shards.write

    def dying(folder: Path, tensors: Any) -> None:
        if when in folder.name:
            if os.environ["RANK"] == "1":
                os.kill(os.getpid(), signal.SIGKILL)
            tensors = dict(list(tensors.items())[:3])
        write(folder, tensors)

    with patch.object(shards, "write", dying if when else write):
        yield


def start(script: Path, out: Path, stop: int, when: str = "") -> tuple[int, str]:
    """Two processes under torchrun; how they ended, and what they said."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    said = out.with_suffix(".txt")
    with open(said, "w") as file:
        process = subprocess.Popen([*command, str(out), str(stop), when], stdout=file, stderr=file)
    try:
        return process.wait(timeout=300), said.read_text()[-3000:]
    finally:
        process.terminate()


def test_spread_over_two_killed_then_one_then_two_are_one_run(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stage 1 with LoRA, an average, dropped steps and evaluations. Killed while it saves at step 8, it goes on from
    step 4 in one process, then in two again: the curve of a run in one process."""
    config = settings("stage1", place, steps=12, save_every=4, log_every=2, accumulate=2, ema=0.9, shard=True)
    config = replace(config, val_views=str(place / "val"), eval_every=6, checkpoint_activations=True)
    config = replace(config, override=('adapter="lora"',))
    run(json.loads(json.dumps(vars(replace(config, checkpoint_activations=False)))), tmp_path / "one", -1)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    script, out = tmp_path / "worker.py", tmp_path / "out"
    script.write_text(WORKER)
    write_json(out.with_suffix(".json"), config)
    write_json(tmp_path / "draft.json", settings("draft", place, steps=2, accumulate=2, shard=True))
    code, said = start(script, out, -1, "00000008")
    assert code != 0, said
    state = out / "train" / "state"
    assert [path.name for path in resume.states(state)] == ["step-00000004"], said
    written = list((state / "step-00000004").iterdir())
    assert sorted(file.suffix for file in written) == [".json", ".safetensors", ".safetensors"]
    held = []
    for file in written:
        if file.suffix == ".safetensors":
            with safe_open(file, "pt") as stored:
                held.append({name: stored.get_slice(name).get_shape() for name in stored.keys()})
    both = held[0].keys() & held[1].keys()
    assert any("lora_A" in name for name in both) and any("tails" in name for name in both)
    run(json.loads(out.with_suffix(".json").read_text()), out, 8)
    assert (state / "step-00000008" / resume.WHOLE).is_file() and not list(state.glob(".*"))
    code, said = start(script, out, -1)
    assert code == 0, said
    whole, parts = lines(tmp_path / "one"), lines(out)
    assert [row["step"] for row in parts] == [row["step"] for row in whole]
    assert [row["step"] for row in parts if "dropped" in row] == [6, 10]
    for a, b in zip(whole, parts, strict=True):
        assert a.keys() == b.keys()
        for name, value in a.items():
            assert b[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-4))
    a, b = weights(tmp_path / "one"), weights(out)
    assert all(torch.allclose(a[n], b[n], atol=1e-5) for n in a)
    assert [row["step"] for row in lines(tmp_path / "draft")] == [1, 2] and weights(tmp_path / "draft")
    log = (out / "train" / "log.txt").read_text()
    assert "resumed at step 4" in log and "resumed at step 8" in log and log.count("done: ") == 1


@pytest.mark.parametrize("name", ["stage0", "stage1", "stage2"])
def test_activations_computed_twice_give_the_same_gradients(name: str, place: Path, tmp_path: Path) -> None:
    """Bit for bit, and less is kept for the backward pass."""
    config = settings(name, place, override=('adapter="lora"',) if name == "stage1" else (), token_cache=False)
    if name == "stage0":
        config = settings(name, place)
    job = prepare(config, CPU, tmp_path, logging.getLogger("test"))
    named = freeze_but(job.model, config.trains)
    found = []
    for twice in (False, True):
        if twice:
            compute_twice(job.model)
        kept: list[int] = []
        for _, parameter in named:
            parameter.grad = None

        def keep(value: torch.Tensor, kept: list[int] = kept) -> torch.Tensor:
            kept.append(value.nbytes)
            return value

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
            totals = gradients(job, cut(job.batch(0), 1, ()), 0, config, CPU)
        found.append((totals, {n: p.grad for n, p in named if p.grad is not None}, sum(kept)))
    (totals, grads, kept_once), (again, same, kept_twice) = found
    assert totals.keys() == again.keys() and all(torch.equal(v, again[n]) for n, v in totals.items())
    assert grads and grads.keys() == same.keys() and all(torch.equal(g, same[n]) for n, g in grads.items())
    assert kept_twice < 0.8 * kept_once


def test_blocks_are_the_layers_of_all_parts() -> None:
    model = SaPaVe(replace(TINY_TEST, adapter="lora"))
    names = {id(module): name for name, module in model.named_modules()}
    found = [names[id(block)] for block in blocks(model)]
    for part in ("vision_model.encoder.layers", "text_model.layers", "spatial.encoder.blocks", "trunk", "tails"):
        assert any(part in name for name in found)
    assert not any(a != b and b.startswith(a + ".") for a in found for b in found)


def test_parts_are_levelled() -> None:
    """As many in every process, each with a row for the arms; what fills up or pretends counts for nothing."""
    known = torch.tensor([False, False])
    batch = {"has_other": known, "other_chunk": torch.zeros(2, 16, 26), "state": torch.zeros(2, 3)}
    part = Part(batch, 1, counts={"head": 2.0, "other": 0.0, "rows": 2.0, "shown": 0.0})
    parts = level([part], 2, lambda: [])
    assert [p.batch["has_other"].tolist() for p in parts] == [[True, False]] * 2 and not known.any()
    one, two = shared(parts, {"head": 4.0, "other": 3.0, "rows": 4.0, "shown": 0.0})
    assert one.shares == {"head": 0.5, "other": 0.0} and two.shares == {"head": 0.0, "other": 0.0}
    assert level([], 1, lambda: [part])[0].idle


def test_a_state_without_one_of_its_files_is_passed_over(place: Path, tmp_path: Path) -> None:
    """Also one whose file is cut short."""
    config = settings("stage1", place, steps=4, save_every=2)
    train(config, tmp_path / "out")
    state = tmp_path / "out" / "train" / "state"
    path = state / "step-00000004"
    content = json.loads((path / "state.json").read_text())
    (path / resume.WHOLE).rename(path / "shard-00001-model-00001-of-00001.safetensors")
    names = ["shard-00001-model-00001-of-00001.safetensors", "shard-00002-model-00001-of-00001.safetensors"]
    for files in (names[:1], names):
        write_json(path / "state.json", {**content, "files": files})
        config_again = replace(config, steps=4)
        model = prepare(config_again, CPU, tmp_path / "out" / "train", logging.getLogger("test")).model
        named = freeze_but(model, config.trains)
        found = resume.load_state(state, named, torch.optim.AdamW([p for _, p in named]))
        assert found is not None and found["step"] == (4 if files == names[:1] else 2) and "files" not in found


@pytest.mark.parametrize("moment", ["write_json", "replace", "rmtree"])
def test_killed_at_any_moment_of_a_save_a_whole_state_is_left(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before state.json, before the folder gets its name, and while an old state is removed."""
    layer = torch.nn.Linear(2, 2)
    named, optimizer = list(layer.named_parameters()), torch.optim.AdamW(layer.parameters())
    for step in (1, 2):
        resume.save_state(tmp_path, step, named, optimizer, {})

    def dying(path: Path, *_: Any, **options: Any) -> None:
        if moment != "rmtree" or "ignore_errors" not in options:
            if moment == "rmtree":
                (path / resume.WHOLE).unlink()
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr({"replace": resume.os, "rmtree": resume.shutil}.get(moment, resume), moment, dying)
        with pytest.raises(KeyboardInterrupt):
            resume.save_state(tmp_path, 3, named, optimizer, {})
    found = resume.load_state(tmp_path, named, optimizer)
    assert found is not None and found["step"] == (3 if moment == "rmtree" else 2)
    assert not list(tmp_path.glob(".*"))
    resume.save_state(tmp_path, 4, named, optimizer, {})
    assert [path.name[-1] for path in resume.states(tmp_path)] == (["3", "4"] if moment == "rmtree" else ["2", "4"])
