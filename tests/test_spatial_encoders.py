"""Every spatial encoder on the shelf takes any subset of geometry under every injection: absent is unread, given is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from mapanything_fake import install
from sapave.base.shelf import shelf
from sapave.model import checkpoint
from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.inputs import Processor
from sapave.model.pointer import gaze_at
from sapave.model.vla import SaPaVe
from sapave.sim.robots.g1 import ROBOT
from sapave.train.loop import train
from sapave.train.optim import freeze_but
from sapave.train.setup import choices
from test_model import make_batch
from training_runs import make_place, settings

INJECTIONS = ("add", "gated", "cross", "none")
PARTS = ("depth", "intrinsics", "base_from_camera")
ENCODERS = shelf("sapave.model.spatial_encoders", "SPATIAL_ENCODER")


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    return install(monkeypatch, tmp_path / "mapanything")


def changed(part: str, value: torch.Tensor) -> torch.Tensor:
    """Another depth, lens or pose."""
    if part == "depth":
        return value + 0.2
    value = value.clone()
    value[:, 0, 0 if part == "intrinsics" else 3] += 0.3 * value[:, 0, 0].abs().clamp(min=1.0)
    return value


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("injection", INJECTIONS)
def test_every_subset_of_geometry_walks_the_road(encoder: str, injection: str, weights: str) -> None:
    model = SaPaVe(replace(TINY_TEST, spatial=encoder, injection=injection, spatial_weights=weights)).eval()
    injects = injection != "none" and model.spatial.width > 0
    assert model.spatial.width > 0 or encoder == "none"
    for has in product((False, True), repeat=3):
        batch = {**make_batch(), "has": torch.tensor(has).expand(3, 3)}
        with torch.no_grad():
            space, hybrid = model.spatial(batch), model.perceive(batch)
            head, other = model.generate(hybrid, batch)
            assert all(torch.isfinite(x).all() for x in (hybrid.tokens, hybrid.pointer, head, other))
            for part, given in zip(PARTS, has, strict=True):
                other_batch = {**batch, part: changed(part, batch[part])}
                tokens, now = model.perceive(other_batch).tokens, model.spatial(other_batch)
                assert torch.equal(tokens, hybrid.tokens) == (not given or not injects), (has, part)
                same = torch.equal(now.tokens, space.tokens) and torch.equal(now.predicted, space.predicted)
                assert same == (not given), (has, part)


@pytest.mark.parametrize("encoder", ENCODERS)
@torch.no_grad()
def test_images_with_different_parts_share_a_batch(encoder: str, weights: str) -> None:
    model = SaPaVe(replace(TINY_TEST, spatial=encoder, spatial_weights=weights)).eval()
    batch = {**make_batch(), "has": torch.tensor([[True, True, True], [False, True, False], [True, False, True]])}
    together = model.spatial(batch)
    for i in range(3):
        alone = model.spatial({n: v[i : i + 1] for n, v in batch.items()})
        assert torch.allclose(together.tokens[i], alone.tokens[0], atol=1e-5)
        assert torch.allclose(together.points[i], alone.points[0], atol=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("injection", INJECTIONS)
def test_what_it_learns_is_saved_and_acts_the_same(encoder: str, injection: str, weights: str, tmp_path: Path) -> None:
    config = replace(TINY_TEST, spatial=encoder, injection=injection, spatial_weights=weights)
    model, batch = SaPaVe(config), make_batch()
    assert set(freeze_but(model, ("adapter", "head_decoder")))
    losses = model.losses(batch, names=("head",), generator=torch.Generator().manual_seed(0))
    losses["head"].backward()
    for name, parameter in model.injection.named_parameters():
        assert parameter.grad is not None and torch.isfinite(parameter.grad).all(), name
    if encoder == "geometric":
        freeze_but(model, ("spatial",))
    else:
        with pytest.raises(ValueError, match=f"no weights to learn there .spatial encoder '{encoder}'.; leave this"):
            freeze_but(model, ("spatial",))
    checkpoint.save(tmp_path / "saved", model, Processor.fresh(config, ["look"], ROBOT.chains))
    again, _ = checkpoint.load(tmp_path / "saved")
    with torch.no_grad():
        actions = [m.generate(m.perceive(batch), batch) for m in (model.eval(), again)]
    assert all(torch.equal(a, b) for a, b in zip(*actions, strict=True))


def test_another_encoder_may_stand_on_the_same_backbone(weights: str, tmp_path: Path) -> None:
    model = SaPaVe(TINY_TEST)
    checkpoint.save(tmp_path / "saved", model, Processor.fresh(TINY_TEST, ["look"], ROBOT.chains))
    for encoder in ENCODERS:
        other, _ = checkpoint.load(tmp_path / "saved", spatial=encoder, spatial_weights=weights)
        assert other.config.spatial == encoder
        assert torch.equal(other.pointer.hidden.weight, model.pointer.hidden.weight)


@torch.no_grad()
def test_without_an_encoder_points_lie_on_rays() -> None:
    """With lens and pose the gaze is that of the measured point but for parallax; nothing is called measured."""
    model = SaPaVe(replace(TINY_TEST, spatial="none")).eval()
    assert not list(model.spatial.parameters())
    batch = make_batch()
    whole = model.spatial(batch)
    assert whole.valid.any() and whole.tokens.shape == (3, 64, 0)
    blind = model.spatial({**batch, "has": torch.tensor([[False, True, True]]).expand(3, 3)})
    assert not blind.valid.any()
    eye = batch["base_from_camera"][0, :3, 3]
    along = [torch.nn.functional.normalize(s.points - eye, dim=-1) for s in (whole, blind)]
    assert torch.allclose(along[0], along[1], atol=1e-4)
    neck = torch.tensor(TINY_TEST.neck)
    gazes = [gaze_at(s.points - neck, TINY_TEST.eye_above) for s in (whole, blind)]
    assert (gazes[0] - gazes[1]).abs().max() < 0.5  # depths of 0.3 m and up, seen from 0.1 m beside the neck
    # nothing at all: a lens of 90 degrees on a head that looks straight ahead, 1 m away
    none = model.spatial({**batch, "has": torch.zeros(3, 3, dtype=torch.bool)})
    ahead = torch.tensor(VLAConfig.neck) + torch.tensor([1.0, 0.0, VLAConfig.eye_above])
    assert torch.allclose(none.points[:, 15:17, 15:17].mean((1, 2)), ahead.expand(3, 3), atol=1e-5)
    assert torch.equal(none.log_depth, torch.zeros(3, 32, 32))


@pytest.mark.parametrize("encoder", ["none", "mapanything"])
def test_training_goes_past_the_stage_that_has_nothing_to_learn(encoder: str, weights: str, tmp_path: Path) -> None:
    """The stage `spatial` says so in one line; stage 1 trains on, from the stage before it, and stage 2 from cached
    tokens that no other encoder's can be taken for."""
    place = make_place(tmp_path)
    train(settings("stage0", place, steps=1), place / "zero")
    change = (f"spatial={encoder}", f"spatial_weights={weights}")
    with pytest.raises(ValueError, match=rf"no weights to learn there .*'{encoder}'.*leave this stage out") as caught:
        train(settings("spatial", place, override=change), tmp_path / "spatial")
    assert "\n" not in str(caught.value)
    train(settings("stage1", place, override=change, steps=2), tmp_path / "stage1")
    stage2 = settings("stage2", place, init=str(tmp_path / "stage1"), steps=1)
    assert train(stage2, tmp_path / "stage2")["loss"] > 0
    model, _ = checkpoint.load(tmp_path / "stage2")
    assert model.config.spatial == encoder and choices(model.config) != choices(TINY_TEST) == []
