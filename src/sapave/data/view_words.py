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
from sapave.base.chat import FAILURES
from sapave.base.endpoint import Endpoint
from sapave.base.seeds import rng
from sapave.base.shelf import shelf
from sapave.data.instructions.paraphrase import ParaphraseConfig, Sentence, has, paraphrase_all, tally, words_of
from sapave.data.view_card import read_card
from sapave.data.view_files import Key, numbered, samples_of, shards

ARTICLES = ("the ", "a ", "an ")
WORDS = pa.schema(
    [("frame_id", pa.int64()), ("index", pa.int16()), ("texts", pa.list_(pa.string())), ("failure", pa.string())]
)
FAILED = frozenset(FAILURES)
OTHERWISE = ("can",)
"""Names of things that are other words as well."""
SHARED = ("instructions", "templates", "scenes", "things")
"""What must not stand in two splits."""


def words_path(frames: Path) -> Path:
    """Where the paraphrases of a shard lie, given its frames file."""
    return frames.with_name(frames.name.replace("frames-", "paraphrases-"))


def paraphrase_folder(folder: Path, config: ParaphraseConfig) -> dict[str, int]:
    """Ask for paraphrases of every sample; kept beside the data, shard by shard, and applied by `export`.

    A killed run asks only for what is missing, one that found the endpoint failing asks again. What fails is marked and
    counted; the sample keeps its own words. A paraphrase must not name what the words leave to be found.
    ValueError when the folder holds no views or the endpoint is not set.
    """
    if not (config.url and config.model):
        raise ValueError("paraphrase: found no endpoint, expected --paraphrase.url and --paraphrase.model")
    total: dict[str, int] = {}
    transcript = folder / "paraphrases.jsonl"
    endpoint = Endpoint(config, transcript)  # one for all shards: its rate, its limits, its patience
    for frames in tqdm(shards(folder), desc="paraphrase", unit="shard", disable=None):
        if _asked(words_path(frames)):
            continue
        samples, there = list(numbered(samples_of(frames))), _names(frames)
        sentences = [
            Sentence(
                text=s["instruction"],
                keep=tuple(map(_bare, s["said"] or ())),
                avoid=tuple(n for n in there[s["frame_id"]] if not has(words_of(s["instruction"]), words_of(n))),
            )
            for _, s in samples
        ]
        found = list(paraphrase_all(sentences, config, transcript, endpoint))
        rows = [
            {"frame_id": key[0], "index": key[1], "texts": list(one.texts), "failure": one.failure}
            for (key, _), one in zip(samples, found, strict=True)
        ]
        with runs.atomic(words_path(frames)) as partial:
            pq.write_table(pa.Table.from_pylist(rows, WORDS), partial)
        for name, count in tally(found).items():
            total[name] = total.get(name, 0) + count
    return total


def _asked(path: Path) -> bool:
    """Is the file of a shard's paraphrases there, with no sample that an endpoint did not answer?"""
    return path.is_file() and not FAILED.intersection(pq.read_table(path, columns=["failure"])["failure"].to_pylist())


def _names(frames: Path) -> dict[int, list[str]]:
    """What the things in each frame of a shard may be called, by the frame's number."""
    families = shelf("sapave.sim.objects", "FAMILY")
    found: dict[int, list[str]] = {}
    table = pq.read_table(frames, columns=["frame_id", "objects"])
    for number, objects in zip(table["frame_id"].to_pylist(), table["objects"].to_pylist(), strict=True):
        names: set[str] = set()
        for thing in (e for e in json.loads(objects) if e.get("family") in families):
            names |= {*families[thing["family"]].nouns, thing["model"], *thing["synonyms"]}
        found[number] = sorted(names - {"", *OTHERWISE})
    return found


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
    cards = {folder: read_card(folder) for folder in folders}
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
            out["instructions"].add(" ".join(words_of(sample["instruction"])))
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
