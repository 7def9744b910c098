"""Which objects the expert can take: one object alone on the counter, by family. Nothing is trained or tuned by it.

Usage: python benchmarks/families.py [--n 8] [--first-seed 1000] [--families NAME ...] [--suite NAME] [--out FILE.json]
The seed draws the room of the suite, the place, the turn, the colour and the look (of the training split), so also the
model. Success is that of `pick`: lifted and held for 2 s. One process; families under 70 % are named in a last line.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

# one core, decided before numpy is loaded
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = os.environ["LP_NUM_THREADS"] = "1"

from sapave.base.runs import versions, write_json
from sapave.base.seeds import rng
from sapave.base.shelf import pick, shelf
from sapave.sim.gl import ensure_gl

LEAST = 0.7
"""Families with a lower rate are named."""


def rooms(suite: str) -> list[str]:
    """Scenes of a suite, without the held-out ones, that can host `pick`; ValueError when there is none."""
    from sapave.sim.layout import hosts

    task = pick("sapave.sim.tasks", "TASK", "pick")
    scenes = shelf("sapave.sim.scenes", "SCENE")
    found = sorted(name for name, s in scenes.items() if s.suite == suite and not s.held_out and hosts(s, task))
    if not found:
        raise ValueError(
            f"suite '{suite}': no scene hosts pick; there are: {sorted({s.suite for s in scenes.values()})}"
        )
    return found


def try_one(family: str, seed: int, suite: str) -> dict[str, Any]:
    """The expert's pick of one individual of a family: what it was, where, and how it ended."""
    from sapave.bench.arms import play_arm
    from sapave.bench.certify import EXPERT
    from sapave.sim.objects._family import LOOKS, make_thing
    from sapave.sim.stage import stage

    kind = pick("sapave.sim.objects", "FAMILY", family)
    g = rng(seed, "families", family)
    scene, colour = str(g.choice(rooms(suite))), str(g.choice(kind.colours))
    thing = make_thing("thing0", kind, colour, int(g.integers(*LOOKS["train"])))
    world = stage(thing, seed=seed, scene=scene)
    outcome = play_arm(EXPERT, world).outcome
    world.close()
    return {
        "family": family,
        "seed": seed,
        "scene": scene,
        "model": thing.model,
        "held": outcome.success_held,
        "failure": outcome.failure,
    }


def main() -> None:
    """Play, print a table, write every attempt."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=8, help="attempts per family")
    parser.add_argument("--first-seed", type=int, default=1000, help="1000-1999 are for development")
    parser.add_argument("--families", nargs="*", default=[], help="names; all graspable ones by default")
    parser.add_argument("--suite", default="activemanip", help="whose rooms")
    parser.add_argument("--out", type=Path, default=Path("runs/families.json"))
    arguments = parser.parse_args()
    ensure_gl()
    shelved = shelf("sapave.sim.objects", "FAMILY")
    names = arguments.families or [name for name, family in shelved.items() if family.graspable]
    begin, rows, weak = time.perf_counter(), [], []
    print(f"{'family':<16} {'held':>7}  {'rate':>5}  failures; models tried")
    for name in names:
        tries = [try_one(name, arguments.first_seed + i, arguments.suite) for i in range(arguments.n)]
        rows += tries
        held = sum(row["held"] for row in tries)
        reasons = Counter(row["failure"] for row in tries if not row["held"])
        models = sorted({row["model"] for row in tries if row["model"]})
        told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "-"
        print(
            f"{name:<16} {held:>3}/{len(tries):<3}  {held / len(tries):>4.0%}  {told}; {', '.join(models)}", flush=True
        )
        if held < LEAST * len(tries):
            weak.append(name)
    held = sum(row["held"] for row in rows)
    print(f"{held} of {len(rows)} held, {len(names)} families, {time.perf_counter() - begin:.0f} s")
    print(f"under {LEAST:.0%}: {', '.join(weak) or 'none'}")
    write_json(arguments.out, {"rows": rows, "versions": versions()})


if __name__ == "__main__":
    main()
