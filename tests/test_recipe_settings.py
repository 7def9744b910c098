"""Settings that recipes turn: what is hidden, the names of cached tokens, a new draft."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.vla import SaPaVe
from sapave.train.cache import weights_key
from sapave.train.setup import choices
from test_model import make_batch


def test_hidden_is_a_list_of_parts() -> None:
    assert VLAConfig.from_dict({"hidden": ["depth", "pose"]}).hidden == ("depth", "pose")
    with pytest.raises(KeyError, match="did you mean 'depth'"):
        VLAConfig(hidden=("dept",))
    with pytest.raises(ValueError, match="hidden: found 'depth', expected a list"):
        VLAConfig.from_dict({"hidden": "depth"})


def test_cached_tokens_of_what_is_hidden_are_not_those_of_what_is_seen() -> None:
    keys = set()
    for changes in ({}, {"hidden": ("depth",)}, {"hidden": ("pose",)}, {"injection": "none"}):
        model = SaPaVe(replace(TINY_TEST, **changes))
        keys.add(weights_key(model, model.parts(), choices(model.config)))
    assert len(keys) == 4
    plain = SaPaVe(TINY_TEST)
    assert weights_key(plain, plain.parts()) in keys  # the default's name has not changed


@pytest.mark.parametrize("decoders", ["unified", "shared", "independent"])
def test_a_new_draft_leaves_what_the_head_has_learned(decoders: str) -> None:
    model, batch = SaPaVe(replace(TINY_TEST, decoders=decoders, steps=1)).eval(), make_batch()
    with torch.no_grad():
        for decoder in model.denoisers():
            for tail in decoder.tails.values():
                tail.out.weight.normal_(0, 0.1, generator=torch.Generator().manual_seed(0))
        hybrid = model.perceive(batch)
        head, other = model.generate(hybrid, batch)
        for decoder in model.denoisers():
            if decoder.draft is not None:
                decoder.start_at_proposal(head=False)
        again, drafted = model.generate(hybrid, batch)
        draft = decoder.prepare(hybrid.tokens, hybrid.mask, hybrid.pointer, batch["state"]).draft
    assert not torch.equal(other, drafted) and torch.allclose(drafted, draft[:, 0])
    assert torch.allclose(again, head)
