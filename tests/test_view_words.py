"""Words of views after they were made: paraphrases that resume, a copy told otherwise, splits that share nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chat_server import Says, serving, text_of
from sapave.cli import main
from sapave.data.instructions.paraphrase import ParaphraseConfig
from sapave.data.review import export
from sapave.data.view_words import overlaps, paraphrase_folder, words_path
from sapave.data.views import ViewsConfig, generate

SUITE = "activeviewpose"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("words")
    for split in ("train", "test1", "test2"):
        out = place / split
        generate(ViewsConfig(out=out, suite=SUITE, split=split, scenes=2, views=2, samples=2, per_shard=1, workers=0))
    return {split: place / split for split in ("train", "test1", "test2")}


def reword(request: dict) -> Says | str:
    """The instruction between other words; nonsense where it asks for something."""
    text = re.search(r"Instruction: (.*)", text_of(request))
    assert text
    if " something " in text[1]:
        return Says(text="I cannot do that.")
    return json.dumps([f"would you kindly {text[1]}", f"my wish {text[1]} today"])


def test_paraphrases_are_kept_resumed_and_told_in_the_copy(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = folders["train"]
    with serving(reword) as server:
        config = ParaphraseConfig(url=server.url, model="m", count=2, asks=1, backoff=0.01)
        counts = paraphrase_folder(folder, config)
        asked = len(server.requests)
        words_path(folder / "frames-00001.parquet").unlink()  # as if killed before the second shard was whole
        paraphrase_folder(folder, config)
        assert len(server.requests) == asked  # the transcript answers
        assert paraphrase_folder(folder, config) == {}
    assert counts["sentences"] == 8 and counts["paraphrases"] >= 10
    said = export(folder, tmp_path / "copy")
    before = [r["instruction"] for p in sorted(folder.glob("samples-*")) for r in pq.read_table(p).to_pylist()]
    after = [
        r["instruction"] for p in sorted((tmp_path / "copy").glob("samples-*")) for r in pq.read_table(p).to_pylist()
    ]
    changed = [(b, a) for b, a in zip(before, after, strict=True) if a != b]
    assert len(changed) == said["paraphrased"] >= 5
    assert all(a in (f"would you kindly {b}", f"my wish {b} today") for b, a in changed)
    assert overlaps([tmp_path / "copy", folders["test1"]])[f"{tmp_path / 'copy'} and {folders['test1']}"]["scenes"] == 0
    for path in folder.glob("paraphrases*"):
        path.unlink()


def test_what_an_endpoint_did_not_answer_is_asked_again(folders: dict[str, Path]) -> None:
    folder = folders["train"]
    with serving(reword) as server:
        server.answer = lambda request: Says(status=500)
        config = ParaphraseConfig(url=server.url, model="m", count=2, asks=1, backoff=0.01, retries=0, give_up_after=3)
        counts = paraphrase_folder(folder, config)
        assert counts["failed_broken"] == counts["sentences"] == 8 and len(server.requests) < 8  # one patience for all
        server.answer = reword
        again = paraphrase_folder(folder, config)
        assert again["sentences"] == 8 and not any(name.startswith("failed_broken") for name in again)
        assert paraphrase_folder(folder, config) == {}
    for path in folder.glob("paraphrases*"):
        path.unlink()


def test_a_paraphrase_does_not_name_what_the_words_leave_to_be_found(folders: dict[str, Path]) -> None:
    folder = folders["train"]
    rows = [r for p in sorted(folder.glob("frames-*")) for r in pq.read_table(p).to_pylist()]
    here = {
        r["frame_id"]: {e["model"] for e in json.loads(r["objects"]) if e["kind"] == "thing" and e["model"]}
        for r in rows
    }
    there = set().union(*here.values())
    asked = {r["frame_id"]: [] for r in rows}
    for path in sorted(folder.glob("samples-*")):
        for sample in pq.read_table(path).to_pylist():
            asked[sample["frame_id"]].append(sample["instruction"])

    def tell(request: dict) -> str:
        text = re.search(r"Instruction: (.*)", text_of(request))
        assert text
        return json.dumps([f"{text[1]} {name} there" for name in sorted(there)])

    with serving(tell) as server:
        counts = paraphrase_folder(folder, ParaphraseConfig(url=server.url, model="m", count=1, asks=1))
        kept = [r for p in folder.glob("paraphrases-*") for r in pq.read_table(p).to_pylist() if r["texts"]]
    for path in folder.glob("paraphrases*"):
        path.unlink()
    assert counts["rejected"] >= 4 and len(there) >= 4
    assert kept  # with names of the other scene's things
    for row in kept:
        words = asked[row["frame_id"]][row["index"]]
        added = row["texts"][0].removeprefix(words).removesuffix(" there").strip()
        assert added in there and (added not in here[row["frame_id"]] or added in words)


def test_splits_share_nothing_but_what_the_two_tests_may(folders: dict[str, Path], tmp_path: Path) -> None:
    found = overlaps(list(folders.values()))
    assert len(found) == 3 and all(counts["scenes"] == 0 for counts in found.values())
    generate(ViewsConfig(out=tmp_path / "val", suite=SUITE, split="val", scenes=1, views=1, samples=1, workers=0))
    card = json.loads((tmp_path / "val" / "card.json").read_text())
    card["config"]["split"] = "train"  # a copy of val that says it is training data
    (tmp_path / "fake").mkdir()
    for path in (tmp_path / "val").glob("*.parquet"):
        (tmp_path / "fake" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "fake/card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match="found 1 instructions in both, expected none"):
        overlaps([tmp_path / "val", tmp_path / "fake"])


def test_the_commands_say_what_they_did(
    folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train, copy = str(folders["train"]), str(tmp_path / "copy")
    assert main(["views", "export", train, "--out", copy]) == 0
    assert "8 unreviewed" in capsys.readouterr().out
    assert main(["views", "check", copy, str(folders["test2"])]) == 0
    assert "0 scenes in both" in capsys.readouterr().out
    for words, line in (
        (["views", "check", copy, copy + "2"], "card.json: no card"),
        (["views", "paraphrase", train], "expected --paraphrase.url"),
        (["views", "review", str(tmp_path / "none")], "card.json: no card"),
        (["views", "export", train, "--out", train], "is the reviewed folder itself"),
    ):
        assert main(words) == 2
        told = capsys.readouterr().err
        assert line in told and told.count("\n") == 1


def test_bad_input_is_refused_in_one_line(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="found no endpoint"):
        paraphrase_folder(folders["train"], ParaphraseConfig())
    with pytest.raises(ValueError, match="expected at least two"):
        overlaps([folders["train"]])
    with pytest.raises(ValueError, match=r"card.json: no card .*let `sapave views` finish"):
        overlaps([folders["train"], tmp_path])
    with pytest.raises(ValueError, match="written by `sapave views`"):
        paraphrase_folder(tmp_path, ParaphraseConfig(url="http://127.0.0.1:9", model="m"))
