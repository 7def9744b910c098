"""Review of views by people: decisions kept beside the data, and applied when a reviewed copy is exported."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sapave.base import runs
from sapave.data.view_card import read_card, write_card
from sapave.data.view_files import SCHEMAS, Key, numbered, samples_of, shards, write_shard
from sapave.data.view_words import paraphrases

DECISIONS = ("accept", "reject", "edit")
FILE = "review.jsonl"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a reviewer said about one sample."""

    frame_id: int
    index: int
    decision: str
    """accept | reject | edit."""
    instruction: str = ""
    """The new words of an edit."""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise ValueError(f"decision '{self.decision}': expected one of {', '.join(DECISIONS)}")
        if self.decision == "edit" and not self.instruction.strip():
            raise ValueError("decision edit: found no words, expected the new instruction")


def keep(folder: Path, decision: Decision) -> None:
    """Append a decision to the folder's review.jsonl."""
    runs.append_jsonl(folder / FILE, asdict(decision))


def decisions(folder: Path) -> dict[Key, Decision]:
    """The last decision on each sample; a line cut short is left out."""
    found: dict[Key, Decision] = {}
    path = folder / FILE
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            one = Decision(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue
        found[(one.frame_id, one.index)] = one
    return found


def export(folder: Path, out: Path) -> dict[str, int]:
    """Write a copy of a views folder with what people and a language model said applied: rejected samples left out,
    edited ones reworded, accepted ones as they are, the others told in one of their paraphrases where there are some.

    A views folder like any other, with a card of its own. Returns how many were accepted, rejected, edited, left
    unreviewed, and paraphrased. ValueError when `out` is the folder itself or holds views already, or without a card.
    """
    if out.resolve() == folder.resolve():
        raise ValueError(f"{out}: is the reviewed folder itself; name another one")
    if out.is_dir() and any(out.glob("*.parquet")):
        raise ValueError(f"{out}: holds views already; name a new folder")
    config = read_card(folder)["config"]
    made = decisions(folder)
    counts: dict[str, int] = dict.fromkeys(("accepted", "rejected", "edited", "unreviewed", "paraphrased"), 0)
    names: dict[str, str] = {"accept": "accepted", "reject": "rejected", "edit": "edited"}
    for number, path in enumerate(shards(folder)):
        kept, otherwise = [], paraphrases(path)
        for key, sample in numbered(samples_of(path)):
            said = made.get(key)
            counts[names[said.decision] if said else "unreviewed"] += 1
            if said is None:
                counts["paraphrased"] += key in otherwise
                kept.append(sample | {"instruction": otherwise.get(key, sample["instruction"])})
            elif said.decision == "accept":
                kept.append(sample)
            elif said.decision == "edit":
                kept.append(sample | {"instruction": said.instruction.strip()})
        used = {sample["frame_id"] for sample in kept}
        table = pq.read_table(path)
        frames = table.filter(pa.array([i in used for i in table["frame_id"].to_pylist()], pa.bool_()))
        write_shard(out, number, frames.cast(SCHEMAS["frames"]).to_pylist(), kept)
    write_card(out, config)
    return counts
