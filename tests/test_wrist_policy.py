"""A policy that looks through the wrist cameras: model, engine, training, and its arms in a comparison."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sapave.base.types import HEAD_ONLY, WRISTS
from sapave.bench.arms import arms
from sapave.bench.evaluate import EvalConfig, evaluate
from sapave.data.collect import CollectConfig, collect
from sapave.model import checkpoint
from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.engine import Engine
from sapave.model.extra import Extra
from sapave.model.vla import Batch, Hybrid, SaPaVe
from sapave.policies.sapave import SaPaVePolicy, shipped
from sapave.train.loop import train
from test_checkpoint import look, make_processor
from test_engine import awake, close, inputs
from training_data import write_episodes
from training_runs import lines, make_place, settings, weights

SEEING = 'extra_cameras=["left_wrist","right_wrist"]'


def with_extra(rows: int = 3, **kept: torch.Tensor) -> Batch:
    pictures = torch.randint(0, 256, (rows, 2, 48, 64, 3), generator=torch.Generator().manual_seed(2)).byte()
    return {**inputs(rows), "extra": pictures, "has_extra": torch.ones(rows, 2, dtype=torch.bool), **kept}


def act(model: SaPaVe, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.no_grad():
        return model.generate(model.remember(model.perceive(batch), None, batch)[0], batch)


def test_the_wrists_move_arms_and_hands_alone_and_what_is_not_there_is_not_read() -> None:
    model, batch = awake(extra_cameras=WRISTS), with_extra()
    head, other = act(model, batch)
    turned = act(model, {**batch, "extra": batch["extra"].flip(2)})
    assert torch.equal(turned[0], head) and not torch.allclose(turned[1], other, atol=1e-3)
    swapped = act(model, {**batch, "extra": batch["extra"].flip(1)})
    assert not torch.allclose(swapped[1], other, atol=1e-4), "it is known which hand a picture is of"
    one = torch.tensor([[True, False]] * 3)
    assert torch.equal(
        act(model, {**batch, "has_extra": one})[1],
        act(model, {**batch, "has_extra": one, "extra": batch["extra"] * torch.tensor([1, 0])[:, None, None, None]})[1],
    )
    none = act(model, {**batch, "has_extra": ~one & one})
    assert close(none, act(model, inputs()))


def test_a_model_without_extra_cameras_has_no_part_for_them() -> None:
    plain, more = SaPaVe(TINY_TEST), SaPaVe(replace(TINY_TEST, extra_cameras=WRISTS))
    names = [{n for n, _ in model.named_parameters()} for model in (plain, more)]
    assert {n.split(".")[2] for n in names[1] - names[0]} == {"extra"} and names[0] < names[1]
    assert plain.perceive(with_extra()).extra is None
    with pytest.raises(ValueError, match="expected a list"):
        VLAConfig(extra_cameras="left_wrist")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="different names"):
        VLAConfig(extra_cameras=("head",))


@pytest.mark.parametrize("decoders", ["independent", "shared", "unified"])
def test_the_engine_gives_the_same(decoders: str) -> None:
    model, batch = awake(decoders=decoders, extra_cameras=WRISTS), with_extra()
    assert close(Engine(model)(batch), act(model, batch))
    assert close(Engine(model)(inputs()), act(model, inputs()))


def test_a_checkpoint_brings_its_cameras_and_observations_must_have_them(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "plain", SaPaVe(TINY_TEST), make_processor())
    assert checkpoint.load(tmp_path / "plain")[1].cameras == ()
    model, processor = checkpoint.load(tmp_path / "plain", extra_cameras=WRISTS)
    checkpoint.save(tmp_path / "seeing", model, processor)
    model, processor = checkpoint.load(tmp_path / "seeing")
    policy = SaPaVePolicy(checkpoint=tmp_path / "seeing")
    assert processor.cameras == model.config.extra_cameras == WRISTS and policy.cameras == ("head", *WRISTS)
    seen = look()
    pictures = {name: np.full((24, 32, 3), i, np.uint8) for i, name in enumerate(WRISTS)}
    with pytest.raises(ValueError, match="no camera 'left_wrist' \\(there are: head\\)"):
        policy.act(seen)
    whole = replace(seen, rgb={**seen.rgb, **pictures})
    batch = processor.observe([whole, whole])
    assert batch["extra"].shape == (2, 2, 24, 32, 3) and batch["extra"][1, 1].unique().tolist() == [1]
    assert policy.act(whole).other.shape == (16, 26)
    odd = replace(seen, rgb={**seen.rgb, **pictures, "left_wrist": np.zeros((8, 8, 3), np.uint8)})
    with pytest.raises(ValueError, match="expected one shape"):
        processor.observe(odd)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = make_place(tmp_path_factory.mktemp("wrist_runs"))
    write_episodes(place / "seeing", 2, 8, cameras=WRISTS)
    train(settings("stage0", place, steps=2), place / "zero")
    return place


def test_stage_2_learns_from_the_wrists_with_and_without_cached_tokens(place: Path, tmp_path: Path) -> None:
    losses = []
    for cached in (True, False):
        folder = tmp_path / f"cached-{cached}"
        config = settings("stage2", place, override=(SEEING,), steps=2, token_cache=cached, lr=1e-2, warmup=1)
        train(replace(config, episodes=(str(place / "seeing"),)), folder)
        before, after = checkpoint.load(place / "zero", extra_cameras=WRISTS)[0], weights(folder)
        fresh = {n: p for n, p in before.named_parameters() if ".extra." in n}
        assert fresh and all(not torch.equal(p, after[n]) for n, p in fresh.items()), "all parts of it have learned"
        losses.append(lines(folder)[0]["other"])
    assert all(np.isfinite(losses))
    with pytest.raises(ValueError, match=r"episodes: recorded without left_wrist, right_wrist.*collect --wrists"):
        train(settings("stage2", place, override=(SEEING,)), tmp_path / "refused")


def test_cached_wrist_tokens_are_the_live_ones(place: Path) -> None:
    from sapave.data.windows import gather, open_sources
    from sapave.train.batches import tensors
    from sapave.train.cache import build
    from sapave.train.cached import alike, hybrid_of, onlooker, perceiver

    model, processor = checkpoint.load(place / "zero", extra_cameras=WRISTS)
    cache, rows = place / "cache", np.arange(5)
    perceive = perceiver(model, processor, torch.device("cpu"))
    episodes, views = (open_sources([str(place / name)], cache)[0] for name in ("seeing", "views"))
    seen = build(episodes, rows, cache, "k", perceive)
    more = build(episodes, rows, cache, "k and wrists", onlooker(model, torch.device("cpu")), WRISTS)
    seen = replace(seen, arrays={**seen.arrays, **more.arrays})
    found = alike([build(views, rows, cache, "k", perceive), seen])
    blank, stored = (c.take(rows) for c in found)
    assert not blank["extra_mask"].any() and blank["extra"].shape == stored["extra"].shape
    with torch.no_grad():
        live = model.perceive(tensors(gather(episodes.pack, rows, cameras=WRISTS), processor, wanted=set()))
    values = {f"hybrid_{name}": torch.from_numpy(stored[name]) for name in ("tokens", "mask", "pointer", "extra")}
    values |= {"hybrid_looked": torch.zeros(5, 10), "hybrid_extra_mask": torch.from_numpy(stored["extra_mask"])}
    hybrid = hybrid_of(values)
    assert isinstance(hybrid, Hybrid) and isinstance(hybrid.extra, Extra) and isinstance(live.extra, Extra)
    assert torch.allclose(hybrid.extra.tokens, live.extra.tokens, atol=2e-3) and hybrid.extra.mask.all()
    assert hybrid.extra.tokens.shape == (5, 32, model.backbone.width)


def test_arms_with_wrists_need_weights_that_look_through_them() -> None:
    with pytest.raises(ValueError, match="arm 'fixed_wrist': .*no weights are shipped.*--fixed-wrist-checkpoint"):
        arms(("fixed_wrist",), wrist=shipped("active"), suite="kitchens")
    with pytest.raises(ValueError, match="looks through the head camera alone"):
        arms(("active_wrist",), wrist=shipped("active"))


def test_the_whole_road_with_wrists(place: Path, tmp_path: Path) -> None:
    """Collect, draft, stage 2, and both arms beside each other in one comparison."""
    episodes = collect(
        CollectConfig(out=tmp_path / "episodes", count=2, tasks=("pick",), mix=(1, 0, 0), workers=0, wrists=True)
    )
    common = {"episodes": (str(episodes),), "cache": str(tmp_path / "cache")}
    train(settings("draft", place, **common), tmp_path / "draft")
    config = settings("stage2", place, **common, override=(SEEING,), init=str(tmp_path / "draft"))
    train(config, tmp_path / "stage2")
    chosen = arms(("active_wrist", "fixed_wrist"), wrist=tmp_path / "stage2", fixed_wrist=tmp_path / "stage2")
    assert [(a.name, a.camera) for a in chosen] == [("active_wrist", "active"), ("fixed_wrist", "fixed")]
    results = evaluate(
        EvalConfig(
            out=tmp_path / "eval",
            arms=("active_wrist", "fixed_wrist"),
            wrist_checkpoint=tmp_path / "stage2",
            fixed_wrist_checkpoint=tmp_path / "stage2",
            tasks=("pick",),
            conditions=("unoccluded",),
            per_cell=1,
            workers=0,
            films=0,
            looking=1,
        )
    )
    assert set(results["arms"]) == {"active_wrist", "fixed_wrist"}
    rows = [json.loads(line) for line in (tmp_path / "eval" / "episodes.jsonl").read_text().splitlines()]
    assert [row["arm"] for row in rows] == ["active_wrist", "fixed_wrist"] and rows[0]["policy_s"] > 0
    assert rows[1]["outcome"]["head_travel"] < 1e-3
    page = (tmp_path / "eval" / "report.html").read_text()
    assert "not trained" not in page
    assert SaPaVePolicy(checkpoint=shipped("active")).cameras == HEAD_ONLY
