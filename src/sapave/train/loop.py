"""The one training loop: every stage is a preset of it, a kill at any moment costs no step of the curve."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import torch

from sapave.base.runs import append_jsonl, start_run
from sapave.train.optim import Ending, freeze_but, make_optimizer, rate
from sapave.train.presets import TrainConfig, differences
from sapave.train.resume import begun, load_state, save_state, trim_metrics
from sapave.train.setup import Job, prepare

BEGINNING: dict[str, Any] = {"step": 0, "seconds": 0.0, "ending": None, "window": {}, "mark": 0}
"""What a saved state tells besides weights and optimiser, before the first step."""


def main(config: TrainConfig, out: Path) -> dict[str, Any]:
    """Train (or resume) into `out`: a loadable checkpoint with the run's records in `out`/train; the last metrics."""
    return train(config, out)


def train(config: TrainConfig, out: Path) -> dict[str, Any]:
    """Run `config` to its end in folder `out`, from its last saved state when there is one.

    Same config, data and packages: the same weights bit for bit on one CPU, killed and resumed or not.
    ValueError when `out` holds a run with other settings.
    """
    out = Path(out)
    device = pick_device(config.device)
    if config.threads:
        torch.set_num_threads(config.threads)
    run = out / "train"
    check_same(config, run)
    logger = start_run(run, config)
    try:
        return _run(config, out, prepare(config, device, run, logger), device, logger)
    finally:
        for handler in logger.handlers:
            handler.close()


def pick_device(name: str) -> torch.device:
    """`auto` takes the GPU when there is one; ValueError for a device that is not there."""
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device '{name}': expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda': torch finds no GPU here; use auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def check_same(config: TrainConfig, run: Path) -> None:
    """ValueError when the run folder holds a saved state of other settings that change what is learned."""
    path = run / "config.json"
    if path.is_file() and begun(run):
        changed = differences(config, json.loads(path.read_text())["config"])
        if changed:
            raise ValueError(f"{run.parent}: has a run with other settings ({'; '.join(changed)}); name another folder")


def _run(config: TrainConfig, out: Path, job: Job, device: torch.device, logger: logging.Logger) -> dict[str, Any]:
    from tqdm import tqdm

    run, model = out / "train", job.model
    named = freeze_but(model, config.trains)
    optimizer = make_optimizer(named, config)
    found = load_state(run / "state", named, optimizer) or {}
    saved = {**BEGINNING, "mark": found.get("step", 0), **found}
    first, ending = saved["step"], Ending(*saved["ending"]) if saved["ending"] else None
    trim_metrics(run / "metrics.jsonl", first)
    trained = sum(p.numel() for _, p in named)
    total = sum(p.numel() for p in model.parameters())
    logger.info("%s: %d of %d parameters train (%s)", config.stage, trained, total, ", ".join(config.trains))
    if first:
        logger.info("resumed at step %d", first)
    board = _board(run) if config.tensorboard else None
    began = time.monotonic() - saved["seconds"]
    window: dict[str, float] = dict(saved["window"])
    rows, mark = 0, saved["mark"]
    marked = time.monotonic()
    last: dict[str, Any] = {}
    step = first

    def finish_row(row: dict[str, Any]) -> None:
        last.update(row)
        append_jsonl(run / "metrics.jsonl", row)
        if board is not None:
            for key, value in row.items():
                if isinstance(value, int | float):
                    board.add_scalar(key, value, row["step"])

    def save() -> None:
        end = [ending.first, ending.length] if ending else None
        extra = {"seconds": time.monotonic() - began, "ending": end, "window": window, "mark": mark}
        save_state(run / "state", step, named, optimizer, extra)
        job.save(out)

    bar = tqdm(total=config.steps, initial=first, desc=config.stage, disable=None, mininterval=2)
    with closing(_ahead(job, first, config)) as batches, bar:
        while step < config.steps:
            lr = rate(config, step, ending)
            for group in optimizer.param_groups:
                group["lr"] = lr
            batch = next(batches)
            terms = _step(job, batch, step, config, named, optimizer, device)
            step += 1
            bar.update()
            rows += len(batch["state"])
            for name, value in terms.items():
                window[name] = window.get(name, 0.0) + value
            if step % config.log_every == 0 or step == config.steps:
                now = time.monotonic()
                n = step - mark
                row = {"step": step, **{k: v / n for k, v in window.items()}, "lr": lr}
                finish_row({**row, "rows_per_s": round(rows / (now - marked), 2), "seconds": round(now - began, 1)})
                mark, marked, window, rows = step, now, {}, 0
            elapsed = time.monotonic() - began
            if ending is None and config.max_minutes and elapsed > 51 * config.max_minutes:
                length = max(2, int(0.9 * (60 * config.max_minutes - elapsed) * step / max(elapsed, 1e-3)))
                ending = Ending(step, min(length, max(1, config.steps - step)))
                logger.info("time budget: the last %d steps begin at step %d", ending.length, step)
            done = step >= config.steps or (ending is not None and step >= ending.first + ending.length)
            score = job.evaluate
            if score is not None and (done or step % config.eval_every == 0):
                scores = score()
                finish_row({"step": step, **{f"val/{k}": v for k, v in scores.items()}})
                logger.info("step %d: %s", step, "  ".join(f"{k} {v:.3f}" for k, v in scores.items()))
            if done or step % config.save_every == 0:
                save()
            if done:
                break
    if first >= config.steps:
        job.save(out)
    logger.info("done: %s at step %d, %.1f min", out, step, (time.monotonic() - began) / 60)
    return last


def _step(
    job: Job,
    batch: dict[str, Any],
    step: int,
    config: TrainConfig,
    named: list,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> dict[str, float]:
    """One update; returns the terms of the loss. All chance of the step comes from (seed, step)."""
    chance = torch.Generator(device).manual_seed((config.seed * 1_000_003 + step) % (1 << 62))
    with torch.autocast("cuda", torch.bfloat16) if device.type == "cuda" else nullcontext():
        terms = job.losses(batch, chance)
    weights = dict(config.losses)
    if not weights.keys() & terms.keys():
        raise ValueError(f"stage '{config.stage}': the batch gives none of the losses {', '.join(weights)}")
    loss = torch.stack([weights[name] * value for name, value in terms.items() if name in weights]).sum()
    if not torch.isfinite(loss):
        raise ValueError(f"step {step}: the loss is {loss.item()}; lower the learning rate (now {config.lr})")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_([p for _, p in named], config.clip)
    optimizer.step()
    return {"loss": loss.item(), **{k: v.item() for k, v in terms.items() if k in weights}, "grad_norm": norm.item()}


def _ahead(job: Job, first: int, config: TrainConfig) -> Generator[dict[str, Any], None, None]:
    """Batches from `first` on, prepared by threads a few steps ahead; the order is the step's, not the threads'."""
    ahead = max(1, config.workers) + 1
    with ThreadPoolExecutor(max(1, config.workers)) as pool:
        waiting = deque(pool.submit(job.batch, step) for step in range(first, first + ahead))
        step = first + ahead
        try:
            while True:
                batch = waiting.popleft().result()
                waiting.append(pool.submit(job.batch, step))
                step += 1
                yield batch
        finally:
            for future in waiting:
                future.cancel()


def _board(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard") from None
    return SummaryWriter(str(folder))
