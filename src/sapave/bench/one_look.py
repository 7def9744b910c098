"""One look of several checkpoints at the same packed requests, without a simulator: rates, and differences in pairs.

    python -m sapave.bench.one_look --views runs/val --checkpoints ours=runs/ours/4-stage1 other=runs/other/4-stage1

Where `sapave eval --suite activeviewpose` lets one checkpoint look about in scenes, this asks many what they would do
at stored pictures, in batches. Every stored request that something answers is asked once. *Right* is the training's
own measure (`train/evaluate.py`): yaw and pitch end within 5 degrees of the best view of the nearest answer. (The
suite also counts the other answers of an ambiguous request.)
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sapave.base.runs import start_run, versions, write_json
from sapave.bench.named import named
from sapave.bench.statistics import PairedDifference, Rate, paired, wilson
from sapave.data.windows import Source, gather, open_sources
from sapave.model import checkpoint
from sapave.train.batches import tensors, to_device
from sapave.train.evaluate import TOLERANCE, one_look
from sapave.train.follow import identity
from sapave.train.loop import pick_device

FRAMES = 16
"""Pictures of a batch."""
log = logging.getLogger("sapave.bench")


@dataclass(frozen=True, kw_only=True)
class OneLookConfig:
    """What is compared, and on what."""

    checkpoints: tuple[str, ...]
    """NAME=FOLDER of each; all others are compared with the first."""
    views: str
    """Views folder whose requests are asked; none of the checkpoints should have learned from it."""
    out: Path = Path("runs/one_look")
    """Folder for what each checkpoint did, results.json and table.md; a checkpoint that is there is not asked again."""
    cache: Path = Path("runs/cache")
    """Where packed data is kept."""
    frames: int = 0
    """Pictures whose requests are asked, evenly spread over the folder; 0: all."""
    device: str = "auto"
    """auto | cpu | cuda."""


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What one checkpoint did, request by request."""

    of: str
    """Weights and data that these are of."""
    error: list[float]
    """How far it missed on the worse axis [rad]."""
    in_view: list[bool]
    """Did the target show at the start?"""

    def right(self, within: bool | None = None) -> list[bool]:
        """Was it right: of all requests, or of those whose target shows (or does not show) at the start."""
        told = zip(self.error, self.in_view, strict=True)
        return [error <= TOLERANCE for error, seen in told if within is None or seen == within]

    def median_error(self) -> float:
        """Of the requests whose target shows at the start [rad]; not a number when there are none."""
        shown = [error for error, seen in zip(self.error, self.in_view, strict=True) if seen]
        return float(np.median(shown)) if shown else float("nan")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One checkpoint of the table."""

    name: str
    all: Rate
    in_view: Rate
    out_of_view: Rate
    median_error: float
    """In view [rad]."""
    difference: PairedDifference | None
    """It minus the first, over all requests; None for the first."""
    difference_in_view: PairedDifference | None


def compare(config: OneLookConfig) -> list[Row]:
    """Ask all checkpoints, write the folder; ValueError for names that are missing or not unique, or foreign files."""
    folders = named(config.checkpoints, "checkpoint")
    logger = start_run(config.out, config)
    source = spread(open_sources([config.views], config.cache)[0], config.frames)
    done: dict[str, Looks] = {}
    for name, folder in folders.items():
        done[name] = _looks(folder, config.out / f"{name}.json", source, pick_device(config.device))
        rows = table_rows(done)
        _write(config.out, rows)  # as they come: a killed run leaves what it has
        logger.info("%s: %s", name, rows[-1].all.text())
    logger.info("\n%s", markdown(rows))
    return rows


def spread(source: Source, frames: int) -> Source:
    """The source with `frames` of its pictures, evenly spread; all of them for 0. ValueError for fewer than 0."""
    if frames < 0:
        raise ValueError(f"frames {frames}: expected how many pictures to ask about, or 0 for all")
    if not 0 < frames < len(source.frames):
        return source
    return replace(source, frames=source.frames[np.arange(frames) * len(source.frames) // frames])


def _looks(folder: str, path: Path, source: Source, device: torch.device) -> Looks:
    """What the checkpoint in `folder` did, from `path` when it is there."""
    of = f"{identity(folder)} {source.pack.key} {len(source.frames)}"
    if path.is_file():
        kept = Looks(**json.loads(path.read_text()))
        if kept.of == of:
            return kept
    model, processor = checkpoint.load(folder)
    if processor.head_norm is None:
        raise ValueError(f"{folder}: has never learned to move its head; expected a checkpoint of stage 1 or later")
    looks = ask(model.to(device), processor, source, device, of)
    write_json(path, asdict(looks))
    return looks


def ask(model: Any, processor: Any, source: Source, device: torch.device, of: str = "") -> Looks:
    """One look of a model at every request of a views source that something answers, in the source's order."""
    arrays, errors, shown = source.pack.arrays, [], []
    for at in range(0, len(source.frames), FRAMES):
        rows = np.concatenate([np.arange(*source.first[f : f + 2]) for f in source.frames[at : at + FRAMES]])
        rows = rows[arrays["target"][rows] > 0]
        if not len(rows):
            continue
        batch = gather(source.pack, rows)
        with torch.no_grad():
            error, in_view = one_look(
                model, processor, batch, to_device(tensors(batch, processor, wanted={"pointer"}), device)
            )
        errors.append(error)
        shown.append(in_view)
    if not errors:
        raise ValueError(f"{source.pack.path}: no request has an answer, expected at least one")
    return Looks(
        of=of,
        error=[round(float(v), 5) for v in np.concatenate(errors)],
        in_view=[bool(v) for v in np.concatenate(shown)],
    )


def table_rows(done: dict[str, Looks]) -> list[Row]:
    """Rates of each, and its difference from the first."""
    first = next(iter(done.values()))
    rows = []
    for name, looks in done.items():
        rates = [wilson(sum(found), len(found)) for found in (looks.right(w) for w in (None, True, False))]
        differences = [None if looks is first else paired(looks.right(w), first.right(w)) for w in (None, True)]
        rows.append(
            Row(
                name=name, all=rates[0], in_view=rates[1], out_of_view=rates[2], median_error=looks.median_error(),
                difference=differences[0], difference_in_view=differences[1],
            )
        )  # fmt: skip
    return rows


def markdown(rows: Sequence[Row]) -> str:
    """The table; rates and differences in percent with their 95 % intervals."""
    first = rows[0]
    heads = (
        "",
        f"all (n {first.all.n})",
        f"in view (n {first.in_view.n})",
        f"not in view (n {first.out_of_view.n})",
        "median error in view",
        f"minus {first.name}, all",
        f"minus {first.name}, in view",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in rows:
        rates = [rate.text() for rate in (row.all, row.in_view, row.out_of_view)]
        minus = ["" if d is None else d.text() for d in (row.difference, row.difference_in_view)]
        cells = (row.name, *rates, f"{np.rad2deg(row.median_error):.1f}°", *minus)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _write(out: Path, rows: Sequence[Row]) -> None:
    write_json(out / "results.json", {"rows": [asdict(row) for row in rows], "versions": versions()})
    (out / "table.md").write_text(markdown(rows))


def main() -> None:
    """Read options, compare."""
    import tyro

    compare(tyro.cli(OneLookConfig, description=__doc__))


if __name__ == "__main__":
    main()
