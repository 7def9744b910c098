"""How fast each room is, as JSON: every figure is a ratio of two times of the same run on one core.

Usage: python benchmarks/speed.py [--seconds 5] [--checkpoint FOLDER] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

import numpy as np

from sapave.base.runs import versions
from sapave.base.types import CONTROL_DT, EpisodeSpec
from sapave.sim.gl import ensure_gl


def rate(work: Callable[[], int], seconds: float) -> float:
    """Units of work per CPU second; `work` returns how many it did. Runs once before the clock starts."""
    work()
    done, begin = 0, time.process_time()
    while time.process_time() - begin < seconds:
        done += work()
    return done / (time.process_time() - begin)


def views(seconds: float, suite: str) -> dict[str, float]:
    """Views with labels verified by rendering per second, pictures encoded, against bare colour and depth renders.

    A frame holds several samples, each an instruction whose head motion was verified; both are counted.
    """
    from sapave.data.view_files import IMAGES, encode
    from sapave.data.view_scenes import scene_seed
    from sapave.data.views import ViewsConfig, scene_views
    from sapave.sim.world import World

    config = ViewsConfig(out=Path(os.devnull), suite=suite, workers=0)
    number = iter(range(10**6))
    per_frame: list[tuple[int, int]] = []

    def verified() -> int:
        found = []
        for frame, rows in scene_views(config, next(number)):
            found.append(len(rows))
            for name in IMAGES:
                encode(frame[name])
        per_frame.append((len(found), sum(found)))
        return len(found)

    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=scene_seed("train", 0), attempt=0))
    poses = np.random.default_rng(0).uniform((-1.0, -1.0), (1.0, 0.2), (64, 2))
    from sapave.sim.gaze import head_at

    def bare() -> int:
        for pose in poses:
            with head_at(world.model, world.data, pose):
                world.eye.look(world.data, "head", world.width, world.height)
        return len(poses)

    bare_rate, frame_rate = rate(bare, seconds), rate(verified, seconds)
    world.close()
    frames, samples = (sum(column) for column in zip(*per_frame, strict=True))
    sample_rate = frame_rate * samples / frames
    return {
        "bare_per_s": bare_rate,
        "frames_per_s": frame_rate,
        "samples_per_s": sample_rate,
        "frames_ratio": frame_rate / bare_rate,
        "samples_ratio": sample_rate / bare_rate,
    }


def reset(seconds: float) -> dict[str, float]:
    """Time to make the world of a listed episode (its attempt known) [ms]."""
    from sapave.sim.world import World

    seed = iter(range(10**6))

    def make() -> int:
        World(EpisodeSpec(task="pick", condition="unoccluded", seed=next(seed), attempt=0)).close()
        return 1

    return {"ms": 1000 / rate(make, seconds)}


def rollout(policy: str, seconds: float, **options: Any) -> dict[str, float]:
    """Simulated seconds per CPU second of whole episodes, each with a camera image every 0.2 s or when asked."""
    from sapave.base.shelf import pick
    from sapave.bench.rollout import play
    from sapave.sim.world import World

    actor = pick("sapave.policies", "POLICY", policy).make(**options)
    played = spent = 0.0
    for seed in range(10**6):
        world = World(EpisodeSpec(task="pick", condition="out_of_view", seed=seed))
        world.eye  # noqa: B018 - made outside the clock, as the rest of the reset is
        begin = time.process_time()
        record = play(world, actor, needs_images=True)
        spent += time.process_time() - begin
        played += record.outcome.steps * CONTROL_DT
        world.close()
        if spent > seconds:
            break
    return {"times_real_time": played / spent}


def help_seconds() -> dict[str, float]:
    """CPU time of `sapave --help` [s], the best of five: what it takes on a machine with nothing else to do."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "sapave.cli", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return {"s": min(times)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="CPU seconds per figure")
    parser.add_argument("--checkpoint", type=Path, default=None, help="policy to time (the shipped one by default)")
    parser.add_argument("--only", nargs="*", default=[], help="names of the figures to measure (all by default)")
    arguments = parser.parse_args()
    ensure_gl()
    seconds = arguments.seconds
    figures: dict[str, tuple[str, Callable[[], dict[str, float]]]] = {
        "help": ("s <= 0.5", help_seconds),
        "reset": ("ms <= 100", lambda: reset(seconds)),
        "views": ("frames or samples ratio >= 0.5", lambda: views(seconds, "kitchens")),
        "activeviewpose": (
            "samples_per_s >= 67 (200 000 in 25 minutes on two cores)",
            lambda: views(seconds, "activeviewpose"),
        ),
        "expert_episode": ("times_real_time >= 4", lambda: rollout("expert", seconds)),
        "policy_rollout": (
            "times_real_time > 1",
            lambda: rollout("sapave", seconds, checkpoint=arguments.checkpoint),
        ),
    }
    found: dict[str, Any] = {}
    for name, (target, measure) in figures.items():
        if not arguments.only or name in arguments.only:
            found[name] = {**measure(), "target": target}
            print(f"{name}: {found[name]}", file=sys.stderr)
    print(json.dumps({**found, "versions": versions()}, indent=1))


if __name__ == "__main__":
    main()
