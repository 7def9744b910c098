"""Every backbone on the shelf: it builds from plain values, and loads published weights from a folder."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sapave.base.kinematics import Chain
from sapave.base.shelf import shelf
from sapave.model import checkpoint
from sapave.model.backbone import Backbone
from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.inputs import Processor
from sapave.model.tokenizer import Tokenizer
from sapave.model.vla import SaPaVe

BACKBONES = shelf("sapave.model.backbones", "BACKBONE")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", BACKBONES)
def test_shapes_and_causality(name: str) -> None:
    backbone = Backbone(replace(TINY_TEST, backbone=name)).eval()
    rgb = torch.randint(0, 256, (2, 48, 64, 3), dtype=torch.uint8)
    tokens = torch.randint(4, 100, (2, 6))
    mask = torch.ones(2, 6, dtype=torch.bool)
    answer = torch.tensor([[5, 6, 3], [7, 3, -100]])
    with torch.no_grad():
        image = backbone.encode_image(rgb)
        reading = backbone(image, tokens, mask, answer)
        assert image.shape == (2, 64, backbone.width * (1 + getattr(backbone.core, "deep", 0)))
        assert reading.image.shape == (2, 64, backbone.width)
        assert reading.words.shape == (2, 6, backbone.width)
        assert reading.answer_logits.shape == (2, 3, TINY_TEST.vocab_size)
        # what follows does not reach what came before
        other = backbone(image, tokens, mask, torch.tensor([[9, 9, 3], [7, 3, -100]]))
        assert torch.equal(reading.image, other.image)
        assert torch.equal(reading.answer_logits[:, 0], other.answer_logits[:, 0])
        assert torch.allclose(backbone(image.flip(0), tokens, mask).words, reading.words, atol=1e-6)


@pytest.mark.parametrize("name", BACKBONES)
def test_a_whole_picture_sees_itself_and_answers_stay_blind(name: str) -> None:
    def states(whole: bool, other: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """States of the words and of the first image token, with another last image token or not."""
        backbone = Backbone(replace(TINY_TEST, backbone=name, whole_picture=whole)).eval()
        torch.manual_seed(0)
        for parameter in backbone.parameters():
            parameter.data = torch.randn(parameter.shape) * 0.3
        image = torch.randn(1, 64, backbone.width * (1 + getattr(backbone.core, "deep", 0)))
        image[:, -1] = torch.where(torch.tensor(other), image[:, -1].flip(-1), image[:, -1])
        words = torch.randint(4, 100, (1, 6)), torch.ones(1, 6, dtype=torch.bool)
        with torch.no_grad():
            reading = backbone(image, *words)
            answers = [backbone(image, *words, torch.tensor([[5, n, 3]])).answer_logits for n in (6, 7)]
        assert torch.allclose(answers[0][:, :2], answers[1][:, :2], atol=1e-5)
        return reading.words, reading.image[:, 0]

    (words, first), (same_words, changed) = states(True, False), states(True, True)
    assert torch.allclose(words, same_words, atol=1e-5)  # they stand before it
    assert (first - changed).abs().max() > 1e-3
    always = Backbone(replace(TINY_TEST, backbone=name)).core.whole
    assert always or torch.allclose(states(False, False)[1], states(False, True)[1], atol=1e-5)


@pytest.mark.parametrize("name", BACKBONES)
def test_our_default_size_has_eight_by_eight_tokens(name: str) -> None:
    backbone = Backbone(VLAConfig(backbone=name))
    with torch.no_grad():
        image = backbone.encode_image(torch.randint(0, 256, (2, 128, 128, 3), dtype=torch.uint8))
        words = torch.zeros(2, 3, dtype=torch.long), torch.ones(2, 3, dtype=torch.bool)
        assert backbone(image, *words).image.shape == (2, 64, 192) and backbone.core.image_size == 128
    assert not torch.allclose(image[0], image[1], atol=1e-3)


@pytest.mark.parametrize("name", BACKBONES)
def test_every_entry_says_what_it_is(name: str) -> None:
    assert BACKBONES[name].name == name and BACKBONES[name].doc
    core = BACKBONES[name].build(TINY_TEST)
    linears = {n.rsplit(".", 1)[-1] for n, m in core.language_model.named_modules() if isinstance(m, torch.nn.Linear)}
    assert set(core.adapted) <= linears
    again = BACKBONES[name].build(replace(TINY_TEST, backbone_settings=json.loads(json.dumps(core.settings()))))
    shapes = [{n: tuple(p.shape) for n, p in c.named_parameters()} for c in (core, again)]
    assert shapes[0] == shapes[1]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder as the published SmolVLM comes: written by transformers, grouped heads, untied words, 64 tokens."""
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    config = SmolVLMConfig(
        vision_config={
            "hidden_size": 24,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "image_size": 64,
            "patch_size": 4,
        },
        text_config={
            "model_type": "llama",
            "hidden_size": 40,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": 160,
            "pad_token_id": 0,
            "rope_parameters": {"rope_type": "default", "rope_theta": 5000.0},
        },
        scale_factor=2,
        image_token_id=159,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        SmolVLMForConditionalGeneration(config).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text(Tokenizer.build(["look at the red mug"], 160).to_text())
    return tmp_path


def test_published_weights_load_and_agree_with_transformers(published: Path, tmp_path: Path) -> None:
    from transformers import SmolVLMForConditionalGeneration

    model = SaPaVe.from_pretrained(published, replace(TINY_TEST, text_width=1, vision_width=1)).eval()
    assert model.backbone.width == 40 and model.config.vocab_size == 160
    theirs = SmolVLMForConditionalGeneration.from_pretrained(published, local_files_only=True).eval()
    rgb = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    tokens, answer = torch.tensor([[2, 100, 101]]), torch.tensor([[102, 103]])
    with torch.no_grad():
        reading = model.backbone(model.backbone.encode_image(rgb), tokens, torch.ones(1, 3, dtype=torch.bool), answer)
        ids = torch.cat([tokens, torch.full((1, 64), 159), answer[:, :1]], 1)
        pixels = rgb.permute(0, 3, 1, 2)[:, None].float() / 127.5 - 1
        logits = theirs(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels).logits
    assert torch.allclose(reading.answer_logits, logits[:, -2:], atol=1e-4)


def test_a_model_around_published_weights_keeps_them_in_its_checkpoint(published: Path, tmp_path: Path) -> None:
    model = SaPaVe.from_pretrained(published, TINY_TEST).eval()
    tokenizer = Tokenizer.from_text((published / "tokenizer.json").read_text())
    processor = Processor(tokenizer=tokenizer, chains=dict[str, Chain](), max_tokens=8, k=16)
    checkpoint.save(tmp_path / "out", model, processor)
    again, _ = checkpoint.load(tmp_path / "out")
    for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
        assert torch.equal(a, b), name


def test_a_folder_that_does_not_fit_is_refused(published: Path, tmp_path: Path) -> None:
    entry = BACKBONES["smolvlm"]
    with pytest.raises(ValueError, match="found no config.json"):
        entry.from_pretrained(tmp_path / "nowhere")
    (published / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="found no tokenizer.json"):
        entry.from_pretrained(published)
    (published / "tokenizer.json").write_text("{}")
    settings = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps({**settings, "model_type": "llama"}))
    with pytest.raises(ValueError, match="found model_type 'llama', expected 'smolvlm'"):
        entry.from_pretrained(published)


def test_lora_starts_as_nothing_and_sits_on_the_attention_only() -> None:
    plain, adapted = (SaPaVe(replace(TINY_TEST, adapter=a)).eval() for a in ("none", "lora"))
    with torch.no_grad():
        weights = dict(plain.named_parameters())
        for name, parameter in adapted.named_parameters():
            if "lora_" not in name:
                parameter.copy_(weights[name.replace(".base_layer.", ".")])
        image = torch.randn(1, 64, TINY_TEST.text_width)
        tokens, mask = torch.tensor([[2, 50, 51]]), torch.ones(1, 3, dtype=torch.bool)
        assert torch.equal(plain.backbone(image, tokens, mask).image, adapted.backbone(image, tokens, mask).image)
    names = [n for n, _ in adapted.named_parameters() if "lora_" in n]
    assert len(names) == TINY_TEST.text_layers * 4 * 2
    assert all(".self_attn." in n and "text_model" in n for n in names)
