"""pi0's published weights, from tiny folders as they come: what fits is kept, the robot's layers begin anew."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from published import tokenizer_of
from sapave.model import hub
from sapave.model.kinds._pi0_settings import ours, settings_of, small
from sapave.model.kinds.pi0 import TINY, Pi0
from sapave.sim.robots.g1 import ROBOT
from test_checkpoint import look
from test_model import make_batch


def publish(folder: Path) -> dict[str, torch.Tensor]:
    """A folder as published weights of pi0 come: its own state and action sizes, PaliGemma's tokenizer; its weights."""
    from transformers import PI0Config, PI0ForConditionalGeneration

    values = small(replace(TINY, vocab_size=400))
    values |= {"max_state_dim": 32, "max_action_dim": 32, "chunk_size": 50, "loss_reduction": "mean"}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        core = PI0ForConditionalGeneration(PI0Config(**values))
    core.save_pretrained(folder)  # in the names that the hub's files have
    (folder / "tokenizer.json").write_text(tokenizer_of("paligemma").to_str())
    return core.state_dict()


ANEW = {
    f"{layer}.{kind}"
    for layer in ("embed_action_time.state_proj", "embed_action_time.action_in_proj", "action_out_proj")
    for kind in ("weight", "bias")
}


def test_published_weights_are_loaded_where_they_fit(tmp_path: Path) -> None:
    """What has the robot's sizes begins anew; the rest keeps every bit."""
    folder = tmp_path / "own"
    own = publish(folder)
    model, processor = hub.around(folder, replace(TINY, max_tokens=30), ROBOT.chains)
    assert (model.config.vocab_size, model.config.image_size) == (400, 64) and processor.max_tokens == 30
    fitting = {n for n, p in model.core.named_parameters() if p.shape == own[n].shape and torch.equal(p, own[n])}
    assert {n for n, _ in model.core.named_parameters()} - fitting == ANEW
    batch = processor.observe(look())
    hub.save_pretrained(tmp_path / "ours", model, processor)
    again, _ = hub.from_pretrained(tmp_path / "ours")
    assert torch.equal(model.act(batch)[1], again.act(batch)[1])
    assert torch.equal(model.act(batch)[1], Pi0.from_pretrained(folder, model.config).act(batch)[1])


def test_files_in_the_names_of_lerobot_are_loaded(tmp_path: Path) -> None:
    """All behind `model.`, word embeddings only as `lm_head`, none for the expert."""
    own, renamed = publish(tmp_path), {}
    for name, value in own.items():
        name = name.replace("model.vlm.language_model.embed_tokens", "paligemma_with_expert.paligemma.lm_head")
        name = name.replace("model.vlm.", "paligemma_with_expert.paligemma.model.")
        name = name.replace("model.dit.", "paligemma_with_expert.gemma_expert.model.")
        if "gemma_expert.model.embed_tokens" not in name:
            renamed["model." + name.replace("embed_action_time.", "")] = value.clone()
    save_file(renamed, tmp_path / "model.safetensors", metadata={"format": "pt"})
    model = Pi0.from_pretrained(tmp_path, TINY)
    for name, parameter in model.core.named_parameters():
        assert torch.equal(parameter, own[name]) == (name not in ANEW), name


def test_lerobots_config_means_the_published_size(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"type": "pi0", "chunk_size": 50, "max_action_dim": 32, "dtype": "bfloat16", "min_period": 0.005}')
    settings = settings_of(path, TINY)
    assert (settings.vlm_config.text_config.hidden_size, settings.dit_config.hidden_size) == (2048, 1024)
    assert (settings.chunk_size, settings.max_state_dim, settings.max_action_dim) == (16, 74, 28)
    assert settings.min_period == 0.005
    path.write_text('{"type": "pi0", "time_sampling_beta_beta": 2.0}')
    with pytest.raises(ValueError, match=r"found time_sampling_beta_beta 2\.0, expected 1"):
        settings_of(path, TINY)


def test_at_its_published_size_it_reads_a_picture_of_256_tokens() -> None:
    """On the meta device, where nothing is computed: what transformers' own configuration says, with our dimensions."""
    from transformers import PI0Config

    settings = json.loads(PI0Config(**ours(TINY)).to_json_string(use_diff=False))
    settings.pop("transformers_version")
    with torch.device("meta"):
        model = Pi0(replace(TINY, settings=settings, image_size=224, vocab_size=257152))
        assert sum(p.numel() for p in model.parameters()) == pytest.approx(3.24e9, rel=0.01)
        batch = {name: value.to("meta") for name, value in make_batch().items()}
        assert model.perceive(batch).cache.get_seq_length() == 256 + 8


def test_what_is_not_published_pi0_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"found no config\.json; expected a downloaded snapshot of pi0"):
        Pi0.from_pretrained(tmp_path, TINY)
    folder = tmp_path / "own"
    publish(folder)
    (folder / "tokenizer.json").rename(folder / "elsewhere.json")
    with pytest.raises(ValueError, match=r"tokenizer\.json: missing; put the tokenizer"):
        hub.around(folder, TINY, ROBOT.chains)
    path, file = folder / "config.json", folder / "model.safetensors"
    good, whole = path.read_text(), load_file(file)
    path.write_text(good.replace('"model_type": "pi0"', '"model_type": "pi05"'))
    with pytest.raises(ValueError, match="found model_type 'pi05', expected 'pi0'"):
        Pi0.from_pretrained(folder, TINY)
    path.write_text(good)
    save_file({n: v for n, v in whole.items() if "layers.0.mlp.up_proj" not in n}, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"the weights lack 'model.dit.layers.0.mlp.up_proj.weight' \(2 in all\)"):
        Pi0.from_pretrained(folder, TINY)
    name = "gemma_expert.model.layers.0.mlp.up_proj.weight"
    cut = {n: v[:8].clone() if n.endswith(name) else v for n, v in whole.items()}
    save_file(cut, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="'model.dit.layers.0.mlp.up_proj.weight' has another shape than config.json"):
        Pi0.from_pretrained(folder, TINY)
    file.unlink()
    with pytest.raises(ValueError, match=r"found no \*\.safetensors"):
        Pi0.from_pretrained(folder, TINY)
