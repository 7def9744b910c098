"""How fast data and frozen tokens reach the training loop, as JSON; the large model's cost, counted where no GPU is.

Usage: python benchmarks/training.py [--episodes FOLDER] [--views FOLDER] [--rounds 15] [--only NAME ...] [--out FILE]
Without folders a small data set is made in a temporary one. What is compared takes turns in one process on one core;
a ratio is the median of the rounds' own ratios, of CPU time (of wall time on a GPU), so other work on the machine
troubles it little.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

import av
import numpy as np
import torch

from sapave.base.runs import versions, write_json
from sapave.data.episode_reader import EpisodeReader
from sapave.data.features import HEAD_CAMERA, HEAD_DEPTH, SEGMENTATION
from sapave.data.pack import Pack
from sapave.data.video import decode_png
from sapave.data.windows import Sampler, open_sources
from sapave.model.config import VLAConfig
from sapave.model.inputs import Processor
from sapave.sim.robots.g1 import ROBOT
from sapave.train.batches import Tensors, tensors
from sapave.train.optim import freeze_but, make_optimizer
from sapave.train.presets import TrainConfig, preset
from sapave.train.setup import prepare
from training_cost import FULL, PEAK, counted

NOT_RUN = "not run: no GPU; `python benchmarks/training.py --only {}` fills it on a machine with one"
STAGE2_TARGET = ">= 3 x (small), >= 8 x (2.2 B, on a GPU)"
IMAGES = 64
"""Images in a batch, the rows of stage 2's preset."""
log = logging.getLogger("sapave.benchmark")


def turns(works: dict[str, Callable[[int], Any]], rounds: int, clock: Callable[[], float]) -> dict[str, np.ndarray]:
    """Seconds [rounds] of each work; they take turns, and each runs once before the clock starts."""
    times = {name: np.zeros(rounds) for name in works}
    for number in range(-1, rounds):
        for name, work in works.items():
            begin = clock()
            work(number + 1)
            if number >= 0:
                times[name][number] = clock() - begin
    return times


def spread(times: np.ndarray, units: int, unit: str) -> dict[str, float]:
    """Median and p95 of one round [ms], and units of work per second at the median."""
    median, high = (float(v) for v in np.percentile(times, (50, 95)))
    return {"median_ms": 1000 * median, "p95_ms": 1000 * high, f"{unit}_per_s": units / median}


class Seeking:
    """Colour frames out of a data set's mp4 files, each sought and decoded for itself; stands where a pack has rgb."""

    def __init__(self, reader: EpisodeReader, keep_open: bool) -> None:
        self.keep_open, self.fps, self.open = keep_open, reader.fps, {}
        self.places: list[tuple[Path, float]] = []
        for episode in reader:
            path, start = (
                reader.video_path(episode.row, HEAD_CAMERA),
                episode.row[f"videos/{HEAD_CAMERA}/from_timestamp"],
            )
            self.places += [(path, start + i / self.fps) for i in range(len(episode))]

    def __len__(self) -> int:
        """Frames of all episodes."""
        return len(self.places)

    def __getitem__(self, frames: np.ndarray) -> np.ndarray:
        """uint8 [n, H, W, 3]."""
        return np.stack([self._frame(*self.places[i]) for i in frames])

    def _frame(self, path: Path, seconds: float) -> np.ndarray:
        if not self.keep_open:
            with self._opened(path) as container:
                return self._decode(container, seconds)
        if path not in self.open:
            self.open[path] = self._opened(path)
        return self._decode(self.open[path], seconds)

    def _opened(self, path: Path) -> Any:
        container = av.open(str(path))
        container.streams.video[0].thread_type = "NONE"
        return container

    def _decode(self, container: Any, seconds: float) -> np.ndarray:
        stream = container.streams.video[0]
        container.seek(int((seconds + 0.25 / self.fps) / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.time > seconds - 0.5 / self.fps:
                return frame.to_ndarray(format="rgb24")
        raise ValueError(f"{container.name}: no frame at {seconds:.3f} s; collect the data set again")


class Pngs:
    """Pictures as the PNG bytes of the data set's parquet files, already in memory; decoded when asked."""

    def __init__(self, reader: EpisodeReader, name: str) -> None:
        self.cells = [c["bytes"] for e in reader for c in reader.table(e.row, [name])[name].to_pylist()]

    def __getitem__(self, frames: np.ndarray) -> np.ndarray:
        """As stored, [n, H, W]."""
        return np.stack([decode_png(self.cells[i]) for i in frames])


def loader(episodes: Path, cache: Path, rounds: int) -> dict[str, Any]:
    """Shuffled frames per second of the pack, against the same frames sought in the data set's own files.

    `pictures`: colour alone. `batches`: the model's whole batch, with depth, pointer masks, words, state and chunks;
    there the rivals decode depth and segmentation too, and get all other columns for nothing. Packing is done once
    per data set and stands beside the figures; all files are in the page cache.
    """
    begin = time.process_time()
    source = open_sources([str(episodes)], cache)[0]
    packing = time.process_time() - begin
    reader = EpisodeReader(episodes)
    sampler = Sampler(views=[], episodes=[source], images=min(IMAGES, len(source.frames)))
    processor = Processor.fresh(VLAConfig(), source.pack.texts, ROBOT.chains)
    stored: dict[str, Any] = {"depth": Pngs(reader, HEAD_DEPTH), "seg": Pngs(reader, SEGMENTATION)}
    packs: dict[str, Pack] = {"ours": source.pack}
    for name, keep in (("pyav_opened_per_frame", False), ("pyav_kept_open", True)):
        arrays: dict[str, Any] = {**source.pack.arrays, "rgb": Seeking(reader, keep), **stored}
        packs[name] = replace(source.pack, arrays=arrays)

    def pictures(pack: Pack) -> Callable[[int], np.ndarray]:
        return lambda step: np.asarray(pack.arrays["rgb"][sampler.frames(step)[0][1]])

    def batches(pack: Pack) -> Callable[[int], Tensors]:
        own = replace(sampler, episodes=[replace(source, pack=pack)], _orders={})
        return lambda step: tensors(own.batch(step), processor, wanted={"pointer", "head", "other"})

    found: dict[str, Any] = {"frames": source.pack.n_frames, "images": sampler.images, "packing_s": packing}
    for kind, make in (("pictures", pictures), ("batches", batches)):
        works = {name: make(pack) for name, pack in packs.items()}
        same(*(work(0) for work in works.values()))
        times = turns(works, rounds, time.process_time)
        found[kind] = {name: spread(values, sampler.images, "frames") for name, values in times.items()}
        for name in works.keys() - {"ours"}:
            found[kind][name]["ours_is_faster_by"] = float(np.median(times[name] / times["ours"]))
    return {**found, "target": ">= 3 x"}


def same(first: Any, *others: Any) -> None:
    """Stop the benchmark when two ways do not give the same arrays."""
    for other in others:
        pairs = [(first[k], other[k]) for k in first] if isinstance(first, dict) else [(first, other)]
        assert all(np.array_equal(a, b) for a, b in pairs), "the ways compared do not give the same output"


def ready(config: TrainConfig, run: Path) -> Callable[[int], dict[str, Any]]:
    """A function that does training step n of `config` from its batch to the optimiser, and returns the batch."""
    device = torch.device("cuda" if torch.cuda.is_available() and config.device != "cpu" else "cpu")
    run.mkdir(parents=True)
    job = prepare(config, device, run, log)
    named = freeze_but(job.model, config.trains)
    optimizer, weights = make_optimizer(named, config), dict(config.losses)

    def step(number: int) -> dict[str, Any]:
        batch = job.batch(number)
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            terms = job.losses(batch, torch.Generator(device).manual_seed(number))
        loss = torch.stack([weights[n] * v for n, v in terms.items()]).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in named], config.clip)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        return batch

    return step


def stage2(config: TrainConfig, folder: Path, rounds: int) -> dict[str, Any]:
    """Whole steps of stage 2 with cached tokens and without, on the same frames in the same order."""
    config = replace(config, per_image=1)  # one row per picture: then both ways have the same rows in a batch
    begin = time.process_time()
    cached = ready(config, folder / "cached")
    build = time.process_time() - begin
    live = ready(replace(config, token_cache=False), folder / "live")
    first, second = cached(0), live(0)
    same(first["state"], second["state"])
    gpu = torch.cuda.is_available() and config.device != "cpu"
    times = turns({"cached": cached, "live": live}, rounds, time.perf_counter if gpu else time.process_time)
    return {
        "device": torch.cuda.get_device_name() if gpu else "CPU, one core",
        "rows": len(first["state"]),
        **{name: spread(values, len(first["state"]), "rows") for name, values in times.items()},
        "cached_is_faster_by": float(np.median(times["live"] / times["cached"])),
        "before_the_first_step_s": build,
        "target": STAGE2_TARGET,
    }


def stage1_full(data: dict[str, Any], folder: Path, rounds: int) -> dict[str, Any]:
    """Stage 1 (LoRA) of the 2.2 B model with random weights: counted, and measured where torch finds a GPU."""
    config = replace(preset("stage1"), **{**data, "episodes": ()}, override=changes(FULL))
    cost = counted(FULL, config.images, config.images * config.per_image)
    flops = 1e12 * cost["tflop"]["step"]
    row: dict[str, Any] = {
        "counted": cost,
        "s_per_step_at_45_percent_of_h200": flops / (0.45 * PEAK["H200"]),
        "target": ">= 45 % MFU, <= 60 GB on an H200",
    }
    if not torch.cuda.is_available():
        return {**row, "measured": NOT_RUN.format("stage1_full")}
    step = ready(config, folder)
    rows = len(step(0)["state"])
    torch.cuda.reset_peak_memory_stats()
    times = turns({"step": step}, rounds, time.perf_counter)["step"]
    card = torch.cuda.get_device_name()
    peak = next((v for name, v in PEAK.items() if name in card), None)
    mfu = flops / float(np.median(times)) / peak if peak else f"peak of {card} not known"
    memory = torch.cuda.max_memory_allocated() / 1e9
    return {**row, "measured": {"device": card, **spread(times, rows, "rows"), "mfu": mfu, "gb": memory}}


def stage2_full(data: dict[str, Any], folder: Path, rounds: int) -> dict[str, Any]:
    """Stage 2 of the 2.2 B model with cached tokens and without, where torch finds a GPU."""
    if not torch.cuda.is_available():
        return {"measured": NOT_RUN.format("stage2_full"), "target": STAGE2_TARGET}
    return stage2(replace(preset("stage2"), **data, override=changes(FULL)), folder, rounds)


def changes(config: VLAConfig) -> tuple[str, ...]:
    """What sets a model's config apart from the default one, as a training run's `override`."""
    usual = asdict(VLAConfig())
    return tuple(f"{name}={json.dumps(value)}" for name, value in asdict(config).items() if value != usual[name])


def small_data(folder: Path) -> tuple[Path, Path]:
    """A dozen expert episodes and the views of a few scenes, made here."""
    from sapave.data.collect import CollectConfig, collect
    from sapave.data.views import ViewsConfig, generate
    from sapave.sim.gl import ensure_gl

    ensure_gl()
    collect(CollectConfig(out=folder / "episodes", count=12, workers=0))
    generate(ViewsConfig(out=folder / "views", scenes=8, views=8, samples=1, workers=0))
    return folder / "episodes", folder / "views"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=Path, default=None, help="episodes folder (made when not given)")
    parser.add_argument("--views", type=Path, default=None, help="views folder (made when not given)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds per figure")
    parser.add_argument("--only", nargs="*", default=[], help="names of the figures to measure (all by default)")
    parser.add_argument("--out", type=Path, default=None, help="also write the JSON here")
    arguments = parser.parse_args()
    found: dict[str, Any] = {"load_at_start": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        episodes, views = arguments.episodes, arguments.views
        if episodes is None or views is None:
            made = small_data(folder)
            episodes, views = episodes or made[0], views or made[1]
        data = {"episodes": (str(episodes),), "views": (str(views),), "cache": str(folder / "cache")}
        figures: dict[str, Callable[[], dict[str, Any]]] = {
            "loader": lambda: loader(episodes, folder / "cache", arguments.rounds),
            "stage2": lambda: stage2(
                replace(preset("stage2"), device="cpu", **data), folder / "small", arguments.rounds
            ),
            "stage1_full": lambda: stage1_full(data, folder / "stage1", arguments.rounds),
            "stage2_full": lambda: stage2_full(data, folder / "stage2", arguments.rounds),
        }
        for name in arguments.only:
            if name not in figures:
                parser.error(f"--only {name}: expected {', '.join(figures)}")
        for name, measure in figures.items():
            if not arguments.only or name in arguments.only:
                found[name] = measure()
                print(f"{name}: {found[name]}", file=sys.stderr)
    found |= {"load_at_end": os.getloadavg()[0], "versions": versions()}
    print(json.dumps(found, indent=1))
    if arguments.out:
        write_json(arguments.out, found)


if __name__ == "__main__":
    main()
