"""The saved training state: safetensors and JSON, written whole or not at all; the last two are kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from sapave.base.runs import atomic, write_json

KEEP = 2


def save_state(
    folder: Path,
    step: int,
    named: list[tuple[str, nn.Parameter]],
    optimizer: torch.optim.Optimizer,
    extra: dict[str, Any],
    average: Mapping[str, torch.Tensor] | None = None,
) -> Path:
    """Write `folder`/step-XXXXXXXX with the trained weights, their average if there is one, the optimiser's state and
    `extra`; drop old ones."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, parameter in named:
        tensors[f"weight/{name}"] = parameter.detach().contiguous().cpu()
        for key, value in optimizer.state.get(parameter, {}).items():
            tensors[f"optim/{key}/{name}"] = torch.as_tensor(value).detach().contiguous().cpu()
    tensors |= {f"ema/{name}": value.contiguous().cpu() for name, value in (average or {}).items()}
    final = folder / f"step-{step:08d}"
    partial = folder / f".{final.name}.{os.getpid()}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    save_file(tensors, partial / "tensors.safetensors")
    _sync(partial / "tensors.safetensors")
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
    named: list[tuple[str, nn.Parameter]],
    optimizer: torch.optim.Optimizer,
    average: Mapping[str, torch.Tensor] | None = None,
) -> dict[str, Any] | None:
    """Put the newest whole state back into the parameters, their average and the optimiser; None when there is none.

    A state damaged on disk is passed over for the one before it; ValueError when none of them is whole.
    """
    for stale in folder.glob(".step-*.partial") if folder.is_dir() else []:
        shutil.rmtree(stale, ignore_errors=True)  # other processes of this run clear up too
    found = states(folder)
    problems = []
    for path in reversed(found):
        try:
            tensors = load_file(path / "tensors.safetensors")
            extra = json.loads((path / "state.json").read_text())
        except (SafetensorError, OSError, json.JSONDecodeError) as problem:
            problems.append(f"{path}: {problem}")
            continue
        _restore(path, tensors, named, optimizer)
        _restore_average(path, tensors, average or {})
        return extra
    if problems:
        raise ValueError(f"no whole training state: {'; '.join(problems)}; remove {folder} to start again")
    return None


def _restore(
    path: Path,
    tensors: dict[str, torch.Tensor],
    named: list[tuple[str, nn.Parameter]],
    optimizer: torch.optim.Optimizer,
) -> None:
    names = {key.removeprefix("weight/") for key in tensors if key.startswith("weight/")}
    wanted = {name for name, _ in named}
    if names != wanted:
        odd = sorted(names ^ wanted)
        raise ValueError(
            f"{path}: {len(odd)} parameters do not fit this run (first: {odd[0]}); use another output folder"
        )
    with torch.no_grad():
        for name, parameter in named:
            saved = tensors[f"weight/{name}"]
            if saved.shape != parameter.shape:
                raise ValueError(f"{path}: {name} is {tuple(saved.shape)}, expected {tuple(parameter.shape)}")
            parameter.copy_(saved)
    for name, parameter in named:
        keys = [key for key in tensors if key.startswith("optim/") and key.split("/", 2)[2] == name]
        state = {}
        for key in keys:
            kind = key.split("/", 2)[1]
            # AdamW keeps its step counter on the CPU whatever the device
            state[kind] = tensors[key] if kind == "step" else tensors[key].to(parameter.device)
        if state:
            optimizer.state[parameter] = state


def _restore_average(path: Path, tensors: dict[str, torch.Tensor], average: Mapping[str, torch.Tensor]) -> None:
    for name, value in average.items():
        if f"ema/{name}" not in tensors:
            raise ValueError(f"{path}: holds no average of {name}; use another output folder, or ema 0")
        value.copy_(tensors[f"ema/{name}"])


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
