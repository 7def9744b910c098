"""Training runs at test size: data, settings, and what a run left in its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch

from sapave.model import checkpoint
from sapave.model.config import TINY_TEST
from sapave.train.presets import TrainConfig, preset
from training_data import write_episodes, write_views

TINY = {n: v for n, v in vars(TINY_TEST).items() if v != vars(type(TINY_TEST)()).get(n) and n != "eye"}
SMALL = {"images": 4, "per_image": 2, "log_every": 1, "warmup": 2, "eval_images": 4, "steps": 3, "eval_every": 100}
CLOCK = ("seconds", "rows_per_s", "data_s", "mfu")
"""What two equal runs need not share: it is read from a clock."""


def make_place(folder: Path) -> Path:
    """A folder with views, val and episodes."""
    write_views(folder / "views", 10)
    write_views(folder / "val", 6, seed=3)
    write_episodes(folder / "episodes", 2, 8)
    return folder


def settings(name: str, place: Path, **changes: object) -> TrainConfig:
    """A stage at test size."""
    common = {"views": (str(place / "views"),), "cache": str(place / "cache"), **SMALL}
    if name == "stage0":
        common["override"] = tuple(f"{n}={json.dumps(v)}" for n, v in TINY.items())
    else:
        common["init"] = str(place / "zero")
    if name in ("draft", "stage2"):
        common["episodes"] = (str(place / "episodes"),)
    return replace(preset(name), **{**common, **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    model, _ = checkpoint.load(folder)
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def lines(folder: Path) -> list[dict]:
    rows = [json.loads(line) for line in (folder / "train" / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k not in CLOCK} for row in rows]
