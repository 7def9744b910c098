"""Training: what is frozen keeps every bit, a killed run continues exactly, every stage makes a loadable checkpoint."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sapave.base.runs import write_json
from sapave.model import checkpoint
from sapave.train.loop import train
from sapave.train.optim import Ending, rate
from sapave.train.presets import PRESETS, differences, parse_override, preset
from training_data import write_views
from training_runs import lines, make_place, settings, weights


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("train"))


@pytest.fixture(scope="module")
def zero(place: Path) -> Path:
    """A checkpoint of stage 0, the start of the other stages."""
    train(settings("stage0", place), place / "zero")
    return place / "zero"


@pytest.mark.parametrize("name", PRESETS)
def test_only_the_named_parts_change(name: str, place: Path, zero: Path, tmp_path: Path) -> None:
    """After a few steps of each preset every other weight is the same bit for bit; each trained part moved."""
    config = settings(name, place, val_views=str(place / "val"))
    begin = zero
    if name == "stage0":
        train(replace(config, steps=1, lr=0.0, weight_decay=0.0), tmp_path / "begin")
        begin = tmp_path / "begin"
    last = train(config, tmp_path / "out")
    before, after = weights(begin), weights(tmp_path / "out")
    model, _ = checkpoint.load(tmp_path / "out")
    parts = model.parts()
    ids = {id(p): n for n, p in model.named_parameters()}
    owned = {part: {ids[id(p)] for m in modules for p in m.parameters()} for part, modules in parts.items()}
    owned["backbone"] -= owned["adapter"]
    trained = set().union(*(owned[part] for part in config.trains))
    changed = {n for n in before if not torch.equal(before[n], after[n])}
    assert changed <= trained
    for part in config.trains:
        assert changed & owned[part], f"{part} did not learn"
    assert last["step"] == 3 and any(key.startswith("val/") for key in last)


@pytest.mark.parametrize("name", ["stage0", "stage1", "stage2"])
def test_a_stopped_run_continues_bit_for_bit(name: str, place: Path, zero: Path, tmp_path: Path) -> None:
    config = settings(name, place, steps=20, save_every=10, log_every=3)
    train(config, tmp_path / "whole")
    train(config, tmp_path / "cut")
    # put the second run back to step 10, as if it had been killed while writing later lines
    state = tmp_path / "cut" / "train" / "state"
    kept = sorted(state.iterdir())
    assert [p.name for p in kept] == ["step-00000010", "step-00000020"]
    for file in kept[1].iterdir():
        file.unlink()
    kept[1].rmdir()
    with open(tmp_path / "cut" / "train" / "metrics.jsonl", "a") as handle:
        handle.write('{"step": 21, "lo')
    train(config, tmp_path / "cut")
    assert lines(tmp_path / "cut") == lines(tmp_path / "whole")
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_kill_9_costs_nothing(place: Path, zero: Path, tmp_path: Path) -> None:
    """A real SIGKILL, twice, at moments nobody chose; the curve is the one of the run that was left alone."""
    config = settings("stage1", place, steps=24, save_every=4)
    train(config, tmp_path / "whole")
    script = (
        "import json, sys; from pathlib import Path; from sapave.train.loop import train; "
        "from sapave.train.presets import TrainConfig; raw = json.loads(Path(sys.argv[1]).read_text()); "
        "raw = {k: tuple(map(lambda x: tuple(x) if isinstance(x, list) else x, v)) if isinstance(v, list) else v "
        "for k, v in raw.items()}; train(TrainConfig(**raw), Path(sys.argv[2]))"
    )
    write_json(tmp_path / "config.json", config)
    command = [sys.executable, "-c", script, str(tmp_path / "config.json"), str(tmp_path / "killed")]
    metrics = tmp_path / "killed" / "train" / "metrics.jsonl"
    for wanted in (6, 15):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if metrics.is_file() and len(metrics.read_text().splitlines()) >= wanted:
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    train(config, tmp_path / "killed")
    assert lines(tmp_path / "killed") == lines(tmp_path / "whole")
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert not list((tmp_path / "killed").rglob("*.partial"))


def test_a_damaged_state_falls_back_to_the_one_before(place: Path, zero: Path, tmp_path: Path) -> None:
    config = settings("stage1", place, steps=8, save_every=4)
    train(config, tmp_path / "out")
    good = lines(tmp_path / "out")
    tensors = tmp_path / "out" / "train" / "state" / "step-00000008" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:1000])
    train(config, tmp_path / "out")
    assert lines(tmp_path / "out") == good


def test_stage_2_keeps_the_head_statistics_and_fits_the_others(place: Path, zero: Path, tmp_path: Path) -> None:
    train(settings("stage1", place), tmp_path / "one")
    train(settings("stage2", place, init=str(tmp_path / "one")), tmp_path / "two")
    _, one = checkpoint.load(tmp_path / "one")
    _, two = checkpoint.load(tmp_path / "two")
    assert one.other_norm is None and one.head_norm is not None
    assert two.head_norm is not None and two.other_norm is not None
    assert np.array_equal(one.head_norm.std, two.head_norm.std)
    assert two.other_norm.std.shape == (16, 26) and two.other_norm.std.min() >= 1e-2 - 1e-9


def test_what_was_denoised_around_another_draft_is_forgotten(place: Path, zero: Path, tmp_path: Path) -> None:
    """Stage 2 after the draft has been trained starts with the draft alone; after stage 2 it goes on as it is."""
    model, processor = checkpoint.load(zero)
    with torch.no_grad():
        for tail in model.denoisers()[1].tails.values():
            tail.out.weight.fill_(0.1)
    checkpoint.save(tmp_path / "used", model, processor, notes={"stage": "stage2"})
    nothing = {"steps": 1, "lr": 0.0, "weight_decay": 0.0}
    train(replace(settings("draft", place, **nothing), init=str(tmp_path / "used")), tmp_path / "draft")
    for before, wanted in (("draft", 0.0), ("used", 0.1)):
        config = replace(settings("stage2", place, **nothing), init=str(tmp_path / before))
        train(config, tmp_path / f"after-{before}")
        after, _ = checkpoint.load(tmp_path / f"after-{before}")
        for tail in after.denoisers()[1].tails.values():
            assert torch.all(tail.out.weight == wanted)


def test_arms_and_hands_may_come_from_another_checkpoint(place: Path, zero: Path, tmp_path: Path) -> None:
    train(settings("draft", place, steps=2), tmp_path / "doer")
    doer, looker = tmp_path / "doer", place / "zero"
    chosen = settings("draft", place, init_other=str(doer), steps=1, lr=1e-12)
    train(chosen, tmp_path / "both")
    got, did, looked = (weights(folder) for folder in (tmp_path / "both", doer, looker))
    assert all(torch.allclose(got[n], did[n], atol=1e-6) for n in got if n.startswith("decoders.1."))
    assert all(torch.equal(got[n], looked[n]) for n in got if not n.startswith("decoders.1."))
    norms = [json.loads((folder / "stats.json").read_text())["norms"]["other"] for folder in (tmp_path / "both", doer)]
    assert norms[0] == norms[1] is not None
    with pytest.raises(ValueError, match="learned nothing"):
        train(settings("draft", place, init_other=str(looker)), tmp_path / "no")


def test_cached_tokens_are_the_live_ones(place: Path, zero: Path, tmp_path: Path) -> None:
    """Interrupted half-way and filled up, the cache holds what the frozen parts give; it is used again."""
    from sapave.data.windows import gather, open_sources
    from sapave.train import cache
    from sapave.train.cached import hybrid_of, perceiver, remembered

    model, processor = checkpoint.load(zero)
    source = open_sources([str(place / "views")], place / "cache")[0]
    rows = cache.choose(source, 2, 100, 0)
    perceive = perceiver(model, processor, torch.device("cpu"))
    calls = []

    def halting(batch: dict) -> dict:
        calls.append(len(batch["text"]))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return perceive(batch)

    old = cache.BLOCK, cache.NOTE_EVERY
    cache.BLOCK, cache.NOTE_EVERY = 4, 1
    try:
        with pytest.raises(KeyboardInterrupt):
            cache.build(source, rows, tmp_path, "key", halting)
        made = cache.build(source, rows, tmp_path, "key", halting)
        assert sum(calls) == len(rows) + 4
        again = cache.build(source, rows, tmp_path, "key", halting)
        assert sum(calls) == len(rows) + 4 and len(again.rows) == len(rows)
    finally:
        cache.BLOCK, cache.NOTE_EVERY = old
    live = perceive(gather(source.pack, rows))
    kept = made.take(np.arange(len(rows)))
    for name in ("tokens", "pointer", "state"):
        assert np.allclose(kept[name].astype(float), live[name].astype(float), atol=2e-2)
    kept = remembered(model, made).take(np.arange(len(rows)))
    hybrid = hybrid_of({f"hybrid_{n}": torch.from_numpy(kept[n]) for n in ("tokens", "mask", "pointer", "looked")})
    assert hybrid.tokens.dtype == torch.float32


def test_cached_rows_remember_as_a_policy_does(place: Path, zero: Path, tmp_path: Path) -> None:
    from sapave.data.windows import gather, open_sources
    from sapave.model.vla import Hybrid
    from sapave.train import cache
    from sapave.train.cached import perceiver, remembered

    model, processor = checkpoint.load(zero)
    source = open_sources([str(place / "episodes")], place / "cache")[0]
    rows = cache.choose(source, 1, 100, 0)
    made = cache.build(source, rows, tmp_path, "key", perceiver(model, processor, torch.device("cpu")))
    pointer = np.array(made.arrays["pointer"])
    pointer[..., -1] = np.random.default_rng(0).choice([0.1, 0.9], pointer.shape[:2])  # at times out of sight
    known = remembered(model, replace(made, arrays={**made.arrays, "pointer": pointer})).arrays
    kept, looked, labels = known["pointer"], known["looked"], source.pack.arrays
    memory, before = None, -1
    for at, row in enumerate(rows):
        memory = memory if labels["episode"][row] == before else None
        before = labels["episode"][row]
        batch = {"base_from_camera": torch.from_numpy(gather(source.pack, rows[at : at + 1])["base_from_camera"])}
        batch["has"] = torch.ones(1, 3, dtype=torch.bool)
        seen = Hybrid(torch.zeros(1, 0, 1), torch.zeros(1, 0), torch.from_numpy(pointer[at : at + 1]))
        hybrid, memory = model.remember(seen, memory, batch)
        assert np.allclose(hybrid.pointer.numpy(), kept[at : at + 1], atol=1e-6)
        assert np.array_equal(hybrid.looked.numpy(), looked[at : at + 1])
    assert len(set(labels["episode"][rows])) > 1 and not np.array_equal(kept, pointer)


def test_a_run_refuses_other_settings_and_other_data(place: Path, zero: Path, tmp_path: Path) -> None:
    write_views(tmp_path / "views", 4)
    config = settings("stage1", place, views=(str(tmp_path / "views"),))
    train(config, tmp_path / "out")
    with pytest.raises(ValueError, match="lr: 0.0015 -> 0.1"):
        train(replace(config, lr=0.1), tmp_path / "out")
    assert train(replace(config, log_every=2), tmp_path / "out") is not None
    write_views(tmp_path / "views", 4, seed=77)
    with pytest.raises(ValueError, match="data has changed"):
        train(config, tmp_path / "out")


def test_a_run_that_failed_at_its_start_may_be_corrected(place: Path, zero: Path, tmp_path: Path) -> None:
    config = settings("stage1", place)
    with pytest.raises(ValueError, match="weight"):
        train(replace(config, lr=0.1, views=(f"{place}/views=x",)), tmp_path / "out")
    assert train(config, tmp_path / "out")["step"] == config.steps


def test_a_time_budget_ends_the_run_early_and_whole(place: Path, zero: Path, tmp_path: Path) -> None:
    config = settings("stage1", place, steps=100000, max_minutes=0.02, decay="constant")
    last = train(config, tmp_path / "out")
    assert 0 < last["step"] < 100000 and last["lr"] < config.lr
    checkpoint.load(tmp_path / "out")


def test_schedule() -> None:
    config = replace(preset("stage0"), steps=1000, warmup=10, lr=1.0)
    assert rate(config, 0) == pytest.approx(0.1, rel=1e-3)
    assert rate(config, 500) == pytest.approx(0.525)
    assert rate(config, 1000) == pytest.approx(0.05)
    assert rate(config, 505, Ending(500, 10)) == pytest.approx(0.525 / 2)
    flat = replace(config, decay="constant")
    assert rate(flat, 800) == 1.0 and rate(flat, 950) == pytest.approx(0.5)


def test_settings_from_a_user() -> None:
    assert parse_override(("decoders=unified", "lora_rank=8")) == {"decoders": "unified", "lora_rank": 8}
    with pytest.raises(ValueError, match="expected name=value"):
        parse_override(("unified",))
    with pytest.raises(KeyError, match="did you mean 'stage1'"):
        preset("stage_1")
    with pytest.raises(ValueError, match="decay"):
        replace(preset("stage1"), decay="linear")
    config = preset("stage1")
    saved = json.loads(json.dumps(vars(config)))
    assert differences(config, saved) == [] and differences(replace(config, threads=7), saved) == []
    assert differences(replace(config, seed=3), saved) == ["seed: 0 -> 3"]
