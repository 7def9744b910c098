"""What we make of a published backbone is what transformers makes of it: the same scores for the same sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from published import VOCABULARY, publish
from sapave.base.shelf import pick
from sapave.model.backbone import Backbone, square
from sapave.model.config import VLAConfig

PICTURE = VOCABULARY - 1
"""The image token's id in all of these configurations."""


class Case:
    """Two rows of words, picture and answer; the second row has fewer words."""

    def __init__(self, name: str, folder: Path, image_tokens: int = 64) -> None:
        core = pick("sapave.model.backbones", "BACKBONE", name).from_pretrained(folder)
        self.backbone = Backbone(VLAConfig(backbone=name), core).eval()
        self.theirs: Any = core.core
        size = core.image_size
        g = torch.Generator().manual_seed(0)
        self.rgb = torch.randint(0, 256, (2, size, size, 3), generator=g, dtype=torch.uint8)
        self.tokens = torch.randint(100, 300, (2, 5), generator=g)
        self.answer = torch.randint(100, 300, (2, 3), generator=g)
        self.mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
        pictures = torch.full((2, image_tokens), PICTURE)
        self.ids = torch.cat([self.tokens, pictures, self.answer[:, :2]], 1)
        self.seen = torch.cat([self.mask, torch.ones(2, image_tokens + 2, dtype=torch.bool)], 1)
        self.kinds = (self.ids == PICTURE).long()

    def ours(self) -> Tensor:
        """[2, 3, V]"""
        with torch.no_grad():
            reading = self.backbone(self.backbone.encode_image(self.rgb), self.tokens, self.mask, self.answer)
        assert reading.answer_logits is not None
        return reading.answer_logits

    def of_transformers(self, **inputs: Any) -> Tensor:
        """[2, 3, V]"""
        with torch.no_grad():
            return self.theirs(input_ids=self.ids, **inputs).logits[:, -3:]


def agree(a: Tensor, b: Tensor) -> None:
    assert a.shape == b.shape and a.std() > 0.1
    assert torch.allclose(a, b, atol=2e-4), (a - b).abs().max()


def qwen_pixels(case: Case, mean: Any, std: Any) -> dict[str, Tensor]:
    """What the processor of Qwen makes of the two pictures."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    vision = case.theirs.config.vision_config
    area = case.rgb.shape[1] ** 2
    process = Qwen2VLImageProcessorPil(
        patch_size=vision.patch_size,
        merge_size=vision.spatial_merge_size,
        image_mean=mean,
        image_std=std,
        size={"shortest_edge": area, "longest_edge": area},
    )
    return dict(process([Image.fromarray(rgb.numpy()) for rgb in case.rgb], return_tensors="pt"))


def test_qwen2_5_vl(tmp_path: Path) -> None:
    case = Case("qwen2_5_vl", publish("qwen2_5_vl", tmp_path))
    clip = {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]}
    inputs = qwen_pixels(case, **clip)
    assert inputs["image_grid_thw"].tolist() == [[1, 16, 16]] * 2
    agree(case.ours(), case.of_transformers(attention_mask=case.seen, mm_token_type_ids=case.kinds, **inputs))


def test_paligemma(tmp_path: Path) -> None:
    case = Case("paligemma", publish("paligemma", tmp_path))
    length = case.ids.shape[1]
    blind = torch.full((2, 1, length, length), torch.finfo(torch.float32).min)
    for row in range(2):
        for i in range(length):
            for j in range(length):
                together = (i < 5 and j < 5) or (5 <= i < 69 and 5 <= j < 69)
                if (j <= i or together) and case.seen[row, j]:
                    blind[row, 0, i, j] = 0.0
    pixels = case.rgb.permute(0, 3, 1, 2).float() / 127.5 - 1.0
    places = case.seen.long().cumsum(1)  # counted from 1
    agree(case.ours(), case.of_transformers(attention_mask=blind, position_ids=places, pixel_values=pixels))


def test_gemma3(tmp_path: Path) -> None:
    case = Case("gemma3", publish("gemma3", tmp_path))
    inputs = {
        "attention_mask": case.seen,
        "token_type_ids": case.kinds,
        "position_ids": (case.seen.long().cumsum(1) - 1).clamp(min=0),
        "pixel_values": case.rgb.permute(0, 3, 1, 2).float() / 127.5 - 1.0,
    }
    agree(case.ours(), case.of_transformers(**inputs))


def test_qwen3_vl(tmp_path: Path) -> None:
    case = Case("qwen3_vl", publish("qwen3_vl", tmp_path))
    inputs = qwen_pixels(case, mean=[0.5] * 3, std=[0.5] * 3)
    agree(case.ours(), case.of_transformers(attention_mask=case.seen, mm_token_type_ids=case.kinds, **inputs))


def test_pixels_have_the_mean_and_spread_that_a_backbone_asks_for() -> None:
    rgb = torch.randint(0, 256, (1, 8, 8, 3), dtype=torch.uint8)
    wanted = (rgb.permute(0, 3, 1, 2) / 255 - torch.tensor([0.1, 0.2, 0.3])[:, None, None]) / 0.25
    assert torch.allclose(square(rgb, 8, (0.1, 0.2, 0.3), (0.25, 0.25, 0.25)), wanted, atol=1e-5)
    assert torch.equal(square(rgb, 8), rgb.permute(0, 3, 1, 2).float() / 127.5 - 1.0)


@pytest.mark.parametrize("name", ["qwen2_5_vl", "qwen3_vl", "paligemma", "gemma3"])
def test_positions_matter(name: str, tmp_path: Path) -> None:
    """The comparison would notice words in another place: swapped rows of the picture give other scores."""
    case = Case(name, publish(name, tmp_path))
    before = case.ours()
    case.rgb = case.rgb.flip(1)
    assert not torch.allclose(before, case.ours(), atol=1e-2)
