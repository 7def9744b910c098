"""How long one chunk takes, as JSON: medians and 95th percentiles, beside the roofline of this core.

Usage: python benchmarks/latency.py [--rounds 40] [--compiled] [--device cuda] [--only NAME ...]
One core. What is compared alternates call by call, so other work on the machine hits all alike. Wall time is what it
took here; CPU time leaves out waiting for the core, but not refilling the caches that others emptied meanwhile.
`--compiled` adds torch.compile on the small model (minutes to compile).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

import torch

from latency_models import BIG, SMALL_PI0, analytic, batch_for, flops, matmul_rate, observation, pi0
from sapave.base.runs import versions
from sapave.model.config import VLAConfig
from sapave.model.engine import Engine, EngineConfig
from sapave.model.vla import SaPaVe
from sapave.policies.sapave import SaPaVePolicy

Rows = dict[str, Any]


def clock(works: Mapping[str, Callable[[], Any]], rounds: int, device: str = "cpu") -> dict[str, dict[str, float]]:
    """Per piece of work: median and 95th percentile of wall time, median and least CPU time [ms]; they alternate."""
    walls: dict[str, list[float]] = {name: [] for name in works}
    cpus: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 3):
        for name, work in works.items():
            if device == "cuda":
                torch.cuda.synchronize()
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            if device == "cuda":
                torch.cuda.synchronize()
            if turn >= 3:  # the first ones fill caches
                walls[name].append(1000 * (time.perf_counter() - wall))
                cpus[name].append(1000 * (time.process_time() - cpu))
    return {
        name: {
            "ms": statistics.median(walls[name]),
            "p95_ms": statistics.quantiles(walls[name], n=20)[-1],
            "cpu_ms": statistics.median(cpus[name]),
            "least_cpu_ms": min(cpus[name]),
        }
        for name in works
    }


def fresh(**changes: Any) -> SaPaVe:
    """The small model with random weights."""
    return SaPaVe(replace(VLAConfig(), **changes)).eval()


def small(rounds: int, compiled: bool) -> Rows:
    """The shipped model: the plain policy and the engine, from an observation to increments; and where time goes."""
    policy, seen = SaPaVePolicy(), observation()
    processor, rate = policy.processor, matmul_rate()
    engines = {"engine fp32": Engine(policy.model), "engine bf16": Engine(policy.model, EngineConfig(dtype="bf16"))}
    if compiled:
        engines["engine fp32 compiled"] = Engine(policy.model, EngineConfig(mode="compiled"))

    def chunk(engine: Engine) -> Any:
        answer = engine(processor.observe(seen))
        return processor.chunks(answer.head, answer.other)

    engine, batch = engines["engine fp32"], processor.observe(seen)
    prefix = engine.prefix(batch)
    works: dict[str, Callable[[], Any]] = {"policy": lambda: policy.act(seen)}
    works |= {name: lambda e=e: chunk(e) for name, e in engines.items()}
    works |= {
        "of which inputs": lambda: processor.observe(seen),
        "of which image encoder": torch.inference_mode()(lambda: engine.model.backbone.encode_image(batch["rgb"])),
        "of which prefix": lambda: engine.prefix(batch),
        "of which denoising": lambda: engine.denoise(prefix),
    }
    rows: Rows = clock(works, rounds)
    operations = flops(lambda: engine(batch))
    rows["roofline"] = {"gflop": operations / 1e9, "gflop_per_s": rate / 1e9, "ms": 1000 * operations / rate}
    rows["times_roofline"] = rows["engine fp32"]["cpu_ms"] / rows["roofline"]["ms"]
    return rows


def two_against_one(rounds: int) -> Rows:
    """Both decoders against one of the same width and depth for all 28 dimensions: whole chunk, and denoising alone."""
    batch = batch_for(VLAConfig())
    engines = {"both": Engine(fresh()), "one": Engine(fresh(decoders="unified"))}
    prefixes = {name: engine.prefix(batch) for name, engine in engines.items()}
    works: dict[str, Callable[[], Any]] = {name: lambda e=e: e(batch) for name, e in engines.items()}
    works |= {f"{name}, denoising": lambda n=name: engines[n].denoise(prefixes[n]) for name in engines}
    rows: Rows = clock(works, rounds)
    rows["ratio"] = rows["both"]["cpu_ms"] / rows["one"]["cpu_ms"]
    rows["ratio_denoising"] = rows["both, denoising"]["cpu_ms"] / rows["one, denoising"]["cpu_ms"]
    return rows


def prefix_cached(rounds: int, steps: int = 4) -> Rows:
    """The prefix once per observation against anew at every step of four."""
    model, batch = fresh(), batch_for(VLAConfig())
    once, each = Engine(model, EngineConfig(steps=steps)), Engine(model, EngineConfig(steps=1))

    def anew() -> None:
        for _ in range(steps):
            each(batch)

    rows: Rows = clock({"cached": lambda: once(batch), "recomputed": anew}, rounds)
    rows["ratio"] = rows["recomputed"]["cpu_ms"] / rows["cached"]["cpu_ms"]
    return rows


def batches(rounds: int) -> Rows:
    """1, 4 and 16 observations in one call."""
    engine = Engine(fresh())
    made = {rows: batch_for(VLAConfig(), rows) for rows in (1, 4, 16)}
    found: Rows = clock({str(rows): lambda b=b: engine(b) for rows, b in made.items()}, max(5, rounds // 4))
    for rows in made:
        found[str(rows)]["cpu_ms_per_row"] = found[str(rows)]["cpu_ms"] / rows
    return found


def against_pi0(rounds: int) -> Rows:
    """Ours (4 steps) and transformers' pi0 (10 steps) of the same widths, random weights, both plain fp32."""
    engine, batch = Engine(fresh(), EngineConfig(steps=4)), batch_for(VLAConfig())
    rival = pi0(SMALL_PI0)
    rows: Rows = clock({"ours": lambda: engine(batch), "pi0": rival}, rounds)
    rows["gflop"] = {"ours": flops(lambda: engine(batch)) / 1e9, "pi0": flops(rival) / 1e9}
    rows["ratio"] = rows["pi0"]["cpu_ms"] / rows["ours"]["cpu_ms"]
    return rows


def big(rounds: int, device: str, modes: tuple[str, ...]) -> Rows:
    """The 2.2 B policy and pi0 of its published size (3.5 B), random weights, bf16, on a GPU: the engine in `modes`,
    pi0 plain and, unless the engine runs plain alone, compiled too."""
    if device != "cuda" or not torch.cuda.is_available():
        return {"not run": "no GPU: python benchmarks/latency.py --device cuda --only big"}
    with torch.device(device):
        model = SaPaVe(BIG).eval()
    batch = batch_for(BIG, device=device)
    ours = {m: Engine(model, EngineConfig(mode=m, dtype="bf16")) for m in modes}
    works: dict[str, Callable[[], Any]] = {f"ours {mode}": lambda e=e: e(batch) for mode, e in ours.items()}
    works["pi0"] = rival = pi0({}, device, torch.bfloat16)
    if set(modes) != {"eager"}:
        works["pi0 compiled"] = torch.compile(rival, mode="reduce-overhead")
    rows: Rows = clock(works, rounds, device)
    rows["ratio_eager"] = rows["pi0"]["ms"] / rows["ours eager"]["ms"] if "ours eager" in rows else None
    rows["device"] = torch.cuda.get_device_name()
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="calls of each work that count")
    parser.add_argument("--compiled", action="store_true", help="also torch.compile on the small model")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the 2.2 B rows run")
    parser.add_argument("--modes", nargs="*", default=["eager", "compiled", "cudagraphs"], help="of the 2.2 B rows")
    parser.add_argument("--only", nargs="*", default=[], help="names of the figures to measure (all by default)")
    parser.add_argument("--out", type=Path, default=None, help="also write the JSON here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rounds = max(3, arguments.rounds)
    figures: dict[str, tuple[str, Callable[[], Rows]]] = {
        "small": ("cpu_ms <= 40, image to action", lambda: small(rounds, arguments.compiled)),
        "two_against_one": ("ratio <= 1.3", lambda: two_against_one(rounds)),
        "prefix": ("", lambda: prefix_cached(rounds)),
        "batches": ("", lambda: batches(rounds)),
        "analytic_big": ("computed, not measured", analytic),
        "big": (
            "<= 12 ms, <= 2.5 x the roofline, pi0 >= 2 x",
            lambda: big(rounds, arguments.device, tuple(arguments.modes)),
        ),
        "pi0": ("", lambda: against_pi0(rounds)),
    }
    found: Rows = {}
    for name, (target, measure) in figures.items():
        if not arguments.only or name in arguments.only:
            found[name] = {**measure(), "target": target}
            print(f"{name}: {json.dumps(rounded(found[name]))}", file=sys.stderr)
    load = os.getloadavg()[0]
    text = json.dumps(rounded({**found, "load_average": load, "versions": versions()}), indent=1)
    print(text)
    if arguments.out is not None:
        arguments.out.write_text(text + "\n")


def rounded(value: Any) -> Any:
    """Numbers to four digits."""
    if isinstance(value, dict):
        return {name: rounded(v) for name, v in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
