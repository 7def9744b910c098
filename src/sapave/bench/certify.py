"""Make episode lists: draw seeds in order, keep what the expert solves, count the rest in the open.

`python -m sapave.bench.certify --split test` writes a committed list anew (after a change of the world). A list of
another suite goes into its folder below lists/.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import append_jsonl
from sapave.base.seeds import SPLIT_RANGES, rng
from sapave.base.shelf import choose, pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.bench.arms import Arm, play_arm
from sapave.bench.lists import KITCHENS, EpisodeList, Listed, listed, save
from sapave.bench.protocol import CONDITIONS, TASKS, current
from sapave.bench.rollout import make_world
from sapave.bench.summary import read_rows
from sapave.sim.layout import hosts
from sapave.sim.scenes._scene import Scene
from sapave.sim.tasks._task import Task

EXPERT = Arm(name="expert", doc="", policy="expert")
Job = tuple[str, str, int]
"""Task, condition, seed."""


@dataclass(frozen=True, kw_only=True)
class CertifyConfig:
    """Options of `python -m sapave.bench.certify`."""

    split: str = "test"
    """val | test: the range of seeds to draw from."""
    per_cell: int = 100
    """Episodes per task and condition."""
    workers: int = 2
    """Processes of one core each; 0 runs in this one."""
    out: Path = Path("runs/lists")
    """Folder of the list; an interrupted run in it goes on."""
    suite: str = KITCHENS
    """Whose scenes are drawn."""
    tasks: tuple[str, ...] = TASKS
    conditions: tuple[str, ...] = CONDITIONS
    unseen: str = ""
    """`objects`, `scenes` or `wordings` makes the marked list of what training never saw."""


UNSEEN: dict[str, tuple[str, ...]] = {"objects": ("unseen_object",), "scenes": (), "wordings": ("paraphrase",)}
"""Marked lists, and the axes under which they are certified and played."""


def held_out_scene(seed: int, suite: str, task: Task) -> str:
    """The held-out scene of an unseen-scenes episode; ValueError when the suite has none that can host the task."""
    scenes: dict[str, Scene] = shelf("sapave.sim.scenes", "SCENE")
    fit = [name for name, s in scenes.items() if s.suite == suite and s.held_out and hosts(s, task)]
    if not fit:
        raise ValueError(f"suite '{suite}': has no held-out scene that can host {task.name}")
    return fit[int(rng(seed, "held out", suite, task.needs).integers(len(fit)))]


def certify_one(job: Job, suite: str = KITCHENS, unseen: str = "") -> dict[str, Any]:
    """Let the expert try one job: was a layout found, did it solve it, why not, and the episode if it did."""
    task, condition, seed = job
    scene = held_out_scene(seed, suite, pick("sapave.sim.tasks", "TASK", task)) if unseen == "scenes" else ""
    spec = EpisodeSpec(task=task, condition=condition, seed=seed, suite=suite, scene=scene)
    axes = UNSEEN.get(unseen, ())
    try:
        world = make_world(spec, axes=axes) if axes else make_world(spec)
    except ValueError:  # no candidate layout of this seed measures as the condition
        return {"layout": False, "solved": False, "failure": "no_layout"}
    record = play_arm(EXPERT, world)
    world.close()
    if not record.outcome.success_held:
        return {"layout": True, "solved": False, "failure": record.outcome.failure}
    episode = Listed(
        task=task,
        condition=condition,
        seed=seed,
        attempt=record.spec.attempt,
        scene=record.spec.scene,
        target=record.target,
        instruction=record.instruction,
        target_at=record.target_at,
        expert_steps=record.outcome.steps,
    )
    return {"layout": True, "solved": True, "failure": "", "episode": asdict(episode)}


def certify(
    tasks: Sequence[str],
    conditions: Sequence[str],
    split: str | tuple[int, int],
    per_cell: int,
    workers: int = 0,
    name: str = "",
    progress: Path | None = None,
    suite: str = KITCHENS,
    unseen: str = "",
) -> EpisodeList:
    """Draw seeds of a split (or of a range A, B) in order; keep the first `per_cell` per cell that the expert holds.

    A task is left out in conditions in which its expert has not been shown to work (`Task.shown`). The result does not
    depend on `workers`. `progress`: a file of finished jobs, from which an interrupted run goes on (delete it when the
    world or the expert changed). ValueError when nothing is left, or the range ends before every cell is full.
    """
    if unseen:
        choose(UNSEEN, unseen, "marked list")
    low, high = choose(dict(SPLIT_RANGES), split, "split") if isinstance(split, str) else split
    if not 0 <= low < high:
        raise ValueError(f"seeds {low}:{high}: expected 0 <= A < B")
    shown = {t: pick("sapave.sim.tasks", "TASK", t).shown for t in tasks}
    kept: dict[tuple[str, str], list[Listed]] = {(t, c): [] for t in tasks for c in conditions if c in shown[t]}
    if not kept:
        raise ValueError(
            f"tasks {', '.join(tasks)}: no expert has been shown to work in conditions {', '.join(conditions)}; shown: "
            + "; ".join(f"{task} {', '.join(found)}" for task, found in shown.items())
        )
    counts = {cell: {"drawn": 0, "layouts": 0, "solved": 0} for cell in kept}
    following = dict.fromkeys(kept, low)
    rows = read_rows(progress) if progress else []
    found: dict[Job, dict[str, Any]] = {(r["job"][0], r["job"][1], r["job"][2]): r["result"] for r in rows}
    with tqdm(total=per_cell * len(kept), desc="certify", disable=None) as bar:
        while jobs := _next_jobs(kept, following, per_cell, high):
            for job, result in each(
                partial(certify_one, suite=suite, unseen=unseen), [job for job in jobs if job not in found], workers
            ):
                found[job] = result
                if progress:
                    append_jsonl(progress, {"job": job, "result": result})
            for job in jobs:
                cell, result = job[:2], found[job]
                counts[cell]["drawn"] += 1
                counts[cell]["layouts"] += bool(result["layout"])
                counts[cell]["solved"] += bool(result["solved"])
                if result["solved"]:
                    kept[cell].append(listed(result["episode"]))
                    bar.update()
    for cell, episodes in kept.items():
        if len(episodes) < per_cell:
            raise ValueError(
                f"seeds {low}:{high}: the expert held {len(episodes)} of {counts[cell]['drawn']} episodes of "
                f"{'/'.join(cell)}, {per_cell} are asked for; give a wider range or a smaller --per-cell"
            )
    return EpisodeList(
        name=name or (split if isinstance(split, str) else f"{low}:{high}"),
        stamp=current(),
        episodes=tuple(e for episodes in kept.values() for e in episodes),
        expert={"/".join(cell): count for cell, count in counts.items()},
        axes=UNSEEN.get(unseen, ()),
        unseen=unseen,
    )


def _next_jobs(
    kept: dict[tuple[str, str], list[Listed]], following: dict[tuple[str, str], int], per_cell: int, high: int
) -> list[Job]:
    """The next seeds of every cell that is not full; advances `following`."""
    jobs = []
    for cell, episodes in kept.items():
        missing = min(per_cell - len(episodes), high - following[cell])
        jobs += [(*cell, following[cell] + i) for i in range(missing)]
        following[cell] += max(0, missing)
    return jobs


def main() -> None:
    """Make the list of a split and say how the expert did."""
    import tyro

    config = tyro.cli(CertifyConfig, description=__doc__)
    name = f"unseen_{config.unseen}" if config.unseen else config.split
    progress = config.out / f"{name}-progress.jsonl"
    config.out.mkdir(parents=True, exist_ok=True)
    made = certify(
        config.tasks,
        config.conditions,
        config.split,
        config.per_cell,
        config.workers,
        name,
        progress=progress,
        suite=config.suite,
        unseen=config.unseen,
    )
    save(config.out / f"{name}.json", made)
    progress.unlink(missing_ok=True)
    print(json.dumps(made.expert, indent=1))


if __name__ == "__main__":
    main()
