"""The saved training state: safetensors and JSON, written whole or not at all; the last two are kept.

A state may be read by another number of processes than wrote it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from sapave.base.runs import atomic, write_json
from sapave.train import shards
from sapave.train.ranks import Ranks
from sapave.train.shard import is_spread

KEEP = 2
WHOLE = "tensors.safetensors"
"""The file of a state that one process has written; several write `shard-*.safetensors`."""
ALONE = Ranks()
Named = list[tuple[str, nn.Parameter]]


def save_state(
    folder: Path,
    step: int,
    named: Named,
    optimizer: torch.optim.Optimizer,
    extra: dict[str, Any],
    average: Mapping[str, torch.Tensor] | None = None,
    ranks: Ranks = ALONE,
) -> Path:
    """Write `folder`/step-XXXXXXXX with the trained weights, their average if there is one, the optimiser's state and
    `extra`; drop old ones. Where weights are spread out all processes come here, and each writes what it holds."""
    tensors = {f"weight/{name}": parameter.detach() for name, parameter in named}
    for name, parameter in named:
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optim/{key}/{name}"] = torch.as_tensor(value).detach()
    tensors |= {f"ema/{name}": value for name, value in (average or {}).items()}
    final, apart = folder / f"step-{step:08d}", any(is_spread(value) for value in tensors.values())
    partial = folder / f".{final.name}.{int(ranks.agree(os.getpid())) if apart else os.getpid()}.partial"
    if not (apart or ranks.first):
        return final
    if ranks.first:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    if apart:
        ranks.wait()
        shards.write(partial, tensors)
        if not ranks.first:
            return final
        extra = {**extra, "files": sorted(file.name for file in partial.iterdir())}
    else:
        save_file({name: value.contiguous().cpu() for name, value in tensors.items()}, partial / WHOLE)
        _sync(partial / WHOLE)
    write_json(partial / "state.json", {"step": step, **extra})
    shutil.rmtree(final, ignore_errors=True)
    os.replace(partial, final)
    for old in states(folder)[:-KEEP]:
        shutil.rmtree(old)
    return final


def states(folder: Path) -> list[Path]:
    """Saved states, oldest first."""
    return sorted(p for p in folder.glob("step-*") if p.is_dir()) if folder.is_dir() else []


def begun(run: Path) -> bool:
    """Has the run in this folder saved a state? (One that failed at its start has not, and may be started anew.)"""
    return bool(states(run / "state"))


def load_state(
    folder: Path,
    named: Named,
    optimizer: torch.optim.Optimizer,
    average: Mapping[str, torch.Tensor] | None = None,
    ranks: Ranks = ALONE,
) -> dict[str, Any] | None:
    """Put the newest whole state back into the parameters, their average and the optimiser; None when there is none.

    Whether one process wrote it or several, whoever reads it now. A state damaged on disk is passed over for the one
    before it; ValueError when none of them is whole.
    """
    for stale in folder.glob(".step-*.partial") if folder.is_dir() else []:
        shutil.rmtree(stale, ignore_errors=True)  # other processes of this run clear up too
    problems = []
    for path in reversed(states(folder)):
        try:
            extra = _checked(path)
        except (SafetensorError, OSError, json.JSONDecodeError) as problem:
            problems.append(f"{path}: {problem}")
            continue
        apart = any(is_spread(parameter) for _, parameter in named)
        if apart and ranks.agree(extra["step"]) != extra["step"]:
            raise ValueError(f"{path}: not what the first process finds; let all processes share one folder")
        _restore(path, named, optimizer, average or {}, apart)
        return {name: value for name, value in extra.items() if name != "files"}
    if problems:
        raise ValueError(f"no whole training state: {'; '.join(problems)}; remove {folder} to start again")
    return None


def _checked(path: Path) -> dict[str, Any]:
    """What state.json of a saved state says, when all its files are there and whole."""
    extra = json.loads((path / "state.json").read_text())
    for name in extra.get("files", (WHOLE,)):
        with safe_open(path / name, "pt"):  # compares the file's length with what its header promises
            pass
    return extra


def _restore(
    path: Path,
    named: Named,
    optimizer: torch.optim.Optimizer,
    average: Mapping[str, torch.Tensor],
    apart: bool,
) -> None:
    stored = shards.shapes(path)
    names = {key.removeprefix("weight/") for key in stored if key.startswith("weight/")}
    wanted = {name for name, _ in named}
    if names != wanted:
        odd = sorted(names ^ wanted)
        raise ValueError(
            f"{path}: {len(odd)} parameters do not fit this run (first: {odd[0]}); use another output folder"
        )
    for name in average:
        if f"ema/{name}" not in stored:
            raise ValueError(f"{path}: holds no average of {name}; use another output folder, or ema 0")
    values = {f"weight/{name}": parameter.detach() for name, parameter in named}
    values |= {f"ema/{name}": value for name, value in average.items()}
    for name, parameter in named:
        size = stored[f"weight/{name}"]
        if size != parameter.shape:
            raise ValueError(f"{path}: {name} is {tuple(size)}, expected {tuple(parameter.shape)}")
    parameters = dict(named)
    for key, size in stored.items():
        part, _, rest = key.partition("/")
        if part == "optim":
            kind, name = rest.split("/", 1)
            # AdamW keeps its step counter on the CPU whatever the device
            value = torch.zeros(size) if kind == "step" else torch.zeros_like(parameters[name].detach())
            values[key] = optimizer.state[parameters[name]][kind] = value
    shards.read(path, values, together=apart)


def trim_metrics(path: Path, step: int) -> None:
    """Drop the lines of metrics.jsonl that a killed run wrote after its last saved state (and a torn last line)."""
    if not path.is_file():
        return
    rows = []
    for line in path.read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if row.get("step", 0) <= step:
            rows.append(row)
    with atomic(path) as partial:
        partial.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _sync(path: Path) -> None:
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())
