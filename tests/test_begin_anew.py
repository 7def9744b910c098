"""A stage may begin at a checkpoint that was trained further: parts of it start fresh; and a recipe may end early."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sapave.base.shelf import shelf
from sapave.model import checkpoint
from sapave.model.adapter import plain_name
from sapave.train.follow import FollowConfig, follow, plan
from sapave.train.loop import train
from training_runs import SMALL, make_place, settings, weights

RECIPES = shelf("sapave.train.recipes", "RECIPE")
SETTINGS = tuple(f"{name}={value}" for name, value in SMALL.items())
ANEW = ("adapter", "head_decoder")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, a checkpoint `zero` of stage 0, and `one` that has had its stage 1 from there."""
    place = make_place(tmp_path_factory.mktemp("anew"))
    train(settings("stage0", place), place / "zero")
    train(settings("stage1", place), place / "one")
    return place


@pytest.fixture(scope="module")
def options(place: Path) -> FollowConfig:
    return FollowConfig(
        views=(str(place / "views"),), cache=str(place / "cache"), settings=SETTINGS,
        begin="stage1", end="stage1", init=str(place / "one"), anew=ANEW,
    )  # fmt: skip


def named(folder: Path, words: tuple[str, ...], without: str = "lora_") -> dict[str, torch.Tensor]:
    return {plain_name(n): w for n, w in weights(folder).items() if n.startswith(words) and without not in n}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


def test_what_starts_anew_is_what_stage_1_had_at_its_beginning(place: Path) -> None:
    """So a finished stage 1 gives back the checkpoint that it began from: the rest was frozen."""
    back, processor = checkpoint.load(place / "one", anew=ANEW)
    begin, _ = checkpoint.load(place / "zero")
    assert equal(dict(back.named_parameters()), dict(begin.named_parameters()))
    assert processor.head_norm is not None  # the caller's: a checkpoint's statistics stay what they are
    other, _ = checkpoint.load(place / "one", anew=ANEW, seed=1)
    a, b = (dict(model.named_parameters()) for model in (back, other))
    differ = {name.split(".")[0] for name in a if not torch.equal(a[name], b[name])}
    assert differ == {"backbone", "decoders"}  # of the backbone LoRA alone
    assert all("lora_" in n for n in a if n.startswith("backbone") and not torch.equal(a[n], b[n]))
    with pytest.raises(KeyError, match="did you mean 'adapter'"):
        checkpoint.load(place / "one", anew=("adaptor",))


def test_stage_1_begun_anew_is_stage_1(place: Path, tmp_path: Path) -> None:
    """The same bits as from the checkpoint before, statistics of the labels included."""
    train(settings("stage1", place, init=str(place / "one"), anew=ANEW), tmp_path)
    assert equal(weights(tmp_path), weights(place / "one"))
    found, made = (checkpoint.load(folder)[1].head_norm for folder in (tmp_path, place / "one"))
    assert found is not None and made is not None
    np.testing.assert_array_equal(found.mean, made.mean)
    with pytest.raises(ValueError, match="anew: found adapter without init"):
        train(settings("stage0", place, anew=("adapter",)), tmp_path / "none")


def test_recipes_of_one_stage_need_no_episodes(place: Path, options: FollowConfig, tmp_path: Path) -> None:
    """What the adapter had learned is gone; full fine-tuning begins at the language model's own weights."""
    out = {}
    for name in ("full_finetuning", "no_pretraining"):
        out[name] = follow(RECIPES[name], replace(options, out=tmp_path / name))
        assert [p.name for p in (tmp_path / name).iterdir()] == [out[name].name]
    assert out["full_finetuning"].name == "4-stage1" and out["no_pretraining"].name == "2-stage1"
    first, tuned = named(place / "zero", ("backbone",)), named(out["full_finetuning"], ("backbone",))
    moved = {n for n in first if not torch.equal(first[n], tuned[n])}
    assert moved and all(".text_model.layers." in n for n in moved)
    assert all(float((first[n] - tuned[n]).abs().max()) < 0.01 for n in moved)  # three small steps from there
    assert equal(named(place / "one", ("spatial",)), named(out["no_pretraining"], ("spatial",)))


def test_nothing_of_a_learned_backbone_is_left_without_pretraining(place: Path, options: FollowConfig) -> None:
    """Its stage begins at a backbone as random as a fresh model's."""
    ((config, _),) = plan(RECIPES["no_pretraining"], options)
    assert config.anew == ("backbone", *ANEW)
    blank, _ = checkpoint.load(place / "one", anew=config.anew, adapter="none")
    fresh = type(blank)(blank.config)
    kept = {n for n, p in fresh.named_parameters() if n.startswith("spatial")}
    for name, parameter in blank.named_parameters():
        if name not in kept:
            assert torch.equal(parameter, fresh.get_parameter(name)), name


def test_plans_that_do_not_fit_are_refused(options: FollowConfig) -> None:
    for change, problem in (
        ({"begin": "draft"}, "--end stage1 comes before --begin draft"),
        ({"end": "stage11"}, "did you mean 'stage1'"),
        ({"end": "stage2"}, "no episodes folder was given, expected --views and --episodes"),
        ({"views": ()}, "no views folder was given, expected --views with"),
        ({"begin": "", "init": ""}, "--anew adapter head_decoder goes with --init"),
    ):
        with pytest.raises((ValueError, KeyError), match=problem):
            plan(RECIPES["ours"], replace(options, **change))
    stages = plan(RECIPES["ours"], replace(options, end="draft", episodes=("somewhere",)))
    assert [c.anew for c, _ in stages] == [ANEW, ()]
