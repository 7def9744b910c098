"""MapAnything as spatial encoder: against a fake of its package, and against the package itself where it is there."""

from __future__ import annotations

import sys
from copy import deepcopy
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

import mapanything_fake
from sapave.model.config import TINY_TEST
from sapave.model.engine import Engine, EngineConfig
from sapave.model.spatial import measure
from sapave.model.vla import SaPaVe
from test_model import make_batch
from test_spatial_encoders import PARTS, changed

CONFIG = replace(TINY_TEST, spatial="mapanything")


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SaPaVe:
    folder = mapanything_fake.install(monkeypatch, tmp_path / "weights")
    return SaPaVe(replace(CONFIG, spatial_weights=folder)).eval()


@torch.no_grad()
def test_its_points_are_where_lens_depth_and_pose_put_them(model: SaPaVe) -> None:
    """Pixels, metres and frames agree with our own measurement."""
    batch = make_batch()
    for side in ((224, 224), (112, 448)):
        batch["rgb"] = torch.zeros(3, *side, 3, dtype=torch.uint8)
        batch["depth"] = torch.ones(3, *side)
        batch["depth"][:, :, : side[1] // 2] = 0.7
        batch["intrinsics"] = torch.tensor([[150.0, 0, 101.0], [0, 140, 120], [0, 0, 1]]).expand(3, 3, 3)
        points, space = measure(batch)[2], model.spatial(batch)
        near = 0 if side == (224, 224) else 1.01 / 140  # where a pixel of ours is not one of its own
        assert (space.predicted - points).abs().max() <= near + 1e-5
        assert torch.allclose(space.log_depth.exp(), measure(batch)[0], atol=1e-5)


def test_it_is_frozen_shared_and_no_part_of_the_checkpoint(model: SaPaVe) -> None:
    core = model.spatial.encoder.shared.core
    assert not list(model.spatial.parameters()) and not core.training
    assert all(not p.requires_grad for p in core.parameters())
    assert deepcopy(model).spatial.encoder.shared.core is core
    model.train().requires_grad_(True)
    assert not core.training and all(not p.requires_grad for p in core.parameters())
    assert not core.info_sharing._forward_hooks
    model.perceive(make_batch())
    assert not core.info_sharing._forward_hooks


@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_the_engine_runs_it(model: SaPaVe, dtype: str) -> None:
    batch = make_batch()
    answer = Engine(model, EngineConfig(dtype=dtype))(batch)
    with torch.no_grad():
        head, _ = model.generate(model.perceive(batch), batch)
    assert torch.allclose(answer.head, head, atol=1e-4 if dtype == "fp32" else 0.2)


def test_what_is_missing_is_said_in_one_line(model: SaPaVe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"found no config.json; expected a snapshot of facebook/map-anything-apache"):
        SaPaVe(replace(CONFIG, spatial_weights=str(tmp_path / "empty")))
    sharing = mapanything_fake.FakeMapAnything
    monkeypatch.setattr(sharing, "from_pretrained", classmethod(lambda cls, *_, **__: _other_colours(cls)))
    with pytest.raises(ValueError, match=r"normalised as 'radio', expected one of dinov2, croco, dust3r"):
        SaPaVe(model.config)
    monkeypatch.setitem(sys.modules, "mapanything", None)
    monkeypatch.delitem(sys.modules, "mapanything.models")
    with pytest.raises(ValueError, match=r"its package is not installed .*docs/spatial_encoders.md") as caught:
        SaPaVe(model.config)
    assert "\n" not in str(caught.value)


def _other_colours(cls: type) -> mapanything_fake.FakeMapAnything:
    model = cls()
    model.encoder.data_norm_type = "radio"
    return model


@torch.no_grad()
def test_the_real_class_reads_what_is_given_and_nothing_else(tmp_path: Path) -> None:
    """A tiny real model with fresh weights: every subset, and poses that count. Skipped without the package."""
    pytest.importorskip("mapanything.models")
    folder = mapanything_fake.tiny_real(tmp_path / "weights")
    model = SaPaVe(replace(CONFIG, spatial_weights=folder)).eval()
    encoder = model.spatial.encoder
    assert (encoder.width, encoder.side, encoder.norm) == (64, 256, "croco")
    for has in product((False, True), repeat=3):
        batch = {**make_batch(), "has": torch.tensor(has).expand(3, 3)}
        space = model.spatial(batch)
        assert space.tokens.shape == (3, 64, 64) and torch.isfinite(space.predicted).all()
        for part, given in zip(PARTS, has, strict=True):
            now = model.spatial({**batch, part: changed(part, batch[part])})
            assert torch.equal(now.tokens, space.tokens) == (not given), (has, part)
    answer = Engine(model, EngineConfig(dtype="bf16"))(make_batch())
    assert torch.isfinite(answer.head).all()
