"""The one training loop: every stage is a preset of it, a kill at any moment costs no step of the curve."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from sapave.base.runs import append_jsonl, start_run
from sapave.train.average import Average
from sapave.train.metrics import Speed, Window
from sapave.train.optim import Ending, freeze_but, make_optimizer, rate
from sapave.train.parts import ROWS, SHOWN, Part, added, cut, pieces, shared
from sapave.train.presets import TrainConfig, differences
from sapave.train.ranks import Ranks, joined, launched
from sapave.train.resume import begun, load_state, save_state, trim_metrics
from sapave.train.setup import Job, prepare
from sapave.train.shard import compute_twice, level, spread, whole
from sapave.train.step import ENDURED, enough_memory, flops_per_row, take

BEGINNING: dict[str, Any] = {"step": 0, "seconds": 0.0, "ending": None, "window": {}, "dropped": 0, "in_a_row": 0}
"""What a saved state tells besides weights and optimiser, before the first step."""


def main(config: TrainConfig, out: Path) -> dict[str, Any]:
    """Train (or resume) into `out`: a loadable checkpoint with the run's records in `out`/train; the last metrics."""
    return train(config, out)


def train(config: TrainConfig, out: Path) -> dict[str, Any]:
    """Run `config` to its end in folder `out`, from its last saved state when there is one.

    Same config, data and packages: the same weights bit for bit on one CPU, killed and resumed or not.
    ValueError when `out` holds a run with other settings. Under torchrun all processes work on each batch.
    """
    out = Path(out)
    _, size, local = launched()
    if config.accumulate % size:
        raise ValueError(
            f"accumulate {config.accumulate}: {size} processes share the parts of a batch; "
            f"expected a multiple of {size}, for example accumulate {size}"
        )
    device = pick_device(config.device, local if size > 1 else None)
    if config.threads:
        torch.set_num_threads(config.threads)
    run = out / "train"
    check_same(config, run)
    with joined(device) as ranks:
        logger = start_run(run, config) if ranks.first else _silent(run, ranks)
        try:
            if not ranks.first:
                ranks.wait()  # what the first one packs and caches is there then
            job = prepare(config, device, run, logger)
            if ranks.first:
                ranks.wait()
            return _run(config, out, job, ranks, logger)
        finally:
            for handler in logger.handlers:
                handler.close()


def _silent(run: Path, ranks: Ranks) -> logging.Logger:
    logger = logging.getLogger(f"sapave.{run}.{ranks.rank}")
    logger.propagate = False
    logger.handlers = [logging.NullHandler()]
    return logger


def pick_device(name: str, local: int | None = None) -> torch.device:
    """`auto` takes the GPU when there is one, of several processes on a machine each its own (`local`); ValueError for
    a device that is not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device '{name}': expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda': torch finds no GPU here; use auto or cpu")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if local is not None and local >= torch.cuda.device_count():
        raise ValueError(f"process {local} of this machine has no GPU of its own (found {torch.cuda.device_count()})")
    return torch.device("cuda") if local is None else torch.device("cuda", local)


def check_same(config: TrainConfig, run: Path) -> None:
    """ValueError when the run folder holds a saved state of other settings that change what is learned."""
    path = run / "config.json"
    if path.is_file() and begun(run):
        changed = differences(config, json.loads(path.read_text())["config"])
        if changed:
            raise ValueError(f"{run.parent}: has a run with other settings ({'; '.join(changed)}); name another folder")


def _run(config: TrainConfig, out: Path, job: Job, ranks: Ranks, logger: logging.Logger) -> dict[str, Any]:
    from tqdm import tqdm

    run, model = out / "train", job.model
    named = freeze_but(model, config.trains)
    trained = sum(p.numel() for _, p in named)
    total = sum(p.numel() for p in model.parameters())
    cost = flops_per_row(job, config, named, ranks.device) if config.peak_tflops and ranks.first else 0.0
    if config.checkpoint_activations:
        compute_twice(model)
    apart = config.shard and ranks.size > 1
    if apart:
        spread(model, ranks.device, ranks.size)
        named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    optimizer = make_optimizer(named, config)
    average = Average(named, config.ema)
    found = load_state(run / "state", named, optimizer, average.values, ranks) or {}
    saved = {**BEGINNING, "mark": found.get("step", 0), **found}
    first, ending = saved["step"], Ending(*saved["ending"]) if saved["ending"] else None
    if ranks.agree(first) != first:
        raise ValueError(f"{run}: process {ranks.rank} finds step {first}, the first process another; share one folder")
    if ranks.first:
        trim_metrics(run / "metrics.jsonl", first)
    logger.info("%s: %d of %d parameters train (%s)", config.stage, trained, total, ", ".join(config.trains))
    if first:
        logger.info("resumed at step %d", first)
    board = _board(run) if config.tensorboard and ranks.first else None
    began = time.monotonic() - saved["seconds"]
    window, in_a_row = Window(saved["mark"], dict(saved["window"]), saved["dropped"]), saved["in_a_row"]
    if cost:
        logger.info("%.3g GFLOP per row, forward and backward", cost / 1e9)
    speed = Speed(cost, config.peak_tflops * ranks.size)
    last: dict[str, Any] = {}
    step = first

    def record(row: dict[str, Any]) -> None:
        if not ranks.first:
            return
        append_jsonl(run / "metrics.jsonl", row)
        if board is not None:
            for key, value in row.items():
                if isinstance(value, int | float):
                    board.add_scalar(key, value, row["step"])

    def finish_row(row: dict[str, Any]) -> None:
        last.update(row)
        record(row)

    def save() -> None:
        if not ranks.first and not apart:
            return
        end = [ending.first, ending.length] if ending else None
        extra = {"seconds": time.monotonic() - began, "ending": end, "in_a_row": in_a_row}
        extra |= {"window": window.sums, "mark": window.mark, "dropped": window.dropped}
        save_state(run / "state", step, named, optimizer, extra, average.values, ranks)
        hand_on()

    def hand_on() -> None:
        with average.shown(), whole(model, ranks.first):
            if ranks.first:
                job.save(out)

    hidden = None if ranks.first else True  # None: where there is no terminal
    bar = tqdm(total=config.steps, initial=first, desc=config.stage, disable=hidden, mininterval=2)
    with closing(_ahead(job, first, config, ranks, apart)) as batches, bar:
        while step < config.steps:
            lr = rate(config, step, ending)
            for group in optimizer.param_groups:
                group["lr"] = lr
            with enough_memory(step, config):
                asked = time.monotonic()
                rows, parts = next(batches)
                waited = time.monotonic() - asked
                taken = take(job, parts, step, config, named, optimizer, ranks)
            step += 1
            bar.update()
            speed.add(rows, waited)
            if taken.fault:
                in_a_row, window.dropped = in_a_row + 1, window.dropped + 1
                record({"step": step, "dropped": taken.fault, "in_a_row": in_a_row})
                logger.warning("step %d: dropped, %s (%d in a row)", step, taken.fault, in_a_row)
            else:
                in_a_row = 0
                window.add(taken.terms)
                average.update(step)
            if step % config.log_every == 0 or step == config.steps:
                clock = {**speed.close(), "seconds": round(time.monotonic() - began, 1)}
                finish_row({**window.close(step), "lr": lr, **clock})
            if in_a_row > ENDURED:
                save()
                ranks.wait()
                raise ValueError(
                    f"{out}: step {step}: {taken.fault}, {in_a_row} steps in a row; stopped, with the state saved: the "
                    f"same command goes on behind this step, a new folder with a lower lr (now {config.lr}) begins anew"
                )
            elapsed = time.monotonic() - began
            if config.max_minutes:
                elapsed = ranks.agree(elapsed)
            if ending is None and config.max_minutes and elapsed > 51 * config.max_minutes:
                length = max(2, int(0.9 * (60 * config.max_minutes - elapsed) * step / max(elapsed, 1e-3)))
                ending = Ending(step, min(length, max(1, config.steps - step)))
                logger.info("time budget: the last %d steps begin at step %d", ending.length, step)
            done = step >= config.steps or (ending is not None and step >= ending.first + ending.length)
            score = job.evaluate if ranks.first or apart else None  # all hold a part of the weights
            if score is not None and (done or step % config.eval_every == 0):
                with average.shown():
                    scores = score()
                finish_row({"step": step, **{f"val/{k}": v for k, v in scores.items()}})
                logger.info("step %d: %s", step, "  ".join(f"{k} {v:.3f}" for k, v in scores.items()))
            if done or step % config.save_every == 0:
                save()
            if done:
                break
    if first >= config.steps:
        hand_on()
    ranks.wait()
    logger.info("done: %s at step %d, %.1f min", out, step, (time.monotonic() - began) / 60)
    return last


def _ahead(
    job: Job, first: int, config: TrainConfig, ranks: Ranks, apart: bool = False
) -> Generator[tuple[int, list[Part]], None, None]:
    """Batches from `first` on (how many rows, and this process's parts), prepared by threads a few steps ahead; the
    order is the step's, not the threads'."""
    ahead, names = max(1, config.workers) + 1, dict(config.losses)

    def prepared(step: int) -> tuple[int, list[Part]]:
        batch = job.batch(step, ranks.own)
        if ranks.size == 1:
            return len(batch["state"]), cut(batch, config.accumulate, names)
        parts = pieces(batch, config.accumulate, names, ranks.own)
        if apart:
            each = config.accumulate // ranks.size
            parts = level(parts, each, lambda: pieces(job.batch(step), config.accumulate, names))
        return 0, parts

    with ThreadPoolExecutor(max(1, config.workers)) as pool:
        waiting = deque(pool.submit(prepared, step) for step in range(first, first + ahead))
        step = first + ahead
        try:
            while True:
                rows, parts = waiting.popleft().result()
                waiting.append(pool.submit(prepared, step))
                step += 1
                if ranks.size > 1:
                    whole = ranks.total(added(parts), [*names, ROWS, SHOWN])
                    rows, parts = int(whole[ROWS]), shared(parts, whole)
                yield rows, parts
        finally:
            for future in waiting:
                future.cancel()


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard") from None
    return SummaryWriter(str(folder))
