"""sapave against robosuite's PickPlace, and against its own targets: both sides alternate in one run on one core.

Usage: python benchmarks/peers.py --env FOLDER [--rounds 5] [--out FILE.json] [--only NAME ...]
FOLDER gets a virtual environment with robosuite at first use (1.3 GB). Ratios are of CPU seconds, so that other work
on the machine disturbs them little; wall seconds stand in the JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

import numpy as np

from sapave.base.parallel import each
from sapave.base.runs import versions, write_json
from sapave.base.types import CONTROL_DT, EpisodeSpec
from sapave.bench.protocol import CONDITIONS, TASKS
from sapave.bench.rollout import play
from sapave.data.collect import CollectConfig, collect_one
from sapave.policies.expert import ExpertPolicy
from sapave.sim.gl import ensure_gl
from sapave.sim.world import World

PEER = ("robosuite==1.5.2", "mujoco==3.9.0")
"""3.9.0 is the newest MuJoCo that this robosuite runs with (tried: 3.10.0, 3.12.0, 3.17.0 and 4.0.0 raise errors)."""


def full_scene(seed: int, attempt: int = -1) -> EpisodeSpec:
    """The fullest scene: target, tray, other things, something in the way."""
    return EpisodeSpec(task="pick_and_place", condition="occluded", seed=seed, attempt=attempt)


@dataclass
class Row:
    """One figure, measured anew in every round."""

    name: str
    unit: str
    target: str = ""
    values: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Median and range over the rounds."""
        low, middle, high = min(self.values), statistics.median(self.values), max(self.values)
        spread = f"({low:.3g} to {high:.3g}, n {len(self.values)})"
        return f"{self.name:<66} {middle:>8.3g} {self.unit:<10} {spread:<32} {self.target}"


class Peer:
    """robosuite in a process and an environment of its own."""

    def __init__(self, folder: Path) -> None:
        python = folder / "peer/bin/python"
        if not (folder / "peer/ready").exists():
            print(f"installing {' '.join(PEER)} into {folder / 'peer'}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "peer"], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *PEER], check=True)
            (folder / "peer/ready").touch()
        script = Path(__file__).with_name("peer_robosuite.py")
        clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MUJOCO_GL")}
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, env=clean, text=True
        )

    def ask(self, command: str) -> dict[str, Any]:
        """Send one command; its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise SystemExit(f"robosuite ended at '{command}':\n{self._log.read().decode()[-2000:]}")
        return json.loads(answer)

    def close(self) -> None:
        """End its process."""
        self._process.terminate()
        self._process.wait()


def clock(work: Callable[[], int]) -> tuple[float, float]:
    """CPU and wall seconds per unit of `work`, which returns how many units it did."""
    begin = time.process_time(), time.perf_counter()
    done = work()
    return (time.process_time() - begin[0]) / done, (time.perf_counter() - begin[1]) / done


def frames(seed: int, driver: str) -> tuple[float, float]:
    """Seconds per control tick of one episode: acting, physics, and colour + depth of the head camera every tick.

    driver: `expert` (planning included), or `random` increments as robosuite gets random actions.
    """
    world = World(full_scene(seed))
    chance = np.random.default_rng(seed)
    limits = np.concatenate([world.robot.head_step, world.robot.other_step])
    expert = ExpertPolicy()
    expert.reset(seed)
    expert.bind(world)
    world.observe()  # the first picture belongs to the reset

    def episode() -> int:
        chunk, row = None, 8
        while not world.done and world.steps < 125:
            if driver == "random":
                action = chance.uniform(-limits, limits)
                head, other = action[:2], action[2:]
            else:
                if chunk is None or row >= 8:
                    chunk, row = expert.act(None), 0
                head, other = chunk.head[row], chunk.other[row]
                row += 1
            world.tick(head, other)
            world.observe()
        return world.steps

    found = clock(episode)
    world.close()
    return found


def reset(seed: int, attempt: int) -> tuple[float, float]:
    """Seconds to make a full scene and its first picture; attempt -1 draws layouts until the condition measures."""

    def make() -> int:
        world = World(full_scene(seed, attempt))
        world.observe()
        world.close()
        return 1

    return clock(make)


def against_peer(peer: Peer, rounds: int, steps: int) -> dict[str, Any]:
    """Frames and resets of both sides, alternating; rows and what was compared."""
    ours = {name: Row(f"sapave frames, {name} driver", "frames/s") for name in ("expert", "random")}
    theirs = {"default": Row("robosuite frames, its default picture", "frames/s")}
    theirs["lite"] = Row("robosuite frames, shadows and multisampling off", "frames/s")
    ratios = {
        ("random", "default"): Row("frames: sapave / robosuite, random actions on both sides", "x", ">= 15 x"),
        ("random", "lite"): Row("  the same, robosuite without shadows and multisampling", "x"),
        ("expert", "default"): Row("  the same, sapave's expert with its planning / robosuite random", "x"),
        ("expert", "lite"): Row("  both", "x"),
    }
    simulated = Row("simulated seconds: sapave / robosuite, random actions", "x")
    own = {-1: Row("sapave reset, condition measured", "ms"), 0: Row("sapave reset, listed episode", "ms", "<= 100 ms")}
    other = {"reset": Row("robosuite reset", "ms"), "soft": Row("robosuite reset, hard_reset=False", "ms")}
    quicker = [
        Row("reset, robosuite / sapave listed episode", "x", ">= 20 x"),
        Row("reset, robosuite / sapave with condition measured", "x"),
    ]
    settings = {"default": peer.ask("about"), "lite": {}}
    raw: list[dict[str, Any]] = []
    frames(0, "expert")  # caches, on both sides
    peer.ask("steps 2")
    for number in range(1, rounds + 1):
        seen: dict[str, Any] = {"round": number}
        for driver, row in ours.items():
            seen[driver] = frames(number, driver)
            row.values.append(1 / seen[driver][0])
        seen["peer"] = peer.ask(f"steps {steps}")
        theirs["default"].values.append(1 / statistics.mean(seen["peer"]["cpu"]))
        for attempt, row in own.items():
            seen[f"reset {attempt}"] = reset(number, attempt)
            row.values.append(1000 * seen[f"reset {attempt}"][0])
        for kind, row in other.items():
            seen[f"peer {kind}"] = peer.ask(f"{kind} 1")
            row.values.append(1000 * seen[f"peer {kind}"]["cpu"][0])
        raw.append(seen)
        print(f"round {number} of {rounds}", file=sys.stderr)
    settings["lite"] = peer.ask("lite")
    theirs["lite"].values += [1 / statistics.mean(peer.ask(f"steps {steps}")["cpu"]) for _ in range(rounds)]
    for (mine, other_picture), row in ratios.items():
        row.values = [a / b for a, b in zip(ours[mine].values, theirs[other_picture].values, strict=True)]
    period = settings["default"]["control_s"]
    simulated.values = [value * CONTROL_DT / period for value in ratios["random", "default"].values]
    for row, mine in zip(quicker, (own[0], own[-1]), strict=True):
        row.values = [b / a for a, b in zip(mine.values, other["reset"].values, strict=True)]
    rows = [*ours.values(), *theirs.values(), *ratios.values(), simulated]
    rows += [*own.values(), *other.values(), *quicker]
    return {"rows": rows, "robosuite": settings, "raw": raw}


def expert_rows(rounds: int) -> list[Row]:
    """Expert episodes of every cell on one core, as evaluation plays them, and what the quick suite would take."""
    played = Row("expert episode, playing only", "x real time", ">= 3 x")
    imaged = Row("expert episode, colour + depth every 8 ticks", "x real time")
    whole = Row("expert episode with its reset", "CPU s")
    for number in range(rounds):
        for cell in range(len(TASKS) * len(CONDITIONS)):
            spec = EpisodeSpec(task=TASKS[cell % len(TASKS)], condition=CONDITIONS[cell // len(TASKS)], seed=number)
            begin = time.process_time()
            world = World(spec)
            made = time.process_time()
            record = play(world, ExpertPolicy(), needs_images=False)
            whole.values.append(time.process_time() - begin)
            played.values.append(record.outcome.steps * CONTROL_DT / (time.process_time() - made))
            world.close()
            world = World(spec)
            made = time.process_time()
            record = play(world, ExpertPolicy(), needs_images=True)
            imaged.values.append(record.outcome.steps * CONTROL_DT / (time.process_time() - made))
            world.close()
    suite = Row(f"quick suite: {len(TASKS) * len(CONDITIONS)} cells x 20, 2 cores, computed", "min", "<= 15 min")
    suite.values = [statistics.mean(whole.values) * 20 * len(TASKS) * len(CONDITIONS) / 2 / 60]
    return [played, imaged, whole, suite]


def worker_rows(rounds: int, episodes: int) -> list[Row]:
    """Collecting with two workers against one: wall time, hence only true on a quiet machine."""
    ratio = Row("collecting, 2 workers / 1 (wall time: needs 2 idle cores)", "x", ">= 1.8 x")
    load = Row("  load average meanwhile", "")
    rates = {n: Row(f"collecting with {n} worker{'s' * (n > 1)} (wall time)", "episodes/min") for n in (1, 2)}
    config = CollectConfig(out=Path(os.devnull), tasks=TASKS)

    def finished(workers: int) -> Iterator[float]:
        for _ in each(partial(collect_one, config, None), range(workers + episodes), workers, ordered=True):
            yield time.perf_counter()

    for _ in range(rounds):
        for workers, row in rates.items():
            times = list(finished(workers))  # the first of each worker carries its start
            row.values.append(60 * episodes / (times[-1] - times[workers - 1]))
        ratio.values.append(rates[2].values[-1] / rates[1].values[-1])
        load.values.append(os.getloadavg()[0])
    return [*rates.values(), ratio, load]


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", type=Path, help="folder for robosuite's virtual environment; without: our own rows")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="robosuite's steps per round")
    parser.add_argument("--episodes", type=int, default=12, help="episodes per round of the workers' rows")
    parser.add_argument("--only", nargs="*", default=["peer", "expert", "workers"], help="peer, expert, workers")
    parser.add_argument("--out", type=Path, default=Path("runs/peers.json"))
    arguments = parser.parse_args()
    ensure_gl()
    rows: list[Row] = []
    found: dict[str, Any] = {"versions": versions(), "load_before": os.getloadavg()}
    if "peer" in arguments.only and arguments.env is not None:
        peer = Peer(arguments.env.absolute())
        try:
            compared = against_peer(peer, arguments.rounds, arguments.steps)
        finally:
            peer.close()
        rows += compared.pop("rows")
        found["compared"] = compared
    if "expert" in arguments.only:
        rows += expert_rows(arguments.rounds)
    if "workers" in arguments.only:
        rows += worker_rows(max(1, arguments.rounds // 2), arguments.episodes)
    print(
        "176 x 128 px colour + depth with every control tick; software OpenGL, one core; median (lowest to highest)\n"
        "robosuite: PickPlace, Panda, agentview, 20 Hz, random actions; sapave: pick_and_place/occluded, 25 Hz"
    )
    for row in rows:
        print(row.line())
    found["rows"] = [{**vars(row), "median": statistics.median(row.values)} for row in rows]
    write_json(arguments.out, {**found, "load_after": os.getloadavg()})
    print(f"all figures: {arguments.out}")


if __name__ == "__main__":
    main()
