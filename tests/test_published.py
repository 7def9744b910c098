"""Published backbones walk the whole road: from a folder into a policy, through every stage, saved and loaded again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants

from published import BEGIN_END, SETTINGS, publish
from sapave.base.shelf import shelf
from sapave.model import hub
from sapave.model.adapter import insert_adapter, share
from sapave.model.backbone import GRID, Backbone, resample
from sapave.model.config import TINY_TEST, VLAConfig
from sapave.model.inputs import Processor
from sapave.model.vla import SaPaVe, set_trainable
from sapave.sim.robots.g1 import ROBOT
from sapave.train.loop import train
from sapave.train.presets import PRESETS, preset
from test_checkpoint import act, arm
from test_model import make_batch
from training_data import write_episodes, write_views

BACKBONES = shelf("sapave.model.backbones", "BACKBONE")
CHAINS = {"left": arm(0), "right": arm(7)}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: publish(name, tmp_path_factory.mktemp(name)) for name in SETTINGS}


def around(folders: dict[str, Path], name: str, **changes: object) -> tuple[SaPaVe, Processor]:
    return hub.around(folders[name], replace(TINY_TEST, backbone=name, **changes), CHAINS)


def test_every_backbone_of_the_shelf_is_published_here() -> None:
    assert set(SETTINGS) == set(BACKBONES)


@pytest.mark.parametrize("name", BACKBONES)
def test_published_weights_walk_the_whole_road(folders: dict[str, Path], name: str, tmp_path: Path) -> None:
    model, processor = around(folders, name, backbone_layers=2)
    begin, end = (processor.tokenizer.core.token_to_id(token) for token in BEGIN_END[name])
    assert (processor.tokenizer.begin, processor.tokenizer.end) == (begin, end)
    batch = make_batch()
    batch["tokens"], batch["tokens_mask"] = processor.tokenize(["pick up the mug", "look left", "put the bowl away"])
    batch["answer"] = processor.answers(["red", "", "on the plate"])
    moved = {n: p.clone() for n, p in model.named_parameters()}
    for stage in ("stage0", "stage1", "draft", "stage2"):
        preset = PRESETS[stage]
        learning = set_trainable(model, preset.trains)
        losses = model.losses(batch, names=dict(preset.losses), generator=torch.Generator().manual_seed(0))
        assert set(losses) == {n for n, _ in preset.losses} - {"commit"} and all(v.isfinite() for v in losses.values())
        torch.stack(list(losses.values())).sum().backward()
        torch.optim.SGD(learning, 1e-3).step()
        model.zero_grad(set_to_none=True)
    changed = {n for n, p in model.named_parameters() if not torch.equal(p, moved[n])}
    for part in ("vision", "embed_tokens", "layers.1.self_attn.q_proj.base_layer", "lora_B", "decoders.1"):
        assert any(part in n or part.replace("vision", "visual") in n for n in changed), part
    hub.save_pretrained(tmp_path, model, processor)
    again, with_it = hub.from_pretrained(tmp_path)
    for one in (model.eval(), again):
        one.requires_grad_(False)  # torch's attention rounds differently where weights ask for gradients
    for a, b in zip(act(model, processor), act(again, with_it), strict=True):
        assert torch.equal(a, b)
    assert again.config == model.config and len(again.backbone.core.language_model.layers) == 2


def test_training_begins_from_what_is_saved_around_published_weights(folders: dict[str, Path], tmp_path: Path) -> None:
    """Live tokens, then cached ones, with the backbone whose image tokens are wider than its words."""
    config = replace(TINY_TEST, backbone="qwen3_vl", backbone_layers=2)
    init = hub.save_pretrained(tmp_path / "start", *hub.around(folders["qwen3_vl"], config, ROBOT.chains))
    views, episodes = str(write_views(tmp_path / "views", 4)), str(write_episodes(tmp_path / "episodes", 1))
    small = {"images": 2, "per_image": 2, "log_every": 1, "warmup": 1, "steps": 2, "cache": str(tmp_path / "cache")}
    for stage in ("stage1", "stage2"):
        settings = replace(preset(stage), init=str(init), views=(views,), **small)
        train(replace(settings, episodes=(episodes,)) if stage == "stage2" else settings, tmp_path / stage)
        before, _ = hub.from_pretrained(init)
        init = tmp_path / stage
        after, _ = hub.from_pretrained(init)
        old = dict(before.named_parameters())
        changed = {n for n, p in after.named_parameters() if not torch.equal(p, old[n])}
        assert any("lora_" in n for n in changed) == (stage == "stage1")
        assert any(n.startswith("decoders.1.") for n in changed) == (stage == "stage2")
        assert not any(n.startswith("backbone.") and "lora_" not in n for n in changed)


@pytest.mark.parametrize("name", BACKBONES)
def test_text_of_a_published_tokenizer_comes_back(folders: dict[str, Path], name: str) -> None:
    tokenizer = around(folders, name)[1].tokenizer
    assert tokenizer.decode([tokenizer.begin, *tokenizer.encode("Put it there, Zoë"), tokenizer.end]) == (
        "Put it there, Zoë"
    )


@pytest.mark.parametrize("name", BACKBONES)
def test_layers_above_the_cut_do_not_count(folders: dict[str, Path], name: str) -> None:
    whole, _ = around(folders, name, adapter="none")
    cut, _ = around(folders, name, adapter="none", backbone_layers=2)
    language = whole.backbone.core.language_model
    with torch.no_grad():
        for layer in language.layers[2:]:
            for weight in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
                weight.zero_()  # such a layer hands on what it got
        rgb, tokens = make_batch()["rgb"], torch.tensor([[5, 6, 7]] * 3)
        readings = [
            model.eval().backbone(model.backbone.encode_image(rgb), tokens, torch.ones(3, 3, dtype=torch.bool))
            for model in (whole, cut)
        ]
    assert torch.allclose(readings[0].image, readings[1].image, atol=1e-5)
    assert sum(p.numel() for p in cut.parameters()) < sum(p.numel() for p in whole.parameters())
    for count in (0, 4):
        with pytest.raises(ValueError, match=f"backbone_layers: found {count}, expected 1 to 3"):
            around(folders, name, backbone_layers=count)


def test_a_config_of_old_has_all_layers() -> None:
    config = VLAConfig.from_dict({"backbone": "smolvlm", "text_layers": 3})
    assert config.backbone_layers is None and len(Backbone(config).core.language_model.layers) == 3


def test_finer_grids_are_averaged_and_eight_by_eight_stays() -> None:
    tokens = torch.rand(2, GRID * GRID, 3)
    assert resample(tokens, GRID) is tokens
    fine = torch.arange(256.0).view(1, 256, 1)
    assert resample(fine, 16)[0, :2, 0].tolist() == [(0 + 1 + 16 + 17) / 4, (2 + 3 + 18 + 19) / 4]
    ramp = torch.arange(9.0).repeat(9, 1).view(1, 81, 1)  # columns 0..8 of a 9 x 9 grid
    columns = resample(ramp, 9).view(GRID, GRID)
    assert torch.allclose(columns, torch.arange(GRID) + 0.5) and resample(torch.ones(1, 81, 2), 9).eq(1).all()


def test_a_hub_id_offline_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    for name in BACKBONES:
        with pytest.raises(ValueError, match=r"backbone 'lab/none': no such folder, not in the hub's cache") as line:
            SaPaVe.from_pretrained("lab/none", replace(TINY_TEST, backbone=name))
        assert "\n" not in str(line.value)


def test_weights_that_are_not_all_there_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in ("config.json", "tokenizer.json"):
        (tmp_path / file).write_bytes((folders["smolvlm"] / file).read_bytes())
    with pytest.raises(ValueError, match=r"found no \*\.safetensors"):
        around({"smolvlm": tmp_path}, "smolvlm")
    weights = load_file(folders["smolvlm"] / "model.safetensors")
    weights = {n: v for n, v in weights.items() if "layers.1.self_attn.q_proj" not in n}
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match=r"the weights lack 'model\..*layers\.1\.self_attn\.q_proj"):
        around({"smolvlm": tmp_path}, "smolvlm")


SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
BASE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}


def smolvlm2(vision: dict, scale: int, width: int, layers: int, heads: int, groups: int, mlp: int) -> dict:
    text = {
        "model_type": "llama",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "intermediate_size": mlp,
        "vocab_size": 49280,
    }
    return {"vision_config": vision, "text_config": text, "scale_factor": scale, "tie_word_embeddings": False}


def qwen(vision: dict, tied: bool, vocabulary: int, **text: int) -> dict:
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size")
    half = text.get("head_dim", text["width"] // text["heads"]) // 2
    return {
        "vision_config": {**vision, "out_hidden_size": text["width"]},
        "text_config": {
            **dict(zip(names, (text[n] for n in ("width", "layers", "heads", "groups", "mlp")), strict=True)),
            **({"head_dim": text["head_dim"]} if "head_dim" in text else {}),
            "vocab_size": vocabulary,
            "rope_parameters": {"rope_type": "default", "mrope_section": [half // 4, half * 3 // 8, half * 3 // 8]},
        },
        "tie_word_embeddings": tied,
    }


QWEN25_VISION = {"depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "patch_size": 14}


def paligemma2(width: int, layers: int, heads: int, groups: int, mlp: int) -> dict:
    text = {
        "model_type": "gemma2",
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "intermediate_size": mlp,
        "vocab_size": 257216,
    }
    vision = {**SO400M, "model_type": "siglip_vision_model", "image_size": 224, "patch_size": 14}
    return {
        "vision_config": {**vision, "vision_use_head": False},
        "text_config": text,
        "projection_dim": width,
        "hidden_size": width,
        "image_token_index": 257152,
    }


def gemma3(width: int, layers: int, heads: int, groups: int, mlp: int) -> dict:
    text = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "intermediate_size": mlp,
        "head_dim": 256,
        "vocab_size": 262208,
    }
    vision = {**SO400M, "model_type": "siglip_vision_model", "image_size": 896, "patch_size": 14}
    return {"vision_config": {**vision, "vision_use_head": False}, "text_config": text}


QWEN3_VISION: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_heads": 16,
    "patch_size": 16,
    "depth": 24,
}
QWEN3_VISION["deepstack_visual_indexes"] = [5, 11, 17]

PUBLISHED = {
    # name: backbone, settings, all parameters, image tokens per side before resampling. Sizes are those of the
    # published config.json, written from memory; the first two totals are also what the hub counts in the files.
    "SmolVLM2-256M": (
        "smolvlm",
        smolvlm2({**BASE, "image_size": 512, "patch_size": 16}, 4, 576, 30, 9, 3, 1536),
        256_484_928,
        8,
    ),
    "SmolVLM2-500M": (
        "smolvlm",
        smolvlm2({**BASE, "image_size": 512, "patch_size": 16}, 4, 960, 32, 15, 5, 2560),
        507_482_304,
        8,
    ),
    "SmolVLM2-2.2B": (
        "smolvlm",
        smolvlm2({**SO400M, "image_size": 384, "patch_size": 14}, 3, 2048, 24, 32, 32, 8192),
        2_246_784_880,
        9,
    ),
    "Qwen2.5-VL-3B": (
        "qwen2_5_vl",
        qwen(QWEN25_VISION, True, 151936, width=2048, layers=36, heads=16, groups=2, mlp=11008),
        3_754_622_976,
        8,
    ),
    "Qwen2.5-VL-7B": (
        "qwen2_5_vl",
        qwen(QWEN25_VISION, False, 152064, width=3584, layers=28, heads=28, groups=4, mlp=18944),
        8_292_166_656,
        8,
    ),
    "PaliGemma2-3B": ("paligemma", paligemma2(2304, 26, 8, 4, 9216), 3_032_242_416, 16),
    "PaliGemma2-10B": ("paligemma", paligemma2(3584, 42, 16, 8, 14336), 9_662_638_832, 16),
    "Gemma3-4B": ("gemma3", gemma3(2560, 34, 8, 4, 10240), 4_300_079_472, 16),
    "Gemma3-12B": ("gemma3", gemma3(3840, 48, 16, 8, 15360), 12_187_325_040, 16),
    "Qwen3-VL-2B": (
        "qwen3_vl",
        qwen(QWEN3_VISION, True, 151936, width=2048, layers=28, heads=16, groups=8, mlp=6144, head_dim=128),
        2_127_532_032,
        8,
    ),
    "Qwen3-VL-4B": (
        "qwen3_vl",
        qwen(QWEN3_VISION, True, 151936, width=2560, layers=36, heads=32, groups=8, mlp=9728, head_dim=128),
        4_437_815_808,
        8,
    ),
    "Qwen3-VL-8B": (
        "qwen3_vl",
        qwen({}, False, 151936, width=4096, layers=36, heads=32, groups=8, mlp=12288, head_dim=128),
        8_767_123_696,
        8,
    ),
}


@pytest.mark.parametrize("size", PUBLISHED)
def test_share_of_the_adapter_at_the_published_sizes(size: str, record_property: Callable[[str, object], None]) -> None:
    name, settings, total, grid = PUBLISHED[size]
    config = VLAConfig(backbone=name, backbone_settings=settings)
    with torch.device("meta"):  # shapes without memory
        backbone = Backbone(config)
        insert_adapter(backbone, config)
        if name != "qwen3_vl":  # where it adds the deeper tokens it asks for values, which are not there
            image = torch.zeros(1, GRID * GRID, backbone.width)
            reading = backbone(image, torch.zeros(1, 5, dtype=torch.long), torch.ones(1, 5, dtype=torch.bool))
            assert reading.image.shape == image.shape
    assert backbone.core.grid == grid
    adapter, everything = share(backbone)
    record_property("adapter_share", adapter / everything)
    assert everything - adapter == total
    assert adapter / everything < 0.02
    page = (Path(__file__).parents[1] / "docs/backbones.md").read_text()
    assert f"| {size} | {total:,} | {adapter:,} | {100 * adapter / everything:.2f} % |" in page
