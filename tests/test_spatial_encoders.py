"""Every spatial encoder on the shelf takes any subset of geometry under every injection: absent is unread, given is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from sapave.base.shelf import shelf
from sapave.model.config import TINY_TEST
from sapave.model.vla import SaPaVe
from test_model import make_batch

INJECTIONS = ("add", "gated", "cross", "none")
PARTS = ("depth", "intrinsics", "base_from_camera")


def changed(part: str, value: torch.Tensor) -> torch.Tensor:
    """Another depth, lens or pose."""
    if part == "depth":
        return value + 0.2
    value = value.clone()
    value[:, 0, 0 if part == "intrinsics" else 3] += 0.3 * value[:, 0, 0].abs().clamp(min=1.0)
    return value


@pytest.mark.parametrize("encoder", shelf("sapave.model.spatial_encoders", "SPATIAL_ENCODER"))
@pytest.mark.parametrize("injection", INJECTIONS)
def test_every_subset_of_geometry_walks_the_road(encoder: str, injection: str) -> None:
    model = SaPaVe(replace(TINY_TEST, spatial=encoder, injection=injection)).eval()
    for has in product((False, True), repeat=3):
        batch = {**make_batch(), "has": torch.tensor(has).expand(3, 3)}
        with torch.no_grad():
            hybrid = model.perceive(batch)
            head, other = model.generate(hybrid, batch)
            assert all(torch.isfinite(x).all() for x in (hybrid.tokens, hybrid.pointer, head, other))
            for part, given in zip(PARTS, has, strict=True):
                tokens = model.perceive({**batch, part: changed(part, batch[part])}).tokens
                assert torch.equal(tokens, hybrid.tokens) == (not given or injection == "none"), (has, part)
