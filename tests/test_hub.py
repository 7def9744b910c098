"""The hub: a checkpoint goes there and comes back the same by the real client; the card says what is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi, ModelCard, constants

from hub_server import LocalHub, local_hub
from sapave import cli
from sapave.bench.arms import arms
from sapave.model import checkpoint, hub
from sapave.model.config import TINY_TEST
from sapave.model.hub_card import card
from sapave.model.vla import SaPaVe
from sapave.policies.sapave import shipped
from test_checkpoint import make_processor


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hub.save_pretrained(
        tmp_path_factory.mktemp("hub") / "tiny", SaPaVe(TINY_TEST), make_processor(), notes={"stage": "two"}
    )


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with local_hub() as running:
        template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, running.url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", running.url)
        yield running


def api(server: LocalHub) -> HfApi:
    return HfApi(endpoint=server.url, token="hf_test")


def test_what_is_pushed_comes_back_the_same(server: LocalHub, folder: Path) -> None:
    url = hub.push_to_hub(folder, "lab/tiny", private=True, message="First", api=api(server))
    assert url == f"{server.url}/lab/tiny"
    assert server.messages == ["First"]
    assert server.made[0].get("private") is True or server.made[0].get("visibility") == "private"
    assert set(server.repos["lab/tiny"]) == {*hub.MODEL_FILES, "README.md"}
    model, processor = hub.from_pretrained("lab/tiny", endpoint=server.url)
    first, _ = hub.from_pretrained(folder)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), first.parameters(), strict=True))
    assert len(processor.tokenizer) == len(make_processor().tokenizer)


def test_a_damaged_checkpoint_is_not_pushed(server: LocalHub, folder: Path, tmp_path: Path) -> None:
    for name in hub.MODEL_FILES:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / checkpoint.STATS).write_text("{}")
    with pytest.raises(ValueError, match=r"stats\.json: found 2 bytes"):
        hub.push_to_hub(tmp_path, "lab/tiny", api=api(server))
    assert server.repos == {}


def test_what_is_downloaded_is_checked(server: LocalHub, folder: Path) -> None:
    hub.push_to_hub(folder, "lab/tiny", api=api(server))
    weights = server.repos["lab/tiny"][checkpoint.WEIGHTS]
    server.repos["lab/tiny"][checkpoint.WEIGHTS] = weights[:-1] + bytes([weights[-1] ^ 1])
    with pytest.raises(ValueError, match="sha256"):
        hub.from_pretrained("lab/tiny", endpoint=server.url)


def test_a_refused_push_is_one_line(server: LocalHub, folder: Path) -> None:
    server.refuse = 403
    with pytest.raises(ValueError, match=r"repo 'lab/tiny': the hub refused \(HTTP 403\)"):
        hub.push_to_hub(folder, "lab/tiny", api=api(server))
    with pytest.raises(ValueError, match=r"repo 'lab/tiny': http.* is out of reach"):
        hub.push_to_hub(folder, "lab/tiny", api=HfApi(endpoint="http://127.0.0.1:9", token="hf_test"))
    with pytest.raises(ValueError, match="expected a hub id as owner/name"):
        hub.push_to_hub(folder, "tiny", api=api(server))


def test_an_unknown_id_is_one_line(server: LocalHub) -> None:
    with pytest.raises(ValueError, match=r"checkpoint 'lab/none': no such folder, and the hub did not give it") as line:
        hub.resolve("lab/none", endpoint=server.url)
    assert "\n" not in str(line.value)


def test_offline_an_id_comes_from_the_cache_or_is_one_line(
    server: LocalHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push_to_hub(folder, "lab/tiny", api=api(server))
    cached = hub.resolve("lab/tiny", endpoint=server.url)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked = len(server.asked)
    assert hub.resolve("lab/tiny", endpoint=server.url) == cached
    with pytest.raises(ValueError, match=r"checkpoint 'lab/other': no such folder, not in the hub's cache"):
        hub.resolve("lab/other", endpoint=server.url)
    assert len(server.asked) == asked


def test_a_folder_goes_before_the_hub(server: LocalHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lab/tiny").mkdir(parents=True)
    for name in ("lab/tiny", "runs/some/where", "./lab/none", "/lab/none"):
        assert hub.resolve(name) == Path(name)
    assert server.asked == []


def test_arms_take_a_hub_id(server: LocalHub, folder: Path) -> None:
    hub.push_to_hub(folder, "lab/tiny", api=api(server))
    found = arms(("active",), Path("lab/tiny"))[0].checkpoint
    assert Path(found).is_dir() and checkpoint.load_config(found)["notes"] == {"stage": "two"}


def test_what_is_stored_beside_a_base_goes_whole(server: LocalHub, folder: Path, tmp_path: Path) -> None:
    model, processor = checkpoint.load(folder)
    with torch.no_grad():
        next(model.decoders[1].parameters()).add_(0.5)
    checkpoint.save(tmp_path / "beside", model, processor, base=folder)
    hub.push_to_hub(tmp_path / "beside", "lab/beside", api=api(server))
    found = hub.resolve("lab/beside", endpoint=server.url)
    assert "base" not in checkpoint.load_config(found)
    again, _ = checkpoint.load(found)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))


def test_the_shipped_card_holds_its_own_results() -> None:
    text = card(shipped(), repo="lab/active")
    read = ModelCard(text)
    assert read.data.license == "apache-2.0" and read.data.library_name == "sapave"
    results = json.loads((shipped() / "results.json").read_text())
    mine = [cell for cell in results["cells"] if cell["arm"] == "active"]
    assert [r.metric_value for r in read.data.eval_results] == [round(100 * c["held"]["rate"], 1) for c in mine]
    for cell in mine:
        held = cell["held"]
        interval = f"{100 * held['rate']:.1f} ({100 * held['low']:.0f}–{100 * held['high']:.0f})"
        assert f"| **active** | {cell['task']} | {cell['condition']} | {cell['n']} | {interval} |" in text
    assert 'from_pretrained("lab/active")' in text and "10.8 M, stored as F16" in text


def test_figures_of_other_weights_stay_out(folder: Path, tmp_path: Path) -> None:
    results = shipped() / "results.json"
    with pytest.raises(ValueError, match=r"results\.json: of weights .*; this checkpoint's are "):
        card(folder, results=results)
    text = card(folder)
    assert "None are recorded" in text and "- stage: two" in text and not ModelCard(text).data.eval_results
    copied = hub.save_pretrained(tmp_path, SaPaVe(TINY_TEST), make_processor(), results=results)
    assert "its results.json is of other weights" in (copied / "README.md").read_text()
    (tmp_path / "results.json").write_text("[]")
    with pytest.raises(ValueError, match="not a results.json"):
        card(tmp_path)


def test_command_line(
    server: LocalHub, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "README.md"
    assert cli.main(["hub", "card", str(folder), "--name", "lab/tiny", "--out", str(out)]) == 0
    assert out.read_text() == card(folder, name="lab/tiny")
    assert cli.main(["hub", "publish"]) == 2
    assert "there are: card, push" in capsys.readouterr().err
    assert cli.main(["hub", "card", str(tmp_path / "none")]) == 2
    assert "expected a checkpoint folder" in capsys.readouterr().err
    assert cli.main(["hub", "push", str(folder), "--repo", "tiny"]) == 2
    assert "owner/name" in capsys.readouterr().err
