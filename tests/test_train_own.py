"""Each of several processes prepares the pictures of its own parts alone; the parts are those of the whole batch."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sapave.data import windows
from sapave.data.windows import Own, Sampler, open_sources
from sapave.train.loop import train
from sapave.train.parts import Part, added, cut, pieces, shared
from sapave.train.setup import Job, prepare
from training_runs import make_place, settings

RUNS: list[tuple[str, dict[str, Any]]] = [
    ("stage0", {"images": 7}),
    ("stage0", {"images": 12, "zoom": 1.4, "jitter": 0.2}),
    ("stage1", {"images": 9, "modality_dropout": 0.4, "zoom": 1.4}),
    ("stage1", {"images": 8, "modality_dropout": 0.4, "resident": True}),
    ("spatial", {"images": 8}),
    ("draft", {"images": 8, "mirror": 0.5}),
    ("stage2", {"images": 9, "views_share": 0.5}),
    ("stage2", {"images": 9, "views_share": 0.8, "token_cache": False}),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_place(tmp_path_factory.mktemp("own"))
    train(settings("stage0", folder, steps=1), folder / "zero")
    return folder


@pytest.mark.parametrize(("name", "changes"), RUNS)
def test_own_parts_are_the_batch_s_parts(name: str, changes: dict[str, Any], place: Path, tmp_path: Path) -> None:
    """Bit for bit, with their shares, also where a batch runs over the end of an epoch (10 views, 16 frames)."""
    config = settings(name, place, accumulate=4, **changes)
    if name != "spatial" and not config.resident:
        config = settings(name, place, accumulate=4, episodes=(str(place / "episodes"),), **changes)
    job: Job = prepare(config, torch.device("cpu"), tmp_path, logging.getLogger("test"))
    names = dict(config.losses)
    for step in range(3):
        whole = cut(job.batch(step), 4, names)
        for size in (2, 4):
            own = [pieces(job.batch(step, Own(rank, size)), 4, names, Own(rank, size)) for rank in range(size)]
            counts = added([part for parts in own for part in parts])
            found = {part.number: part for parts in own for part in shared(parts, counts)}
            assert sorted(found) == [part.number for part in whole]
            for part in whole:
                alike(part, found[part.number])


def alike(a: Part, b: Part) -> None:
    """Equal bit for bit; answers are padded to the longest at hand, and absent from `b` where there is none."""
    ours, theirs = dict(a.batch), dict(b.batch)
    answer, other = ours.pop("answer", None), theirs.pop("answer", None)
    assert ours.keys() == theirs.keys() and all(torch.equal(value, theirs[n]) for n, value in ours.items())
    assert {n: v for n, v in a.shares.items() if v} == {n: v for n, v in b.shares.items() if v}
    if answer is not None:
        width = 0 if other is None else other.shape[1]
        assert (answer[:, width:] == -100).all() and (other is None or torch.equal(answer[:, :width], other))


def test_only_own_pictures_are_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, images = [], windows._images

    def watched(pack: Any, frames: np.ndarray) -> Any:
        read.append(len(frames))
        return images(pack, frames)

    monkeypatch.setattr(windows, "_images", watched)
    views, episodes = (open_sources([str(place / kind)], place / "cache") for kind in ("views", "episodes"))
    sampler = Sampler(views=views, episodes=episodes, images=10, per_image=2, views_share=0.5)
    sampler.batch(1)
    assert sum(read) == sampler.pictures(1) == 10
    for rank in range(3):
        read.clear()
        batch = sampler.batch(1, Own(rank, 3))
        assert sum(read) == len(batch["rgb"]) == (4, 3, 3)[rank]


def test_a_process_without_pictures_has_no_parts(place: Path) -> None:
    views = open_sources([str(place / "views")], place / "cache")
    batch = Sampler(views=views, images=2).batch(0, Own(3, 4))
    assert len(batch["rgb"]) == 0 and batch["text"] == []
    assert pieces({}, 4, {}, Own(3, 4)) == []
