"""What collecting costs per episode, and what that makes for a million: the figures of docs/scaling.md.

Usage: python benchmarks/scaling.py [--episodes 24] [--tasks NAME ...] [--out FILE.json]
One process, CPU seconds of this process; measured and extrapolated figures are marked.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

from sapave.base.runs import versions, write_json
from sapave.base.shelf import shelf
from sapave.data.collect import CollectConfig, collect_one
from sapave.data.episodes import EpisodeWriter
from sapave.data.features import modality, sapave_features
from sapave.sim.gl import ensure_gl

MILLION = 1_000_000


def measure(tasks: tuple[str, ...], episodes: int) -> dict[str, Any]:
    """CPU seconds to play and encode, CPU and wall seconds to write, frames and bytes per kept episode."""
    with tempfile.TemporaryDirectory() as folder:
        config = CollectConfig(out=Path(folder) / "set", tasks=tasks)
        features = sapave_features(25 // config.every, height=config.height, width=config.width, crf=config.crf)
        writer = EpisodeWriter(
            config.out, fps=25 // config.every, features=features, robot_type="unitree_g1", modality=modality()
        )
        collect_one(config, None, 0)  # imports and caches
        played = written = waited = 0.0
        seed = frames = 0
        while len(writer) < episodes:
            seed += 1
            begin = time.process_time()
            result = collect_one(config, None, seed)
            played += time.process_time() - begin
            if result.episode is None:
                continue
            frames += result.episode.table.num_rows
            begin = time.process_time(), time.perf_counter()
            writer.commit(result.episode)
            written += time.process_time() - begin[0]
            waited += time.perf_counter() - begin[1]
        size = sum(path.stat().st_size for path in config.out.rglob("*") if path.is_file())
    return {
        "episodes": episodes,
        "tried": seed,
        "frames_per_episode": frames / episodes,
        "worker_cpu_s": played / episodes,
        "writer_cpu_s": written / episodes,
        "writer_wall_s": waited / episodes,
        "bytes": size / episodes,
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=24, help="episodes to keep")
    parser.add_argument("--tasks", nargs="*", default=["pick", "pick_and_place"], help="names, or all")
    parser.add_argument("--out", type=Path, default=Path("runs/scaling.json"))
    arguments = parser.parse_args()
    ensure_gl()
    tasks = tuple(shelf("sapave.sim.tasks", "TASK")) if arguments.tasks == ["all"] else tuple(arguments.tasks)
    load = os.getloadavg()[0]
    m = measure(tasks, arguments.episodes)
    rows = {
        "episodes per core-minute": (60 / m["worker_cpu_s"], "measured"),
        "frames per episode": (m["frames_per_episode"], "measured"),
        "kB per episode": (m["bytes"] / 1e3, "measured"),
        "seeds tried per kept episode": (m["tried"] / m["episodes"], "measured"),
        "writer, CPU ms per episode": (1000 * m["writer_cpu_s"], "measured"),
        "writer, wall ms per episode (quiet?)": (1000 * m["writer_wall_s"], "measured"),
        "cores that one writer feeds": (m["worker_cpu_s"] / m["writer_cpu_s"], "extrapolated"),
        "a million episodes, core-hours": (MILLION * m["worker_cpu_s"] / 3600, "extrapolated"),
        "a million episodes, GB": (MILLION * m["bytes"] / 1e9, "extrapolated"),
        "a million episodes, days of 64 cores": (MILLION * m["worker_cpu_s"] / 64 / 86400, "extrapolated"),
    }
    for name, (value, kind) in rows.items():
        print(f"{name:<38} {value:>10.3g}  {kind}")
    print(f"{m['episodes']} episodes of {', '.join(tasks)}; load average {load:.1f} on {os.cpu_count()} cores")
    write_json(arguments.out, {"tasks": tasks, "load": load, "measured": m, "rows": rows, "versions": versions()})


if __name__ == "__main__":
    main()
