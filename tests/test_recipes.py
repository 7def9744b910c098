"""Recipes: every one trains all its stages, what it leaves out is out, and its policy acts."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sapave import cli
from sapave.base.geometry import intrinsics
from sapave.base.shelf import pick, shelf
from sapave.base.types import WRISTS, Geometry, Observation
from sapave.model import checkpoint
from sapave.model.adapter import plain_name
from sapave.model.config import GEOMETRY
from sapave.model.flow import chunk_loss, noisy
from sapave.model.kind import Kind, config_of, kind_of, kinds
from sapave.model.vla import SaPaVe
from sapave.train.follow import DONE, FollowConfig, follow, plan
from sapave.train.presets import PRESETS, TrainConfig
from sapave.train.setup import prepare
from test_model import make_batch
from training_data import POSE, write_episodes, write_views

RECIPES = shelf("sapave.train.recipes", "RECIPE")


def tiny(kind: Kind) -> tuple[str, ...]:
    """Options that make a model of this kind tiny."""
    usual = kind.config()
    return tuple(f"{n}={json.dumps(v)}" for n, v in vars(kind.tiny).items() if v != getattr(usual, n))


TINY = tiny(kinds()["sapave"])
SETTINGS = ("steps=2", "warmup=1", "images=8", "per_image=2")


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> FollowConfig:
    """Small data, and options that train on it in seconds."""
    place = tmp_path_factory.mktemp("recipes")
    write_views(place / "views", 6)
    write_episodes(place / "episodes", 2, 6, cameras=WRISTS)
    return FollowConfig(
        views=(str(place / "views"),),
        episodes=(str(place / "episodes"),),
        out=place / "out",
        cache=str(place / "cache"),
        override=TINY,
        settings=SETTINGS,
    )


@pytest.fixture(scope="session")
def made(road: FollowConfig) -> Callable[[str], list[tuple[TrainConfig, Path]]]:
    """The stages of a recipe with their folders, trained at the first call."""
    done: dict[str, list[tuple[TrainConfig, Path]]] = {}

    def make(name: str) -> list[tuple[TrainConfig, Path]]:
        if name not in done:
            kind = kind_of(config_of(RECIPES[name].changes))
            options = replace(road, out=road.out / name, override=tiny(kind))
            follow(RECIPES[name], options)
            done[name] = plan(RECIPES[name], options)
        return done[name]

    return make


def loaded(stages: list[tuple[TrainConfig, Path]], stage: str = "") -> SaPaVe:
    """The model after a stage (the last one)."""
    return checkpoint.load({c.stage: f for c, f in stages}[stage or stages[-1][0].stage])[0]


def weights(model: SaPaVe, word: str = "") -> dict[str, torch.Tensor]:
    return {n: p.detach() for n, p in model.named_parameters() if word in n}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


def act_twice(model: SaPaVe, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Actions of two looks, the second with the first in memory and nothing in sight."""
    with torch.no_grad():
        hybrid, memory = model.remember(model.perceive(batch), None, batch)
        first = model.generate(hybrid, batch)
        blind = model.perceive(batch)
        gone = blind.pointer.clone()
        gone[..., -1] = 0.0
        return *first, *model.generate(model.remember(replace(blind, pointer=gone), memory, batch)[0], batch)


def moved(batch: dict[str, torch.Tensor], part: str) -> dict[str, torch.Tensor]:
    """The batch with another depth, lens or pose."""
    key = {"pose": "base_from_camera"}.get(part, part)
    value = batch[key].clone()
    if part == "depth":
        value += 0.3
    elif part == "intrinsics":
        value[:, 0, 0] *= 1.4
    else:
        turn = torch.tensor([[0.8, -0.6, 0, 0.1], [0.6, 0.8, 0, 0], [0, 0, 1, 0.2], [0, 0, 0, 1]])
        value = turn @ value
    return {**batch, key: value}


@pytest.mark.parametrize("name", RECIPES)
def test_every_stage_trains_its_parts_and_nothing_else(name: str, made: Callable) -> None:
    """All weights are finite, every part a stage trains has moved, all others keep every bit, and every checkpoint
    has the recipe's own config."""
    stages, before = made(name), {}
    assert [c.stage for c, _ in stages] == [s.stage for s in RECIPES[name].stages]
    model = loaded(stages)
    ids = {id(p): n for n, p in model.named_parameters()}
    parts = {part: {ids[id(p)] for m in ms for p in m.parameters()} for part, ms in model.parts().items()}
    for config, folder in stages:
        content = checkpoint.load_config(folder)
        assert content["notes"]["stage"] == config.stage
        for field, value in RECIPES[name].changes.items():
            assert getattr(config_of(content["model"]), field) == value
        after = load_file(folder / checkpoint.WEIGHTS)
        assert after.keys() == set(ids.values()) and all(torch.isfinite(p).all() for p in after.values())
        changed = {n for n in before if not torch.equal(before[n], after[n])}
        if before:
            assert changed <= set().union(*(parts[part] for part in config.trains))
            for part in config.trains:
                assert changed & parts[part] or not parts[part], (config.stage, part)
        assert config.steps == 2 and sum(1 for _ in open(folder / "train" / "metrics.jsonl")) == 1
        before = after


@pytest.mark.parametrize("name", ["no_depth", "no_intrinsics", "no_pose", "no_geometry"])
def test_what_is_hidden_reaches_no_action_by_one_bit(name: str, made: Callable) -> None:
    model, batch = loaded(made(name)), make_batch()
    assert model.config.hidden
    for part in GEOMETRY:
        acts = zip(act_twice(model, batch), act_twice(model, moved(batch, part)), strict=True)
        assert all(torch.equal(a, b) for a, b in acts) == (part in model.config.hidden), part
    shown = []
    model.spatial.encoder.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[-1]))
    assert model.losses(batch, names=("points",), generator=torch.Generator().manual_seed(0))["points"] > 0
    assert [not h[:, i].any() for h in shown for i in range(3)] == [p in model.config.hidden for p in GEOMETRY]


@pytest.mark.parametrize("name", ["ours", "no_intrinsics"])
def test_pictures_are_magnified_only_for_a_model_that_knows_the_lens(name: str, made: Callable, tmp_path: Path) -> None:
    config, folder = {c.stage: (c, f) for c, f in made(name)}["stage1"]
    pictures = []
    for zoom in (1.0, 2.0):
        changed = replace(config, zoom=zoom, init=str(folder), override=())
        job = prepare(changed, torch.device("cpu"), tmp_path / str(zoom), logging.getLogger("sapave.test"))
        pictures.append(job.batch(0)["rgb"])
    assert torch.equal(*pictures) == (name == "no_intrinsics")


@pytest.mark.parametrize("part", GEOMETRY)
def test_our_own_actions_read_all_geometry(part: str, made: Callable) -> None:
    """The control of the test above: the same change of the same part changes what `ours` does."""
    model, batch = loaded(made("ours")), make_batch()
    acts = zip(act_twice(model, batch), act_twice(model, moved(batch, part)), strict=True)
    assert not all(torch.equal(a, b) for a, b in acts)


def test_regression_trains_exactly_what_it_executes(made: Callable) -> None:
    model, batch = loaded(made("regression")), make_batch()
    config, clean = model.config, {"head": batch["head_chunk"]}
    paths, time = noisy(clean, config, torch.Generator().manual_seed(3))
    assert paths["head"].shape == (3, 1, 16, 2) and not paths["head"].any() and not time.any()
    with torch.no_grad():
        losses = model.losses(batch, names=("head", "other"), generator=torch.Generator().manual_seed(3))
        head, other = model.generate(model.perceive(batch), batch)
    for stream, chunk, weight in (("head", head, None), ("other", other, batch["has_other"])):
        wanted = chunk_loss(chunk[:, None], batch[f"{stream}_chunk"], config, weight)
        assert torch.allclose(losses[stream], wanted, rtol=1e-5), stream
    one, two = (torch.Generator().manual_seed(3) for _ in range(2))
    noisy(clean, config, one)
    noisy(clean, replace(config, time="early"), two)
    assert torch.equal(one.get_state(), two.get_state())  # the same chance is drawn, whatever the times


def test_no_spatial_injects_nothing_but_the_pointer_keeps_its_geometry(made: Callable) -> None:
    model, batch = loaded(made("no_spatial")), make_batch()
    with torch.no_grad():
        model.pointer.presence.bias.fill_(9.0)  # where it sees nothing, the pointer reads nothing
        a, b = model.perceive(batch), model.perceive(moved(batch, "depth"))
    assert torch.equal(a.tokens, b.tokens) and not torch.equal(a.pointer, b.pointer)


def test_without_stage_1_the_adapter_adds_nothing(made: Callable) -> None:
    model = loaded(made("no_stage1"))
    added = weights(model, "lora_B")
    assert added and not any(w.any() for w in added.values())
    assert any(w.any() for w in weights(loaded(made("ours")), "lora_B").values())


def test_without_stage_2_everything_learns_at_once(made: Callable) -> None:
    stages = made("no_stage2")
    config, _ = stages[-1]
    before, after = loaded(stages, "spatial"), loaded(stages)
    for word in ("lora_", "decoders.0.", "decoders.1.tails", "decoders.1.draft"):
        assert not same(weights(before, word), weights(after, word)), word
    assert {c.stage for c, _ in stages}.isdisjoint({"stage1", "draft", "stage2"})
    assert not config.token_cache and not after.config.memory and not after.config.search
    assert dict(PRESETS["stage2"].losses).items() <= dict(config.losses).items()


def test_unified_full_finetuning_and_no_pretraining_are_what_they_say(made: Callable) -> None:
    assert [d.streams for d in loaded(made("unified")).denoisers()] == [{"all": 28}]
    full = made("full_finetuning")
    before, after = (weights(loaded(full, s), "language_model.layers") for s in ("spatial", "stage1"))
    assert not weights(loaded(full), "lora_") and not any(torch.equal(before[n], after[n]) for n in before)
    scratch = made("no_pretraining")
    assert not any(c.tasks for c, _ in scratch) and "backbone" in {c.stage: c for c, _ in scratch}["stage1"].trains
    _, processor = checkpoint.load(scratch[-1][1])
    for word in ("look", "pick"):  # of views and of episodes, although its first stage sees views alone
        assert f'"{word}":' in processor.tokenizer.to_text()


def test_gr00t_reads_picture_and_words_alone(made: Callable) -> None:
    model, batch = loaded(made("gr00t")), make_batch()
    (decoder,) = model.denoisers()
    assert (decoder.aim, decoder.draft, decoder.search) == (None, None, None) and not weights(model, "lora_")
    acts = act_twice(model, batch)
    for part in GEOMETRY:
        assert all(torch.equal(a, b) for a, b in zip(acts, act_twice(model, moved(batch, part)), strict=True)), part
    with torch.no_grad():
        hybrid = model.perceive(batch)
        odd = replace(hybrid, pointer=hybrid.pointer + 1, looked=None)
        assert all(torch.equal(a, b) for a, b in zip(acts, (*model.generate(odd, batch),), strict=False))
    for changed in ({"rgb": 255 - batch["rgb"]}, {"tokens": batch["tokens"].flip(0)}):
        assert not torch.equal(acts[1], act_twice(model, {**batch, **changed})[1])
    first, second = made("gr00t")
    assert [n for n, _ in first[0].losses] == ["answer"]
    assert same(weights(loaded(made("gr00t"), "stage0"), "backbone."), weights(model, "backbone."))
    assert set(second[0].trains) == {"head_decoder", "other_decoder"}


def test_at_full_size_the_rivals_decoders_have_as_many_weights_as_ours() -> None:
    sizes = {}
    for name in ("ours", "gr00t", "pi0"):
        config = config_of(RECIPES[name].changes)
        parts = kind_of(config).model(config).parts()
        decoders = {
            id(p): p.numel() for n in ("head_decoder", "other_decoder") for m in parts[n] for p in m.parameters()
        }
        sizes[name] = sum(decoders.values())
    assert sizes["gr00t"] == pytest.approx(sizes["ours"], rel=0.02)
    assert sizes["pi0"] == pytest.approx(sizes["ours"], rel=0.02)


@pytest.mark.parametrize("name", ["gr00t", "pi0"])
def test_rivals_see_as_many_rows_as_each_other(name: str) -> None:
    first, second = RECIPES[name].stages
    assert (first.steps, second.steps, first.images, first.per_image) == (25000, 40000, 16, 4)
    per_image = 1 if second.token_cache else second.per_image  # cached tokens are drawn row by row
    views = round(second.images * second.views_share)
    assert (views * per_image, second.images - views) == (24, 48)


@pytest.mark.parametrize("name", ["gr00t", "pi0", "regression", "no_geometry"])
def test_a_trained_recipe_acts_as_the_sapave_policy(name: str, made: Callable) -> None:
    policy = pick("sapave.policies", "POLICY", "sapave").make(checkpoint=made(name)[-1][1])
    chance = np.random.default_rng(0)
    seen = Geometry(depth=np.full((128, 176), 1.5), intrinsics=intrinsics(176, 128, 1.13), base_from_camera=POSE)
    observation = Observation(
        rgb={"head": chance.integers(0, 256, (128, 176, 3), dtype=np.uint8)},
        geometry={"head": seen},
        head=np.zeros(2),
        head_target=np.zeros(2),
        other=np.zeros(26),
        other_target=np.zeros(26),
        instruction="pick the red cup",
        time=0.0,
    )
    chunks = []
    for _ in range(2):
        policy.reset(0)
        chunks.append(policy.act(observation))
    for stream, size in (("head", 2), ("other", 26)):
        a, b = (getattr(c, stream) for c in chunks)
        assert a.shape == (16, size) and np.isfinite(a).all() and a.any() and np.array_equal(a, b)


def test_a_recipe_that_was_cut_short_goes_on_where_it_stopped(
    made: Callable, road: FollowConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sapave.train import loop

    recipe, options, real, ran = RECIPES["gr00t"], replace(road, out=tmp_path), loop.train, []

    def train(config: TrainConfig, out: Path) -> dict:
        ran.append(config.stage)
        if ran == ["stage0", "stage2"]:
            raise KeyboardInterrupt
        return real(config, out)

    monkeypatch.setattr(loop, "train", train)
    with pytest.raises(KeyboardInterrupt):
        follow(recipe, options)
    out = follow(recipe, options)
    assert ran == ["stage0", "stage2", "stage2"] and out == tmp_path / "2-stage2"
    assert same(weights(checkpoint.load(out)[0]), weights(loaded(made("gr00t"))))
    assert follow(recipe, options) == out and len(ran) == 3
    with pytest.raises(ValueError, match="1-stage0: has a run with other settings .*lr: 0.001 -> 0.5"):
        follow(recipe, replace(options, settings=(*SETTINGS, "stage0.lr=0.5")))
    done = tmp_path / "2-stage2" / "train" / DONE
    done.write_text(done.read_text().replace(json.loads(done.read_text())["from"], "another"))
    with pytest.raises(ValueError, match="2-stage2: finished, but from other weights"):
        follow(recipe, options)


def test_a_recipe_may_begin_at_the_checkpoint_of_another(made: Callable, road: FollowConfig, tmp_path: Path) -> None:
    """Stage 0 is paid for once: what the ablation changes is set where it begins."""
    ours = made("ours")
    begin = str({c.stage: f for c, f in ours}["draft"])
    out = follow(RECIPES["no_geometry"], replace(road, out=tmp_path, begin="stage2", init=begin, override=()))
    assert out == tmp_path / "6-stage2" and [p.name for p in tmp_path.iterdir()] == ["6-stage2"]
    model, _ = checkpoint.load(out)
    assert (model.config.hidden, model.config.injection) == (GEOMETRY, "none")
    assert same(weights(model, "backbone."), weights(loaded(ours), "backbone."))


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"ours", "no_pretraining", "gr00t", "pi0"}))
def test_recipes_share_the_first_stages_with_ours_bit_for_bit(name: str, made: Callable) -> None:
    """So they may begin at our checkpoint, as docs/ablations.md says."""
    stage = "stage0b" if name in ("no_depth", "no_intrinsics", "no_pose", "no_geometry") else "spatial"
    parts = []
    for recipe in ("ours", name):
        stored = load_file({c.stage: f for c, f in made(recipe)}[stage] / checkpoint.WEIGHTS)
        kept = ("backbone.", "pointer.", "spatial.")
        parts.append({plain_name(n): w for n, w in stored.items() if n.startswith(kept) and "lora_" not in n})
    assert parts[0] and same(*parts)


def test_plans_follow_their_options(road: FollowConfig) -> None:
    recipe, few = RECIPES["ours"], replace(road, settings=("stage1.lr=0.25", "workers=3"), scale=0.01)
    configs = {c.stage: c for c, _ in plan(recipe, few)}
    assert configs["stage0"].steps == 200 and configs["spatial"].steps == 30
    assert configs["stage1"].lr == 0.25 and configs["stage2"].lr == PRESETS["stage2"].lr
    assert {c.workers for c in configs.values()} == {3}
    assert configs["stage0"].override[: len(TINY)] == TINY and configs["stage1"].override == ()
    assert configs["draft"].views == () and configs["stage1"].episodes == () and configs["stage0"].episodes
    for change, problem in (
        ({"views": ()}, "no views folder"),
        ({"episodes": ()}, "no episodes folder"),
        ({"scale": 0.0}, "above 0"),
        ({"init": "somewhere"}, "go together"),
        ({"begin": "stage_1", "init": "x"}, "did you mean 'stage1'"),
        ({"settings": ("stage9.lr=1",)}, "unknown stage of this recipe 'stage9'"),
        ({"settings": ("lrr=1",)}, "did you mean 'lr'"),
        ({"settings": ("trains=[]",)}, "unknown training setting 'trains'"),
        ({"settings": ("steps=many",)}, "found 'many', expected something like 20000"),
    ):
        with pytest.raises((ValueError, KeyError), match=problem):
            plan(recipe, replace(road, **change))


def test_the_command_runs_a_recipe(road: FollowConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "recipe", "gr00t", "--views", *road.views, "--episodes", *road.episodes, "--cache", road.cache]
    assert cli.main([*words, "--out", str(tmp_path), "--override", *TINY, "--settings", *SETTINGS]) == 0
    assert f"gr00t: {tmp_path / '2-stage2'}" in capsys.readouterr().out
    assert checkpoint.load(tmp_path / "2-stage2")[0].config.decoders == "unified"
    assert cli.main(["train", "recipe", "no_stage3", *words[3:]]) == 2
    assert "did you mean 'no_stage" in capsys.readouterr().err
    assert cli.main(["train", "recipe", "gr00t"]) == 2
    assert "no views folder was given" in capsys.readouterr().err
