"""Words of views after they were made: paraphrases by a language model, and what two folders have in common."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from sapave.base import runs
from sapave.base.seeds import rng
from sapave.data.instructions.paraphrase import ParaphraseConfig, Sentence, paraphrase_all, tally
from sapave.data.view_files import Key, numbered, samples_of, shards

ARTICLES = ("the ", "a ", "an ")
WORDS = pa.schema(
    [("frame_id", pa.int64()), ("index", pa.int16()), ("texts", pa.list_(pa.string())), ("failure", pa.string())]
)
SHARED = ("instructions", "templates", "scenes", "things")
"""What must not stand in two splits."""


def words_path(frames: Path) -> Path:
    """Where the paraphrases of a shard lie, given its frames file."""
    return frames.with_name(frames.name.replace("frames-", "paraphrases-"))


def paraphrase_folder(folder: Path, config: ParaphraseConfig) -> dict[str, int]:
    """Ask for paraphrases of every sample; kept beside the data, shard by shard, and applied by `export`.

    A killed run asks only for what is missing. What fails is marked and counted; the sample keeps its own words.
    ValueError when the folder holds no views or the endpoint is not set.
    """
    if not (config.url and config.model):
        raise ValueError("paraphrase: found no endpoint, expected --paraphrase.url and --paraphrase.model")
    total: dict[str, int] = {}
    for frames in tqdm(shards(folder), desc="paraphrase", unit="shard", disable=None):
        if words_path(frames).is_file():
            continue
        samples = list(numbered(samples_of(frames)))
        sentences = [Sentence(text=s["instruction"], keep=tuple(map(_bare, s["said"] or ()))) for _, s in samples]
        found = list(paraphrase_all(sentences, config, folder / "paraphrases.jsonl"))
        rows = [
            {"frame_id": key[0], "index": key[1], "texts": list(one.texts), "failure": one.failure}
            for (key, _), one in zip(samples, found, strict=True)
        ]
        with runs.atomic(words_path(frames)) as partial:
            pq.write_table(pa.Table.from_pylist(rows, WORDS), partial)
        for name, count in tally(found).items():
            total[name] = total.get(name, 0) + count
    return total


def _bare(words: str) -> str:
    """Without its article, which a paraphrase may change."""
    return next((words.removeprefix(a) for a in ARTICLES if words.startswith(a)), words)


def paraphrases(frames: Path) -> dict[Key, str]:
    """One paraphrase for each sample of a shard that has some; which one follows from the sample alone."""
    path = words_path(frames)
    found = {}
    for row in pq.read_table(path).to_pylist() if path.is_file() else []:
        if row["texts"]:
            chance = rng(row["frame_id"], "paraphrase", row["index"])
            found[(row["frame_id"], row["index"])] = row["texts"][int(chance.integers(len(row["texts"])))]
    return found


def overlaps(folders: list[Path]) -> dict[str, dict[str, int]]:
    """For each pair of views folders, how many instructions, templates, scenes and things stand in both.

    ValueError naming the first pair of different splits that shares any.
    """
    if len(folders) < 2:
        raise ValueError(f"check: found {len(folders)} folder, expected at least two")
    cards = {folder: json.loads((folder / "card.json").read_text()) for folder in folders}
    content = {folder: _content(folder) for folder in folders}
    found = {}
    for a, b in combinations(folders, 2):
        found[f"{a} and {b}"] = {name: len(content[a][name] & content[b][name]) for name in SHARED}
    for a, b in combinations(folders, 2):
        splits = [cards[f]["config"]["split"] for f in (a, b)]
        related = {"test1", "test2"} == set(splits)  # the same words and things, on other scenes
        for name in SHARED if splits[0] != splits[1] else ():
            count = found[f"{a} and {b}"][name]
            if count and not (related and name != "scenes"):
                raise ValueError(
                    f"{a} ({splits[0]}) and {b} ({splits[1]}): found {count} {name} in both, expected none"
                )
    return found


def _content(folder: Path) -> dict[str, set[Any]]:
    out: dict[str, set[Any]] = {name: set() for name in SHARED}
    for frames in shards(folder):
        for sample in samples_of(frames):
            out["instructions"].add(sample["instruction"])
            out["templates"].add(sample["template"])
        table = pq.read_table(frames, columns=["seed", "objects"])
        for seed, objects in zip(table["seed"].to_pylist(), table["objects"].to_pylist(), strict=True):
            if seed in out["scenes"]:
                continue
            out["scenes"].add(seed)
            things = (e for e in json.loads(objects) if e["kind"] == "thing")
            out["things"] |= {(e["family"], e["model"], e["colour"], e["look"]) for e in things}
    out["templates"].discard("")
    return out
