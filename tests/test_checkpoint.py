"""Checkpoints: what is saved is what is loaded, bit for bit, and what does not fit is refused by file name.

Also the processor that travels with them: words, state, observations, actions.
"""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sapave.base.kinematics import Chain
from sapave.base.normalize import Normalizer
from sapave.base.types import Geometry, Observation
from sapave.model import checkpoint
from sapave.model.config import TINY_TEST
from sapave.model.inputs import Processor
from sapave.model.tokenizer import Tokenizer
from sapave.model.vla import SaPaVe

WORDS = ["Pick up the red mug.", "Put the bowl on the plate", "Look at the drawer, on your left!"]


def arm(first: int) -> Chain:
    """Seven hinges about alternating axes, 10 cm apart."""
    axes = [[0, 0, 1], [0, 1, 0]] * 3 + [[1, 0, 0]]
    return Chain.from_numbers(range(first, first + 7), [[0.1, 0, 0]] * 7, [[1, 0, 0, 0]] * 7, axes, [0.05, 0, 0])


def make_processor() -> Processor:
    processor = Processor.fresh(TINY_TEST, WORDS, {"left": arm(0), "right": arm(7)})
    chance = np.random.default_rng(0)
    processor.head_norm = Normalizer.fit(chance.normal(size=(20, 16, 2)))
    processor.other_norm = Normalizer.fit(chance.normal(size=(20, 16, 26)))
    return processor


def look(instruction: str = "pick up the mug", **geometry: np.ndarray) -> Observation:
    chance = np.random.default_rng(1)
    return Observation(
        rgb={"head": chance.integers(0, 256, (32, 44, 3), dtype=np.uint8)},
        geometry={"head": Geometry(**geometry)} if geometry else {},
        head=chance.normal(size=2),
        head_target=chance.normal(size=2),
        other=chance.normal(size=26),
        other_target=chance.normal(size=26),
        instruction=instruction,
        time=0.0,
    )


@pytest.fixture
def saved(tmp_path: Path) -> tuple[SaPaVe, Processor, Path]:
    model, processor = SaPaVe(TINY_TEST).eval(), make_processor()
    checkpoint.save(tmp_path, model, processor, notes={"step": 7})
    return model, processor, tmp_path


def act(model: SaPaVe, processor: Processor) -> tuple:
    batch = processor.observe([look(), look("look at the drawer")])
    with torch.no_grad():
        hybrid = model.perceive(batch)
    return hybrid.tokens, hybrid.pointer, *model.generate(hybrid, batch)


def test_round_trip_is_bit_exact_without_network(saved: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    model, processor, folder = saved
    monkeypatch.setattr(socket.socket, "connect", lambda *a: pytest.fail("the network was asked"))
    again, with_it = checkpoint.load(folder)
    for a, b in zip(act(model, processor), act(again, with_it), strict=True):
        assert torch.equal(a, b)
    assert with_it.tokenizer.to_text() == processor.tokenizer.to_text()
    assert not again.training and checkpoint.load_config(folder)["notes"] == {"step": 7}
    assert not list(folder.glob(".*partial"))


def test_half_precision_is_half_the_size_and_close(saved: tuple, tmp_path: Path) -> None:
    model, processor, folder = saved
    checkpoint.save(tmp_path / "half", model, processor, half=True)
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    for a, b in zip(act(model, processor), act(*checkpoint.load(tmp_path / "half")), strict=True):
        assert torch.allclose(a, b, atol=0.05)


def test_beside_a_base_only_what_differs_is_stored(saved: tuple, tmp_path: Path) -> None:
    model, processor, folder = saved
    with torch.no_grad():
        for value in model.decoders[1].parameters():
            value.add_(0.01)
    beside = tmp_path / "beside"
    checkpoint.save(beside, model, processor, base=folder)
    sizes = [(f / "model.safetensors").stat().st_size for f in (folder, beside)]
    assert sizes[1] < 0.6 * sizes[0]
    for a, b in zip(act(model, processor), act(*checkpoint.load(beside)), strict=True):
        assert torch.equal(a, b)
    known = [checkpoint.identity(checkpoint.load_config(f)) for f in (folder, beside)]
    assert known[0] != known[1] and all(len(text) == 64 for text in known)
    checkpoint.save(folder, model, processor)  # the base becomes another one
    with pytest.raises(ValueError, match="not the weights that .*beside was made beside"):
        checkpoint.load(beside)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "stats.json"])
def test_a_missing_file_is_named(saved: tuple, name: str) -> None:
    folder = saved[2]
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"{name}: missing"):
        checkpoint.load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "stats.json"])
def test_a_truncated_file_is_named(saved: tuple, name: str) -> None:
    path = saved[2] / name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"{name}: (found .* bytes, expected|not whole JSON)") as problem:
        checkpoint.load(saved[2])
    assert "\n" not in str(problem.value)


def test_a_changed_byte_is_noticed(saved: tuple) -> None:
    path = saved[2] / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match=r"model\.safetensors: its sha256"):
        checkpoint.load(saved[2])


def edit(folder: Path, **changes: object) -> None:
    content = json.loads((folder / "config.json").read_text())
    content["model"] |= changes
    (folder / "config.json").write_text(json.dumps(content))


def test_a_config_of_another_shape_is_refused(saved: tuple) -> None:
    edit(saved[2], text_mlp=72)
    with pytest.raises(ValueError, match=r"model\.safetensors: '.*mlp.*': found shape \[64, 48\], expected shape \[72"):
        checkpoint.load(saved[2])


def test_a_config_with_more_or_fewer_parts_is_refused(saved: tuple) -> None:
    edit(saved[2], decoder_layers=3)
    with pytest.raises(ValueError, match="found nothing, expected shape"):
        checkpoint.load(saved[2])
    edit(saved[2], decoder_layers=1)
    with pytest.raises(ValueError, match="which the model of config.json does not have"):
        checkpoint.load(saved[2])
    edit(saved[2], decoder_layers=2, colour="red")
    with pytest.raises(ValueError, match="unknown colour"):
        checkpoint.load(saved[2])


def test_not_a_checkpoint_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.json: missing"):
        checkpoint.load(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text('{"model_type": "smolvlm"}')
    with pytest.raises(ValueError, match="not a sapave checkpoint"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("changes", [{"adapter": "none"}, {"decoders": "unified"}, {"injection": "gated", "steps": 8}])
def test_a_stage_may_change_decoders_adapter_and_injection(saved: tuple, changes: dict) -> None:
    model, _, folder = saved
    changed, processor = checkpoint.load(folder, **changes)
    assert changed.config == replace(TINY_TEST, **changes)
    old = {n.replace(".base_layer.", "."): p for n, p in model.named_parameters()}
    for name, value in changed.named_parameters():
        if name.startswith(("backbone.", "spatial.", "pointer.")) and "lora_" not in name:
            assert torch.equal(value, old[name.replace(".base_layer.", ".")]), name
    act(changed, processor)
    with pytest.raises(ValueError, match="expected shape"):
        checkpoint.load(folder, text_layers=2)


def test_an_adapter_can_be_added_to_a_checkpoint_without_one(tmp_path: Path) -> None:
    model, processor = SaPaVe(replace(TINY_TEST, adapter="none")).eval(), make_processor()
    checkpoint.save(tmp_path, model, processor)
    adapted, _ = checkpoint.load(tmp_path, adapter="lora")
    assert adapted.parts()["adapter"]
    for a, b in zip(act(model, processor), act(adapted, processor), strict=True):
        assert torch.equal(a, b)


# --- the processor


def test_no_word_is_lost() -> None:
    tokenizer = Tokenizer.build(WORDS, 128)
    assert tokenizer.pieces("PICK up the Red mugs!") == ["pick", "up", "the", "red", "mug", "##s", "!"]
    assert tokenizer.decode(tokenizer.encode("Where is the crème brûlée?")) == "where is the creme brulee ?"
    ids, mask = tokenizer.instructions(["look at the red mug on the drawer", ""], 5)
    assert ids.shape == (2, 5) and mask.sum(1).tolist() == [5, 1] and ids[1, 0] == tokenizer.begin
    answers = tokenizer.answers(["red", "", "the mug"])
    assert answers.shape == (3, 3) and answers[0, 1] == tokenizer.end and (answers[1] == -100).all()
    assert tokenizer.answers([""]).tolist() == [[-100]]
    with pytest.raises(ValueError, match="limit 10"):
        Tokenizer.build(WORDS, 10)


def test_frequent_words_come_first_when_room_is_scarce() -> None:
    room = len(Tokenizer.build([], 10_000))
    tokenizer = Tokenizer.build(["mug bowl mug", "plate mug bowl"], room + 2)
    assert tokenizer.pieces("mug bowl") == ["mug", "bowl"] and len(tokenizer.pieces("plate")) == 5


def test_state_holds_targets_scaled_errors_and_both_hands() -> None:
    processor, o = make_processor(), look()
    state = processor.state(o.head, o.head_target, o.other, o.other_target)
    assert state.shape == (74,) and state.dtype == np.float32
    assert np.allclose(state[:26], o.other_target) and np.allclose(state[26:52], 10 * (o.other - o.other_target))
    assert np.allclose(state[54:56], 10 * (o.head - o.head_target))
    position, rotation = processor.chains["right"].pose(o.other)
    assert np.allclose(state[65:68], position, atol=1e-6) and np.allclose(state[68:71], rotation[:, 0], atol=1e-6)
    many = processor.state(*(np.stack([x, x]) for x in (o.head, o.head_target, o.other, o.other_target)))
    assert np.allclose(many, state)


def test_observations_become_a_batch_and_say_what_they_lack() -> None:
    processor = make_processor()
    depth, matrix = np.ones((32, 44), np.float32), np.eye(3, dtype=np.float32)
    batch = processor.observe([look(), look(depth=depth, intrinsics=matrix)])
    assert batch["has"].tolist() == [[False] * 3, [True, True, False]]
    assert batch["rgb"].shape == (2, 32, 44, 3) and batch["state"].shape == (2, 74)
    with pytest.raises(ValueError, match=r"depth: found shape \(3, 3\)"):
        processor.observe(look(depth=np.ones((3, 3), np.float32)))
    with pytest.raises(ValueError, match="no camera 'head'"):
        processor.observe(replace(look(), rgb={"left_wrist": np.zeros((4, 4, 3), np.uint8)}))
    with pytest.raises(ValueError, match="one shape per batch"):
        processor.observe([look(), replace(look(), rgb={"head": np.zeros((4, 4, 3), np.uint8)})])


def test_generated_chunks_become_increments_and_back() -> None:
    processor, chance = make_processor(), np.random.default_rng(2)
    head, other = chance.normal(size=(2, 16, 2)), chance.normal(size=(2, 16, 26))
    assert processor.head_norm and processor.other_norm
    normal_head = torch.from_numpy(processor.head_norm.apply(np.cumsum(head, 1)).astype(np.float32))
    normal_other = torch.from_numpy(processor.other_norm.apply(np.cumsum(other, 1)).astype(np.float32))
    chunks = processor.chunks(normal_head, normal_other)
    assert np.allclose(chunks[1].head, head[1], atol=1e-4) and np.allclose(chunks[0].other, other[0], atol=1e-4)
    processor.other_norm = None
    assert not processor.chunks(normal_head, normal_other)[0].other.any()
