"""Views that live on the training device: a batch is a few gathers there, and no thread prepares pictures or words.

For runs in which a GPU would wait for the data: everything of the packs is put into the device's memory once, pictures
as they are (about 140 kB a frame), words as tokens. Batch i is the same as without, but for stage 0: its tasks are
drawn once per frame, TASKS of them, and the stored samples stand beside them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from sapave.base.chunks import approach
from sapave.base.seeds import rng
from sapave.data.pack import Pack, TextTable
from sapave.data.windows import CELLS, Sampler, Source, Stage0Task, choose_rows, pool
from sapave.model.memory import looked_at
from sapave.train.batches import Tensors, present

TASKS = 6
"""Stage-0 tasks drawn per frame."""
PICTURES = ("rgb", "depth", "seg")
_ROWS = 4096


@dataclass(frozen=True)
class Table:
    """One source on the device."""

    source: Source
    """Its pack holds the rows; those of tasks are among them."""
    values: Tensors
    """Per frame: rgb, depth [mm, int16], seg, intrinsics, base_from_camera, state; per row: tokens, target, goal,
    and what of head_chunk, commit, looked and answer there is."""


def with_tasks(source: Source, task: Stage0Task, seed: int) -> tuple[Source, list[str]]:
    """The source with TASKS stage-0 tasks more per frame, and the answer of every row ('' where there is none)."""
    pack = source.pack
    texts = TextTable()
    for text in pack.texts:
        texts(text)
    rows: list[tuple[int, int, int, int, str]] = []
    for frame in range(pack.n_frames):
        chance, objects = rng(seed, "tasks", frame), pack.frame_objects(frame)
        for _ in range(TASKS if objects else 0):
            text, target, goal, answer = task(chance, objects)
            rows.append((frame, texts(text), target, goal, answer))
    old = pack.arrays
    frame, text, target, goal, answer = zip(*rows, strict=True)
    named = {"frame": frame, "text": text, "target": target, "goal": goal}
    order = np.argsort(np.concatenate([old["frame"], np.array(frame)]), kind="stable")
    arrays = {n: np.concatenate([old[n], np.array(v, old[n].dtype)])[order] for n, v in named.items()}
    pictures = {n: v for n, v in old.items() if len(v) == pack.n_frames and n not in named}
    made = replace(pack, arrays={**pictures, **arrays}, texts=tuple(texts.numbers))
    first = np.searchsorted(arrays["frame"], np.arange(pack.n_frames + 1))
    answers = np.array([""] * pack.n_rows + list(answer), object)[order]
    return replace(source, pack=made, first=first, frames=np.flatnonzero(np.diff(first) > 0)), answers.tolist()


class Resident:
    """Batches of views, made on `device`; ValueError for data that only the other road can read."""

    def __init__(self, sampler: Sampler, processor: Any, device: torch.device, wanted: Collection[str]) -> None:
        if sampler.episodes or sampler.raw:
            raise ValueError("training setting resident: reads views alone, as they are; leave it out with episodes, "
                             "zoom or jitter")  # fmt: skip
        self.device, self.wanted = device, frozenset(wanted)
        sources, answers = list(sampler.views), [[""]] * len(sampler.views)
        if sampler.task is not None:
            pairs = [with_tasks(source, sampler.task, sampler.seed) for source in sampler.views]
            sources, answers = [a for a, _ in pairs], [b for _, b in pairs]
        self.sampler = replace(sampler, views=sources, task=None, _orders={})
        self.tables = [Table(s, self._load(s.pack, processor, a)) for s, a in zip(sources, answers, strict=True)]
        height, width = sources[0].pack.arrays["rgb"].shape[1:3]
        self.pools = [torch.from_numpy(pool(size, CELLS)).to(device) for size in (height, width)]

    def _load(self, pack: Pack, processor: Any, answers: list[str]) -> Tensors:
        a = pack.arrays
        state = processor.state(a["head"], a["head_target"], a["other"], a["other_target"])
        tokens, mask = processor.tokenize(pack.texts)
        values = {n: torch.from_numpy(np.array(a[n])) for n in ("rgb", "seg", "intrinsics", "base_from_camera")}
        values["depth"] = torch.from_numpy(np.minimum(a["depth"], 32767).astype(np.int16))
        values["state"] = torch.from_numpy(state)
        values |= {"text": torch.from_numpy(a["text"].astype(np.int64)), "tokens": tokens, "tokens_mask": mask}
        values |= {n: torch.from_numpy(a[n].astype(np.int64)) for n in ("target", "goal")}
        if "looked_from" in a:
            values["looked"] = looked_at(torch.from_numpy(a["looked_from"]))
        if "answer" in self.wanted and any(answers):
            values["answer"] = processor.answers(answers)
        if "commit" in self.wanted and "commit" in a:
            values["commit"] = torch.from_numpy(np.asarray(a["commit"]))
        if "head" in self.wanted and "motion" in a and processor.head_norm is not None:
            chunks = [approach(a["motion"][i : i + _ROWS]) for i in range(0, pack.n_rows, _ROWS)]
            values["head_chunk"] = torch.from_numpy(
                processor.head_norm.apply(np.concatenate(chunks)).astype(np.float32)
            )
        return {name: value.to(self.device) for name, value in values.items()}

    def batch(self, step: int, dropout: float = 0.0) -> Tensors:
        """Batch number `step` on the device, as `train.batches.tensors` makes it."""
        sampler, parts, shift = self.sampler, [], 0
        for number, (source, frames) in enumerate(sampler.frames(step)):
            chance = rng(sampler.seed, "batch", step, number)
            rows = choose_rows(source, frames, sampler.per_image, chance)
            table = next(t for t in self.tables if t.source is source)
            seen, index = np.unique(source.pack.arrays["frame"][rows], return_inverse=True)
            parts.append(self._part(table, rows, seen, index.reshape(-1), shift))
            shift += len(seen)
        out = {n: torch.cat([p[n] for p in parts]) for n in parts[0] if all(n in p for p in parts)}
        has = present(len(out["rgb"]), dropout, (sampler.seed, step))
        return out | {"has": torch.from_numpy(has).to(self.device)}

    def _part(self, table: Table, rows: np.ndarray, seen: np.ndarray, index: np.ndarray, shift: int) -> Tensors:
        values, device = table.values, self.device
        row, frame, image = (torch.from_numpy(np.asarray(v, np.int64)).to(device) for v in (rows, seen, index))
        out = {n: values[n][frame] for n in ("rgb", "intrinsics", "base_from_camera")}
        out["depth"] = values["depth"][frame].float() * 1e-3
        out["state"] = values["state"][frame][image]
        text = values["text"][row]
        out |= {n: values[n][text] for n in ("tokens", "tokens_mask")}
        out["image_index"] = image + shift
        out |= {n: values[n][row] for n in ("answer", "commit", "looked", "head_chunk") if n in values}
        if {"pointer", "presence"} & self.wanted:
            ids = torch.stack([values["target"][row], values["goal"][row]], 1)
            shown = (values["seg"][frame][image][:, None] == ids[..., None, None]) & (ids > 0)[..., None, None]
            out["mask"] = self.pools[0] @ shown.float() @ self.pools[1].T
        if "head_chunk" in out:
            out["has_other"] = torch.zeros(len(rows), dtype=torch.bool, device=device)
        return out
