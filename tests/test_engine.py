"""The inference engine gives what the plain model gives: all decoders, batched, in half precision, from noise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from sapave.base.seeds import rng
from sapave.model.config import TINY_TEST
from sapave.model.engine import Engine, EngineConfig
from sapave.model.flow import sample
from sapave.model.vla import Batch, SaPaVe, unpack
from test_model import make_batch


def awake(**changes: object) -> SaPaVe:
    """A tiny model in which every part counts: what starts at zero (adapter, draft, ways out) does not here."""
    model = SaPaVe(replace(TINY_TEST, **changes)).eval()
    g = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name or not parameter.any():
                parameter.copy_(torch.randn(parameter.shape, generator=g) * 0.1)
    return model


def inputs(rows: int = 3) -> Batch:
    batch = make_batch(rows)
    return {n: v for n, v in batch.items() if n not in ("head_chunk", "other_chunk", "has_other", "mask", "answer")}


def row(batch: Batch, i: int) -> Batch:
    return {name: value[i : i + 1] for name, value in batch.items()}


def close(found: tuple, wanted: tuple, tolerance: float = 2e-5) -> bool:
    return all(torch.allclose(a, b, atol=tolerance, rtol=0) for a, b in zip(found[:2], wanted[:2], strict=True))


@pytest.fixture(scope="module")
def model() -> SaPaVe:
    return awake()


@pytest.mark.parametrize("decoders", ["independent", "shared", "unified"])
def test_equals_the_plain_path_and_leaves_the_model_alone(decoders: str) -> None:
    model, batch = awake(decoders=decoders), inputs()
    before = {n: p.clone() for n, p in model.named_parameters()}
    engine = Engine(model)
    hybrid, memory = model.remember(model.perceive(batch), None, batch)
    wanted = model.generate(hybrid, batch)
    found = engine(batch)
    assert close(found, wanted) and all(v.std() > 0.05 for v in wanted)
    later = {**batch, "rgb": batch["rgb"].flip(1), "state": batch["state"] + 0.1}  # a second look, with its memory
    hybrid, memory = model.remember(model.perceive(later), memory, later)
    assert close(engine(later, found.memory), model.generate(hybrid, later))
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())


def test_several_observations_with_their_own_instructions_are_one_batch(model: SaPaVe) -> None:
    batch, engine = inputs(), Engine(model, EngineConfig(start="noise"))
    assert len({tuple(tokens) for tokens in batch["tokens"].tolist()}) == 3
    together = engine(batch, seeds=[5, 6, 7])
    for i in range(3):
        alone = engine(row(batch, i), seeds=[5 + i])
        assert close(alone, tuple(v[i : i + 1] for v in together[:2]))


def test_noise_is_that_of_the_seed_and_denoised_as_by_the_plain_path(model: SaPaVe) -> None:
    batch, engine = row(inputs(), 1), Engine(model, EngineConfig(start="noise", steps=3))
    prefix = engine.prefix(batch)  # once, for several starts
    first, again, other = (engine.denoise(prefix, [seed]) for seed in (4, 4, 5))
    assert torch.equal(first.head, again.head) and torch.equal(first.other, again.other)
    assert not close(first, other, 1e-3)
    hybrid = model.perceive(batch)
    wanted: dict[str, Tensor] = {}
    for decoder in model.denoisers():
        context = decoder.prepare(hybrid.tokens, hybrid.mask, hybrid.pointer, batch["state"], hybrid.looked)
        modulations = decoder.modulate(torch.arange(3)[None] / 3, context).split(1, 1)
        start = {
            n: torch.from_numpy(rng(4, "start", n).standard_normal((1, 1, 16, s), "float32"))
            for n, s in decoder.streams.items()
        }
        with torch.no_grad():
            wanted.update(unpack(sample(decoder, modulations, context, start), decoder, model.config))
    assert close(first, (wanted["head"][:, 0], wanted["other"][:, 0]))


def test_bf16_is_close_and_its_geometry_stays_exact(model: SaPaVe) -> None:
    batch = inputs()
    wanted, engine = Engine(model)(batch), Engine(model, EngineConfig(dtype="bf16"))
    found = engine(batch)
    for a, b in zip(found[:2], wanted[:2], strict=True):
        assert a.dtype == torch.float32 and (a - b).abs().mean() < 0.02 * b.std()
        assert not torch.equal(a, b)
    kinds = {n: p.dtype for n, p in engine.model.named_parameters()}
    exact = ("decoders.0.known.0.weight", "decoders.0.tails.head.out.weight", "decoders.1.draft.known.weight")
    assert all(kinds[name] == torch.float32 for name in exact)
    assert kinds["decoders.0.hybrid.1.weight"] == kinds["pointer.cells.weight"] == torch.bfloat16


def test_compiled_mode_traces_as_one_graph_each_for_prefix_and_denoising(model: SaPaVe) -> None:
    batch, engine = inputs(), Engine(model)
    wanted = engine(batch)
    engine._see = torch.compile(engine._see, backend="eager", fullgraph=True, dynamic=False)
    engine._sample = torch.compile(engine._sample, backend="eager", fullgraph=True, dynamic=False)
    assert close(engine(batch), wanted)
    shorter = {**batch, "tokens_mask": batch["tokens_mask"] & (torch.arange(8) < 5)}
    with torch._dynamo.config.patch(error_on_recompile=True):  # other words, the same graph
        found = engine(shorter)
    assert close(found, Engine(model)(shorter))


def test_what_cannot_be_run_is_one_line(model: SaPaVe) -> None:
    with pytest.raises(ValueError, match="mode 'cudagraphs': the model is on cpu, expected CUDA; take 'compiled' here"):
        Engine(model, EngineConfig(mode="cudagraphs"))
    with pytest.raises(KeyError, match="unknown dtype 'fp8'"):
        EngineConfig(dtype="fp8")
    with pytest.raises(ValueError, match="start 'noise': found 2 seeds, expected one for each of 3 rows"):
        Engine(model, EngineConfig(start="noise"))(inputs(), seeds=[1, 2])
    with pytest.raises(ValueError, match="steps: found 0"):
        EngineConfig(steps=0)
