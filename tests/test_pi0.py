"""pi0 as a kind of model: it computes what transformers' own class computes, and walks the whole road."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sapave import cli
from sapave.base.seeds import rng
from sapave.base.types import EpisodeSpec
from sapave.bench.arms import Arm, play_arm
from sapave.model import checkpoint, hub
from sapave.model.config import GEOMETRY
from sapave.model.engine import Engine
from sapave.model.hub_card import card
from sapave.model.kind import config_of, kind_of, kinds
from sapave.model.kinds.pi0 import TINY, Pi0, Pi0Config
from sapave.model.vla import set_trainable
from sapave.train.loop import train
from sapave.train.presets import TrainConfig
from sapave.train.setup import prepare
from test_checkpoint import look, make_processor
from test_model import make_batch
from training_runs import make_place, settings


@pytest.fixture
def model() -> Pi0:
    """With weights large enough that everything is felt."""
    model = Pi0(TINY).eval()
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=chance))
    return model


def as_published(model: Pi0, batch: dict[str, torch.Tensor]) -> dict[str, Any]:
    """The inputs of transformers' own methods that mean the same as a batch of ours."""
    from sapave.model.backbone import square

    mask, count = batch["tokens_mask"], (TINY.image_size // TINY.vision_patch) ** 2
    place = model.core.config.vlm_config.image_token_id
    image = torch.full((len(mask), count), place)
    return {
        "state": batch["state"],
        "input_ids": torch.cat([image, batch["tokens"]], 1),
        "attention_mask": torch.cat([torch.ones_like(image), mask.long()], 1),
        "pixel_values": square(batch["rgb"], TINY.image_size)[:, None],
        "pixel_attention_mask": torch.ones(len(mask), 1, dtype=torch.bool),
    }


def test_it_samples_what_transformers_own_method_samples(model: Pi0) -> None:
    batch = make_batch()
    noise = np.stack([rng(seed, "start").standard_normal((16, 28), np.float32) for seed in (3, 4, 5)])
    with torch.no_grad():
        wanted = model.core.sample_actions(
            **as_published(model, batch), noise=torch.from_numpy(noise), num_steps=TINY.steps
        )
        head, other, memory, commit = model.act(batch, seeds=(3, 4, 5))
        again = model.act(batch, seeds=(3, 4, 5))
    assert memory is None and commit is None and head.shape == (3, 16, 2) and other.shape == (3, 16, 26)
    assert torch.allclose(torch.cat([head, other], -1), wanted, atol=1e-5)
    assert torch.equal(head, again[0]) and torch.equal(other, again[1])


def test_seen_once_it_may_be_denoised_from_several_starts(model: Pi0) -> None:
    """The prefix is left as it was: its cache is cropped after every step."""
    batch = make_batch()
    with torch.no_grad():
        seen = model.perceive(batch)
        first, other, first_again = (model.generate(seen, batch, seeds)[1] for seeds in ((1,) * 3, (2,) * 3, (1,) * 3))
        usual = model.generate(seen, batch)[1]
    assert seen.cache.get_seq_length() == seen.mask.shape[1]
    assert torch.equal(first, first_again) and not torch.equal(first, other)
    assert torch.equal(usual, model.generate(seen, batch, [TINY.seed] * 3)[1])


def test_its_loss_is_that_of_transformers_own_forward(model: Pi0, monkeypatch: pytest.MonkeyPatch) -> None:
    batch, drawn = make_batch(), []
    inner = model.core.forward

    def note(**inputs: Any) -> Any:
        drawn.append(inputs)
        return inner(**inputs)

    monkeypatch.setattr(model.core, "forward", note)
    with torch.no_grad():
        found = model.losses(batch, names=("head", "other"), generator=torch.Generator().manual_seed(0))
        given = {name: drawn[0][name] for name in ("noise", "timestep", "actions")}
        each = inner(**as_published(model, batch), **given).loss
    assert torch.equal(given["actions"], torch.cat([batch["head_chunk"], batch["other_chunk"]], -1))
    assert torch.allclose(found["head"], each[..., :2].mean(), rtol=1e-4)
    assert torch.allclose(found["other"], each[batch["has_other"]][..., 2:].mean(), rtol=1e-4)


def test_times_are_drawn_as_pi0_draws_them(model: Pi0, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beta(1.5, 1), scaled into 0.001..1; all chance comes from the generator."""
    times = []
    monkeypatch.setattr(model, "_expert", lambda seen, state, noise, time, clean: times.append(time) or Loss(clean))
    batch = {"state": torch.zeros(20000, 74), "head_chunk": torch.zeros(20000, 16, 2)}
    for seed in (0, 0, 1):
        model.losses(batch, "seen", names=("head",), generator=torch.Generator().manual_seed(seed))  # type: ignore[arg-type]
    assert torch.equal(times[0], times[1]) and not torch.equal(times[0], times[2])
    assert times[0].min() >= 0.001 and times[0].max() <= 1
    beta = torch.distributions.Beta(torch.tensor(1.5), torch.tensor(1.0))
    assert times[0].mean().item() == pytest.approx(0.999 * beta.mean.item() + 0.001, abs=0.01)
    assert times[0].var().item() == pytest.approx(beta.variance.item(), abs=0.005)


class Loss:
    def __init__(self, clean: torch.Tensor) -> None:
        self.loss = clean**2


def test_instructions_that_share_an_image_read_it_as_if_alone(model: Pi0) -> None:
    shared = make_batch(4, per_image=2)
    alone = {**shared, "rgb": shared["rgb"][shared["image_index"]]}
    del alone["image_index"]
    with torch.no_grad():
        for a, b in zip(model.act(shared)[:2], model.act(alone)[:2], strict=True):
            assert torch.allclose(a, b, atol=1e-6)


def test_it_reads_picture_words_and_state_and_nothing_else(model: Pi0) -> None:
    batch = make_batch()
    with torch.no_grad():
        acts = model.act(batch)[1]
        for name in ("depth", "intrinsics", "base_from_camera"):
            assert torch.equal(acts, model.act({**batch, name: batch[name] + 0.3})[1])
        for name, value in (
            ("rgb", 255 - batch["rgb"]),
            ("tokens", batch["tokens"].flip(1)),
            ("state", batch["state"] + 1),
        ):
            assert not torch.allclose(acts, model.act({**batch, name: value})[1], atol=1e-3), name
        mask, padded = batch["tokens_mask"], batch["tokens"].clone()
        padded[~mask] = 7
        assert torch.equal(acts, model.act({**batch, "tokens": padded})[1])
    assert model.config.hidden == GEOMETRY


def test_an_answer_is_scored_word_by_word(model: Pi0) -> None:
    """A word's score knows picture, instruction and the words before it, and no word after it."""
    batch = make_batch()
    later = {**batch, "answer": batch["answer"].clone()}
    later["answer"][:, 1] = 5
    with torch.no_grad():
        a, b = model.answer_logits(batch), model.answer_logits(later)
        longer = {**batch, "tokens": torch.nn.functional.pad(batch["tokens"], (0, 3))}
        longer["tokens_mask"] = torch.nn.functional.pad(batch["tokens_mask"], (0, 3))
        assert torch.allclose(model.answer_logits(longer), a, atol=1e-5)
    assert a.shape == (3, 3, TINY.vocab_size)
    assert torch.allclose(a[:, :2], b[:, :2], atol=1e-6) and not torch.allclose(a[:, 2], b[:, 2], atol=1e-3)


def test_a_small_batch_is_learned_by_all_its_weights() -> None:
    """Answers, the loss of either stream, and what it then does: nearer the clean chunks than their mean is."""
    model, batch = Pi0(replace(TINY, expert_width=96)), make_batch(4)
    batch["has_other"][:] = True
    for name in ("head_chunk", "other_chunk"):
        batch[name] = batch[name][:, :1].expand(-1, 16, -1).clone()
    learning = set_trainable(model, ("backbone", "head_decoder", "other_decoder"))
    assert len(learning) == len(list(model.parameters()))
    optimizer, curve = torch.optim.Adam(learning, 3e-3), []
    for step in range(150):
        losses = model.losses(batch, generator=torch.Generator().manual_seed(step))
        assert set(losses) == {"head", "other", "answer"}
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        if step == 0:
            assert all(p.grad is not None for p in learning)
        optimizer.step()
        curve.append({n: v.item() for n, v in losses.items()})
    for name in curve[0]:
        assert np.mean([c[name] for c in curve[-10:]]) < 0.5 * np.mean([c[name] for c in curve[:10]]), name
    for chunk, name in zip(model.act(batch)[:2], ("head_chunk", "other_chunk"), strict=True):
        clean = batch[name]
        assert ((chunk - clean) ** 2).mean() < 0.5 * ((clean.mean(0) - clean) ** 2).mean(), name


def test_in_bf16_its_losses_are_nearly_the_same(model: Pi0) -> None:
    batch, exact = make_batch(), model.losses(make_batch(), generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16):
        half = model.losses(batch, generator=torch.Generator().manual_seed(0))
    torch.stack(list(half.values())).sum().backward()
    assert all(torch.allclose(half[n], exact[n], rtol=0.05) and half[n].dtype == torch.float32 for n in exact)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_a_frozen_part_keeps_every_bit() -> None:
    model, batch = Pi0(TINY), make_batch(4)
    set_trainable(model, ("head_decoder",))
    model.losses(batch, model.perceive(batch), names=("head",), generator=torch.Generator().manual_seed(0))[
        "head"
    ].backward()
    assert all(p.grad is None for p in model.core.model.vlm.parameters())
    assert all(p.grad is not None for p in model.core.model.dit.parameters())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("pi0"))


def stage(place: Path, number: int, **changes: object) -> TrainConfig:
    """A stage of the recipe at test size."""
    from sapave.train.recipes.pi0 import RECIPE

    small = vars(settings("stage0", place))
    tiny = tuple(f"{n}={json.dumps(v)}" for n, v in vars(TINY).items() if v != getattr(Pi0Config(), n))
    common = {
        n: small[n] for n in ("views", "cache", "images", "per_image", "log_every", "warmup", "steps", "eval_images")
    }
    common |= {"episodes": (str(place / "episodes"),), "val_views": str(place / "val")}
    common |= {"override": (*tiny, 'kind="pi0"')} if number == 0 else {"init": str(place / "first")}
    return replace(RECIPE.stages[number], **{**common, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(place: Path) -> Path:
    """Both stages, three steps each, with evaluation on held-out views."""
    scores = train(stage(place, 0), place / "first")
    assert 0 <= scores["val/answer"] <= 1 and "val/head" not in scores
    scores = train(stage(place, 1), place / "second")
    assert 0 <= scores["val/head"] <= 1 and np.isfinite([scores["head"], scores["other"]]).all()
    return place / "second"


def test_a_checkpoint_names_its_kind_and_comes_back_bit_for_bit(trained: Path, tmp_path: Path) -> None:
    model, processor = hub.from_pretrained(trained)
    assert isinstance(model, Pi0) and not model.training and model.config == replace(TINY)
    assert checkpoint.load_config(trained)["model"]["kind"] == "pi0"
    hub.save_pretrained(tmp_path, model, processor)
    again, _ = hub.from_pretrained(tmp_path)
    batch = processor.observe([look(), look("look at the cup")])
    for a, b in zip(model.act(batch)[:2], again.act(batch)[:2], strict=True):
        assert torch.equal(a, b)
    assert "pi0's class" in card(trained) and "SaPaVe's kind" not in card(trained)
    assert checkpoint.load(trained, steps=2)[0].config.steps == 2


def test_a_run_that_was_killed_goes_on_to_the_same_weights(trained: Path, place: Path, tmp_path: Path) -> None:
    config = stage(place, 1, save_every=1)
    train(config, tmp_path / "whole")
    from sapave.train import loop

    ran = []
    real = loop.take

    def take(*arguments: Any) -> Any:
        ran.append(1)
        if len(ran) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "take", take)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "cut")
    train(config, tmp_path / "cut")
    whole, cut = (load_file(tmp_path / n / checkpoint.WEIGHTS) for n in ("whole", "cut"))
    assert all(torch.equal(whole[n], cut[n]) for n in whole)


def test_it_plays_an_episode_as_the_sapave_policy(trained: Path) -> None:
    arm = Arm(name="pi0", doc="", policy="sapave", checkpoint=str(trained))
    spec = EpisodeSpec(task="pick", condition="unoccluded", seed=3)
    one, two = (play_arm(arm, spec, execute=16) for _ in range(2))
    assert replace(one, wall_s=0.0, policy_s=0.0) == replace(two, wall_s=0.0, policy_s=0.0)
    assert one.outcome.steps > 100 and one.outcome.head_travel > 0


def test_a_wrong_kind_is_one_line(
    trained: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(kinds()) == {"pi0", "sapave"}
    with pytest.raises(KeyError, match="unknown kind of model 'pi00'; did you mean 'pi0'"):
        config_of({"kind": "pi00"})
    with pytest.raises(ValueError, match="unknown decoders; expected the fields of Pi0Config"):
        config_of({"kind": "pi0", "decoders": "unified"})
    with pytest.raises(ValueError, match="holds a model of kind 'pi0', found kind 'sapave' asked for"):
        checkpoint.load(trained, kind="sapave")
    with pytest.raises(ValueError, match="engine: found kind 'pi0' of model, expected 'sapave'"):
        Engine(checkpoint.load(trained)[0])
    checkpoint.save(tmp_path, Pi0(TINY), make_processor())
    path = tmp_path / checkpoint.CONFIG
    path.write_text(path.read_text().replace('"kind": "pi0"', '"kind": "octo"'))
    with pytest.raises(ValueError, match=r"config\.json: holds a model of kind 'octo', expected one of pi0, sapave"):
        checkpoint.load(tmp_path)
    quiet = logging.getLogger("sapave.test")
    frozen = stage(place, 1, trains=("head_decoder",), token_cache=True)
    with pytest.raises(ValueError, match="kind 'pi0' keeps no tokens on disk"):
        prepare(frozen, torch.device("cpu"), tmp_path / "run", quiet)
    with pytest.raises(KeyError, match="unknown loss of pi0 'pointer'"):
        Pi0(TINY).losses(make_batch(), names=("pointer",))
    words = [
        "train",
        "stage1",
        "--views",
        str(place / "views"),
        "--cache",
        str(place / "cache"),
        "--init",
        str(trained),
    ]
    assert cli.main([*words, "--out", str(tmp_path / "out"), "--steps", "2"]) == 2
    assert (
        "unknown part 'adapter'; did you mean 'head_decoder'? (there are: backbone, head_decoder, other_decoder)"
        in capsys.readouterr().err
    )


def test_our_own_checkpoints_name_no_kind(tmp_path: Path) -> None:
    ours = kinds()["sapave"]
    checkpoint.save(tmp_path, ours.model(ours.tiny), make_processor())
    stored = checkpoint.load_config(tmp_path)["model"]
    assert (
        "kind" not in stored and kind_of(config_of(stored)) is ours and config_of({"kind": "sapave"}) == ours.config()
    )
