"""Episode lists: committed ones under lists/, and fresh ones, each episode certified solvable by the expert."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path

from tqdm import tqdm

from sapave.base.runs import atomic
from sapave.base.seeds import SPLIT_RANGES
from sapave.base.shelf import choose
from sapave.base.types import EpisodeSpec
from sapave.bench.arms import Arm, play_arm
from sapave.bench.parallel import each
from sapave.bench.protocol import Stamp, check_stamp, current
from sapave.bench.rollout import make_world

EXPERT = Arm(name="expert", doc="", policy="expert")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One certified episode."""

    task: str
    condition: str
    seed: int
    attempt: int
    scene: str
    target: str
    instruction: str
    expert_steps: int
    """Control ticks in which the expert solved it."""

    @property
    def spec(self) -> EpisodeSpec:
        """What the simulator needs to make it again."""
        return EpisodeSpec(
            task=self.task, condition=self.condition, seed=self.seed, scene=self.scene, attempt=self.attempt
        )


@dataclass(frozen=True, kw_only=True)
class EpisodeList:
    """Episodes, and how often the expert solved what was drawn before any was dropped."""

    name: str
    stamp: Stamp
    episodes: tuple[Listed, ...]
    expert: dict[str, dict[str, int]] = field(default_factory=dict)
    """Per `task/condition`: seeds drawn, layouts found, solved (held)."""

    @property
    def digest(self) -> str:
        """12 digits that change with any episode."""
        text = json.dumps([asdict(e) for e in self.episodes], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def take(
        self, per_cell: int, tasks: Sequence[str] | None = None, conditions: Sequence[str] | None = None
    ) -> tuple[Listed, ...]:
        """The first `per_cell` episodes of each task x condition (0 = all), in the list's order."""
        counts: dict[tuple[str, str], int] = {}
        out = []
        for episode in self.episodes:
            cell = (episode.task, episode.condition)
            if (tasks and cell[0] not in tasks) or (conditions and cell[1] not in conditions):
                continue
            counts[cell] = counts.get(cell, 0) + 1
            if not per_cell or counts[cell] <= per_cell:
                out.append(episode)
        return tuple(out)


def save(path: Path, episodes: EpisodeList) -> None:
    """Write a list, one episode per line so that a change reads well in a diff."""
    head = {"name": episodes.name, "stamp": asdict(episodes.stamp), "expert": episodes.expert}
    lines = ",\n".join("  " + json.dumps(asdict(e)) for e in episodes.episodes)
    with atomic(path) as partial:
        partial.write_text(json.dumps(head)[:-1] + ', "episodes": [\n' + lines + "\n]}\n")


def load(name: str) -> EpisodeList:
    """A committed list by name, or a list file by path; refuses another protocol or MuJoCo version (ValueError)."""
    path = Path(name)
    if path.suffix == ".json":
        if not path.is_file():
            raise ValueError(f"episode list {path}: no such file; committed lists are: {', '.join(committed())}")
        return parse(path.read_text(), str(path))
    folder = choose(committed(), name, "episode list")
    return parse(folder.read_text(), f"episode list '{name}'")


def committed() -> dict[str, Path]:
    """Name -> file of the lists shipped with the package."""
    here = Path(str(files("sapave.bench"))) / "lists"
    return {path.stem: path for path in sorted(here.glob("*.json"))}


def parse(text: str, what: str) -> EpisodeList:
    """A list from its JSON text; ValueError with `what` when it is not one or does not fit this installation."""
    try:
        raw = json.loads(text)
        stamp = Stamp(**raw["stamp"])
        episodes = tuple(Listed(**e) for e in raw["episodes"])
        found = EpisodeList(name=raw["name"], stamp=stamp, episodes=episodes, expert=raw["expert"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{what}: not an episode list ({error}); make one with certify or take it again") from error
    check_stamp(what, stamp)
    return found


def certify_one(job: tuple[str, str, int]) -> dict[str, object]:
    """Let the expert try one (task, condition, seed): {'layout': False}, {'solved': False} or the episode."""
    task, condition, seed = job
    try:
        world = make_world(EpisodeSpec(task=task, condition=condition, seed=seed))
    except ValueError:  # no candidate layout of this seed measures as the condition
        return {"layout": False, "solved": False}
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
        expert_steps=record.outcome.steps,
    )
    return {"layout": True, "solved": True, "episode": episode}


def certify(
    tasks: Sequence[str],
    conditions: Sequence[str],
    split: str | tuple[int, int],
    per_cell: int,
    workers: int = 0,
    name: str = "",
) -> EpisodeList:
    """Draw seeds of a split (or of a range A, B) in order; keep the first `per_cell` per cell that the expert holds.

    The result does not depend on `workers`. ValueError when the range ends before every cell is full.
    """
    low, high = choose(dict(SPLIT_RANGES), split, "split") if isinstance(split, str) else split
    if not 0 <= low < high:
        raise ValueError(f"seeds {low}:{high}: expected 0 <= A < B")
    kept: dict[tuple[str, str], list[Listed]] = {(t, c): [] for t in tasks for c in conditions}
    counts = {cell: {"drawn": 0, "layouts": 0, "solved": 0} for cell in kept}
    following = dict.fromkeys(kept, low)
    with tqdm(total=per_cell * len(kept), desc="certify", disable=None) as bar:
        while jobs := _next_jobs(kept, following, per_cell, high):
            found = dict(each(certify_one, jobs, workers))
            for job in jobs:
                cell, result = job[:2], found[job]
                counts[cell]["drawn"] += 1
                counts[cell]["layouts"] += bool(result["layout"])
                counts[cell]["solved"] += bool(result["solved"])
                if result["solved"]:
                    kept[cell].append(result["episode"])
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
    )


def _next_jobs(
    kept: dict[tuple[str, str], list[Listed]], following: dict[tuple[str, str], int], per_cell: int, high: int
) -> list[tuple[str, str, int]]:
    """The next seeds of every cell that is not full; advances `following`."""
    jobs = []
    for cell, episodes in kept.items():
        missing = min(per_cell - len(episodes), high - following[cell])
        jobs += [(*cell, following[cell] + i) for i in range(missing)]
        following[cell] += max(0, missing)
    return jobs
