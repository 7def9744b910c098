"""The commit output, second looks, views that live on the device, and parts that a checkpoint leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sapave.base.normalize import Normalizer
from sapave.data.view_files import samples_of, shards
from sapave.data.views import ViewsConfig, generate
from sapave.data.windows import TOLD, Sampler, merge, open_sources
from sapave.model import checkpoint
from sapave.model.config import TINY_TEST
from sapave.model.inputs import Processor
from sapave.model.memory import looked_at, sectors
from sapave.model.vla import SaPaVe, set_trainable
from sapave.sim import conditions
from sapave.sim.robots.g1 import ROBOT
from sapave.train.batches import present, tensors
from sapave.train.resident import TASKS, Resident
from sapave.train.setup import _task

COMMITS = replace(TINY_TEST, commit=True)
WANTED = {"pointer", "presence", "head", "commit"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Views of a few rooms, half of the poses second looks."""
    out = tmp_path_factory.mktemp("views")
    generate(ViewsConfig(out=out, suite="activeviewpose", scenes=4, views=6, second=0.6, workers=0))
    return out


@pytest.fixture(scope="module")
def sampler(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Sampler:
    return Sampler(views=open_sources([str(folder)], tmp_path_factory.mktemp("cache")), images=6, per_image=3)


@pytest.fixture(scope="module")
def processor(sampler: Sampler) -> Processor:
    made = Processor.fresh(COMMITS, sampler.views[0].pack.texts, ROBOT.chains)
    made.head_norm = Normalizer.fit(sampler.views[0].pack.arrays["head_chunk"], 1e-2)
    return made


def test_a_second_look_asks_the_same_again_and_knows_where_it_came_from(folder: Path) -> None:
    rows = [row for path in shards(folder) for row in samples_of(path)]
    first = [r for r in rows if not r["looked_from"]]
    second = [r for r in rows if r["looked_from"]]
    assert first and second
    asked = {(r["instruction"], tuple(map(tuple, r["steps"]))) for r in first}
    assert all((r["instruction"], tuple(map(tuple, r["steps"]))) in asked for r in second)
    assert any(r["commit"] for r in second) and any(
        r["motion"] != f["motion"] for r, f in zip(second, first, strict=False)
    )
    for row in rows:
        assert not row["commit"] or row["visible_before"] >= 0 and row["steps"]
    with pytest.raises(ValueError, match="second"):
        generate(ViewsConfig(out=folder / "no", second=0.5, scenes=1))
    assert conditions.SEEN == 0.6


def test_resident_batches_are_the_same_ones(sampler: Sampler, processor: Processor) -> None:
    resident = Resident(sampler, processor, torch.device("cpu"), WANTED)
    for step in range(3):
        has = present(sampler.pictures(step), 0.3, (0, step))
        plain = tensors(sampler.batch(step), processor, wanted=WANTED, has=has)
        found = resident.batch(step, 0.3)
        assert set(plain) <= set(found) | {"other_chunk"} and "looked" in plain
        for name, value in plain.items():
            assert found[name].shape == value.shape, name
            assert torch.allclose(found[name].float(), value.float(), atol=2e-6), name


def test_resident_tasks_stand_beside_the_stored_samples(sampler: Sampler, processor: Processor) -> None:
    tasked = replace(sampler, task=_task("train"), _orders={})
    resident = Resident(tasked, processor, torch.device("cpu"), {"pointer", "presence", "answer"})
    pack = resident.tables[0].source.pack
    assert pack.n_rows == sampler.views[0].pack.n_rows + TASKS * pack.n_frames
    assert np.all(np.diff(pack.arrays["frame"]) >= 0)
    batch = resident.batch(0)
    assert (batch["answer"] >= 0).any() and batch["mask"].sum() > 0
    assert torch.equal(batch["tokens"], resident.batch(0)["tokens"])
    with pytest.raises(ValueError, match="resident"):
        Resident(replace(sampler, raw=True), processor, torch.device("cpu"), WANTED)


def test_it_learns_when_to_commit(sampler: Sampler, processor: Processor) -> None:
    model = SaPaVe(COMMITS)
    parameters = set_trainable(model, ("head_decoder",))
    optimizer = torch.optim.Adam(parameters, 3e-3)
    batch = tensors(sampler.batch(0), processor, wanted=WANTED)
    batch["commit"] = torch.arange(len(batch["commit"])) % 2 == 0
    with torch.no_grad():
        hybrid = model.perceive(batch)
    for _ in range(60):
        loss = model.losses(batch, hybrid, names={"commit"})["commit"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        said = model.commits(hybrid, batch) > 0
    assert (said == batch["commit"]).float().mean() > 0.9
    with pytest.raises(ValueError, match="commit=true"):
        SaPaVe(TINY_TEST).commits(hybrid, batch)


def test_rows_that_do_not_tell_leave_the_loss_as_it_is(sampler: Sampler, processor: Processor) -> None:
    telling = sampler.batch(0)
    silent = {name: value for name, value in sampler.batch(1).items() if name not in TOLD}
    batch, alone = (tensors(b, processor, wanted=WANTED) for b in (merge([telling, silent]), telling))
    n = len(alone["commit"])
    assert len(batch["commit"]) > n and batch["commit"][n:].isnan().all() and not batch["looked"][n:].any()
    assert torch.equal(batch["looked"][:n], alone["looked"])
    model = SaPaVe(COMMITS)
    mixed, plain = (model.losses(b, names={"commit"})["commit"] for b in (batch, alone))
    assert torch.allclose(mixed, plain, rtol=1e-4) and plain > 0


def test_where_a_head_has_looked_before_counts() -> None:
    poses = torch.tensor([[0.65, -0.3], [np.nan, np.nan]])
    before = looked_at(poses)
    assert torch.equal(before[0], sectors(poses[:1, 0], poses[:1, 1])[0].float()) and before[0].any()
    assert not before[1].any()


def test_what_no_stage_trained_is_left_out_and_starts_from_the_seed(tmp_path: Path, processor: Processor) -> None:
    model = SaPaVe(COMMITS)
    checkpoint.save(tmp_path / "all", model, processor)
    checkpoint.save(tmp_path / "part", model, processor, leave_out=("other_decoder",))
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("all", "part")]
    assert sizes[1] < 0.8 * sizes[0]
    again, _ = checkpoint.load(tmp_path / "part")
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    with pytest.raises(ValueError, match="found nothing"):
        config = tmp_path / "part" / "config.json"
        config.write_text(config.read_text().replace('"decoders.1."', '"elsewhere."'))
        checkpoint.load(tmp_path / "part")
