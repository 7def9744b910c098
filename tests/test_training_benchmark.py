"""benchmarks/training.py on small data: what it compares gives the same output, and what it counts is right."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from sapave.model.adapter import insert_adapter
from sapave.model.backbone import Backbone
from sapave.model.backbones.smolvlm import small_settings
from sapave.model.config import TINY_TEST
from sapave.train.presets import parse_override, preset
from training_data import write_episodes, write_views

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
import training
import training_cost


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    write_episodes(folder / "episodes", 2, 8)
    write_views(folder / "views", 6)
    return folder


def test_turns_alternate_and_warm_up() -> None:
    calls: list[tuple[str, int]] = []
    clock = iter(range(100))
    works = {"a": lambda n: calls.append(("a", n)), "b": lambda n: calls.append(("b", n))}
    times = training.turns(works, 2, lambda: next(clock))
    assert calls == [(name, n) for n in range(3) for name in "ab"]
    assert all(np.array_equal(t, [1, 1]) for t in times.values())
    assert training.spread(np.array([0.1, 0.2, 0.3]), 4, "rows") == pytest.approx(
        {"median_ms": 200, "p95_ms": 290, "rows_per_s": 20}
    )


@pytest.mark.parametrize("keep_open", [True, False])
def test_sought_frames_are_the_packed_ones(place: Path, keep_open: bool) -> None:
    from sapave.data.episode_reader import EpisodeReader
    from sapave.data.pack import open_pack

    pack = open_pack(place / "episodes", place / "cache")
    seeking = training.Seeking(EpisodeReader(place / "episodes"), keep_open)
    order = np.random.default_rng(0).permutation(len(seeking))
    assert np.array_equal(seeking[order], pack.arrays["rgb"][order])


def test_the_loader_is_compared_on_equal_output(place: Path) -> None:
    found = training.loader(place / "episodes", place / "cache", 2)
    assert found["images"] == found["frames"] == 16
    for kind in ("pictures", "batches"):
        assert found[kind]["pyav_kept_open"]["ours_is_faster_by"] > 1
    with pytest.raises(AssertionError, match="same output"):
        training.same({"a": np.zeros(2)}, {"a": np.ones(2)})


def test_stage_2_has_the_same_rows_both_ways(place: Path, tmp_path: Path) -> None:
    config = replace(
        preset("stage2"),
        episodes=(str(place / "episodes"),),
        views=(str(place / "views"),),
        cache=str(tmp_path / "cache"),
        override=training.changes(TINY_TEST),
        images=8,
        device="cpu",
    )
    found = training.stage2(config, tmp_path / "run", 2)
    assert found["rows"] == 8 and found["cached_is_faster_by"] > 0


def test_rows_for_a_gpu_say_that_there_is_none(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(training, "FULL", TINY_TEST)
    data = {"episodes": (str(place / "episodes"),), "views": (str(place / "views"),), "cache": str(tmp_path)}
    first = training.stage1_full(data, tmp_path / "one", 2)
    second = training.stage2_full(data, tmp_path / "two", 2)
    assert all("no GPU" in row["measured"] and "--only stage" in row["measured"] for row in (first, second))
    json.dumps([first, second])


def test_full_size_is_an_override_that_stage_1_can_train_with(place: Path, tmp_path: Path) -> None:
    """The road of the GPU's row, walked here with the full config's fields at small sizes."""
    assert set(parse_override(training.changes(training.FULL))) == {"image_size", "vocab_size", "backbone_settings"}
    small = replace(TINY_TEST, backbone_settings=small_settings(TINY_TEST))
    config = replace(
        preset("stage1"), views=(str(place / "views"),), cache=str(tmp_path), override=training.changes(small), images=2
    )
    batch = training.ready(config, tmp_path / "run")(0)
    assert len(batch["state"]) == 2 * config.per_image


def test_what_is_counted_on_shapes_is_what_is_computed() -> None:
    """The same pass on real tensors counts the same FLOPs."""
    cost = training_cost.counted(TINY_TEST, 3, 5)
    torch.manual_seed(0)
    backbone = Backbone(TINY_TEST)
    insert_adapter(backbone, TINY_TEST)
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_("lora_" in name)
    rgb = torch.zeros(3, 64, 64, 3, dtype=torch.uint8)
    # the counter does not know the CPU's fused attention
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        image = backbone.encode_image(rgb)
        seen = counter.get_total_flops()
        tokens = torch.zeros(5, TINY_TEST.max_tokens, dtype=torch.long)
        reading = backbone(image[[0, 0, 1, 1, 2]], tokens, torch.ones_like(tokens, dtype=torch.bool))
        (reading.words.sum() + reading.image.sum()).backward()
    patches = 3 * 2 * 64 * (3 * 8 * 8) * TINY_TEST.vision_width  # their convolution is not counted on shapes
    assert 1e12 * cost["tflop"]["vision"] == pytest.approx(seen - patches)
    assert 1e12 * cost["tflop"]["language"] == pytest.approx(counter.get_total_flops() - seen)
    assert cost["trainable"] == sum(p.numel() for p in backbone.parameters() if p.requires_grad)
    assert cost["gb"]["activations"] > 0
