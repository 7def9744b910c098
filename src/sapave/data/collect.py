"""`sapave collect`: many recorded episodes on many cores, in the order of their seeds; a killed run goes on."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import versions, write_json
from sapave.base.seeds import SPLIT_RANGES, VIEW_SEEDS, rng, split_of
from sapave.base.shelf import pick
from sapave.base.types import WRISTS, EpisodeSpec, Policy
from sapave.data.encode import EncodedEpisode, encode_episode
from sapave.data.episodes import EpisodeReader, EpisodeWriter
from sapave.data.features import modality, sapave_features
from sapave.data.lerobot_format import Features, read_json
from sapave.data.record import Recipe, record
from sapave.data.video import DEFAULT_CRF

CONDITIONS = ("unoccluded", "occluded", "out_of_view")
REPORT = "meta/sapave_collect.json"
LearnerMaker = Callable[[str], Policy]


@dataclass(frozen=True, kw_only=True)
class CollectConfig:
    """What to collect. Fields but count, out, workers, ray and patience decide what an episode of a seed looks like."""

    out: Path
    """Folder of the LeRobot data set; goes on where it stopped."""
    count: int = 100
    """Episodes to keep; task and condition are drawn per seed."""
    per_task: int = 0
    """Instead of `count`: this many of every task, shared over the conditions as `mix` says, exactly."""
    first_seed: int = 0
    """Seeds first_seed, first_seed + 1, ... are tried until that many episodes are kept."""
    tasks: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["--task"])] = ("pick", "pick_and_place")
    """Names of `sapave list tasks`, or `all`: those that the suite can host."""
    mix: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Weights of the conditions unoccluded, occluded, out_of_view."""
    suite: str = "kitchens"
    """Whose scenes are drawn: `kitchens`, or `activemanip` with its drawers and cabinets."""
    scene: str = ""
    """Empty: the seed chooses."""
    every: int = 5
    """Control ticks (25 Hz) between two recorded frames; divides 25."""
    camera: Literal["active", "fixed"] = "active"
    start: Literal["default", "random"] = "default"
    """Head pose at the start."""
    random_share: float = 0.0
    """With start=default: share of the episodes that start at a random head pose all the same."""
    noise: tuple[float, ...] = (0.0, 0.0075, 0.015)
    """One of these is drawn per episode: noise on every executed increment [rad]."""
    kicks: float = 0.3
    """Kicks per second in episodes whose noise is not 0."""
    learner: str = ""
    """Checkpoint folder of a policy that drives while the expert only labels (DAgger); empty: the expert drives."""
    expert_share: float = 0.2
    """With a learner: chance that the expert drives one segment of 8 ticks."""
    execute: int = 8
    """With a learner: ticks of its chunk that are played before it looks again."""
    wrists: bool = False
    """Record what the wrist cameras see too; the episodes are otherwise the same."""
    width: int = 176
    height: int = 128
    crf: int = DEFAULT_CRF
    """Quality of the videos, less is better."""
    workers: int = os.cpu_count() or 1
    """Processes of one core each; 0 runs in this process. The result does not depend on it."""
    ray: str = ""
    """Work on Ray instead: `local` (with `workers` cores of this machine), or a cluster's address (with all its cores),
    `auto` for the one this machine is part of; docs/scaling.md. The result does not depend on it."""
    patience: int = 20
    """Give up when this many times the wanted seeds (and at least 50; per task and condition) were tried."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Cameras that are recorded besides the head's."""
        return WRISTS if self.wrists else ()

    @property
    def features(self) -> Features:
        """The columns of the data set."""
        size = {"height": self.height, "width": self.width}
        return sapave_features(25 // self.every, **size, crf=self.crf, cameras=self.cameras)

    def __post_init__(self) -> None:
        if self.every < 1 or 25 % self.every:
            raise ValueError(f"every: found {self.every}, expected 1, 5 or 25 (whole frames per second)")
        if min(self.count, self.per_task, self.workers) < 0:
            raise ValueError(
                f"count {self.count}, per_task {self.per_task}, workers {self.workers}: expected 0 or more"
            )
        if len(self.mix) != len(CONDITIONS) or min(self.mix) < 0 or sum(self.mix) <= 0:
            raise ValueError(f"mix: found {self.mix}, expected three weights >= 0 for {', '.join(CONDITIONS)}")
        if not self.tasks or not self.noise or min(self.noise) < 0:
            raise ValueError("tasks and noise: expected at least one task and one noise level >= 0")
        end = SPLIT_RANGES[split_of(self.first_seed)][1] - VIEW_SEEDS
        if self.first_seed >= end:
            raise ValueError(f"first_seed: found {self.first_seed}, expected less than {end}: the rest is for views")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a worker hands back for one seed."""

    seed: int
    task: str
    condition: str
    episode: EncodedEpisode | None
    reason: str


Cell = tuple[str, str]
"""Task and condition."""


def quotas(config: CollectConfig) -> dict[Cell, int]:
    """How many episodes to keep of each task and condition; with `count` alone one number for them all."""
    if not config.per_task:
        return {("", ""): config.count}
    edges = [round(config.per_task * sum(config.mix[:i]) / sum(config.mix)) for i in range(len(config.mix) + 1)]
    shares = {c: edges[i + 1] - edges[i] for i, c in enumerate(CONDITIONS) if config.mix[i] > 0}
    found = {}
    for task in config.tasks:
        mine = {condition: share for condition, share in shares.items() if condition in shown(task)}
        missing = config.per_task - sum(mine.values())  # what its expert cannot do yet falls to the first it can
        first = next(iter(mine), shown(task)[0])
        found |= {(task, condition): share for condition, share in mine.items()}
        found[(task, first)] = found.get((task, first), 0) + missing
    return found


def shown(task: str) -> tuple[str, ...]:
    """The conditions in which a task's expert has been shown to do it."""
    return pick("sapave.sim.tasks", "TASK", task).shown


def cell_of(config: CollectConfig, recipe: Recipe) -> Cell:
    """The quota that an episode counts for."""
    return (recipe.spec.task, recipe.spec.condition) if config.per_task else ("", "")


def recipe_of(config: CollectConfig, seed: int) -> Recipe:
    """What to play for one seed; a function of the configuration and the seed only.

    Task and condition are drawn; with `per_task` seeds are dealt out to them in turn.
    """
    draw = rng(seed, "recipe")
    task = config.tasks[int(draw.integers(len(config.tasks)))]
    condition = str(draw.choice(CONDITIONS, p=[w / sum(config.mix) for w in config.mix]))
    condition = condition if condition in shown(task) else shown(task)[0]
    if config.per_task:
        cells = list(quotas(config))
        task, condition = cells[seed % len(cells)]
    noise = float(config.noise[int(draw.integers(len(config.noise)))])
    start = "random" if draw.random() < config.random_share else config.start
    spec = EpisodeSpec(
        task=task,
        condition=condition,
        seed=seed,
        scene=config.scene,
        camera=config.camera,
        start=start,
        suite=config.suite,
    )
    return Recipe(
        spec=spec,
        every=config.every,
        noise=noise,
        kicks=config.kicks if noise > 0 else 0.0,
        expert_share=config.expert_share,
        execute=config.execute,
        width=config.width,
        height=config.height,
        cameras=config.cameras,
    )


def collect(config: CollectConfig, make_learner: LearnerMaker | None = None) -> Path:
    """Collect episodes into `config.out`; returns the folder.

    `make_learner` (importable by name, it runs in the workers) turns `config.learner` into a policy. Expert episodes
    without held success are dropped; their seeds and reasons stand in meta/sapave_collect.json.
    """
    if bool(config.learner) != (make_learner is not None):
        raise ValueError("collect: a learner's checkpoint and the function that loads it belong together")
    if config.tasks == ("all",):
        from sapave.sim.layout import tasks_of

        config = replace(config, tasks=tasks_of(config.suite))
    for task in config.tasks:
        pick("sapave.sim.tasks", "TASK", task)
    if config.scene:
        pick("sapave.sim.scenes", "SCENE", config.scene)
    if make_learner is not None:
        _learner(make_learner, config.learner)  # a wrong name or checkpoint shows before anything is written
    with _alone(config.out):
        return _collect(config, make_learner)


def _collect(config: CollectConfig, make_learner: LearnerMaker | None) -> Path:
    fps = 25 // config.every
    report = _open_report(config)
    parts = modality(config.cameras)
    writer = EpisodeWriter(config.out, fps=fps, features=config.features, robot_type="unitree_g1", modality=parts)
    dropped, left = report["dropped"], quotas(config)
    wanted = sum(left.values())
    seeds = _past_seeds(config, len(writer), left)
    seed = max([config.first_seed, *(s + 1 for s in seeds), *(d["seed"] + 1 for d in dropped)])
    tries = len(left) * max(50, config.patience * max(left.values()))
    last = min(config.first_seed + tries, SPLIT_RANGES[split_of(config.first_seed)][1] - VIEW_SEEDS)
    # what a cell has its number of is neither played nor, where it was played ahead, kept
    jobs = (s for s in range(seed, last) if left[cell_of(config, recipe_of(config, s))] > 0)
    play = partial(collect_one, config, make_learner)
    with (
        tqdm(total=wanted, initial=min(len(writer), wanted), desc="collect", disable=None) as bar,
        closing(each(play, jobs, config.workers, ordered=True, ray=config.ray)) as results,
    ):
        while any(number > 0 for number in left.values()):
            seed, result = next(results, (None, None))
            if seed is None or result is None:
                short = {"/".join(cell): f"{number} short" for cell, number in left.items() if number > 0}
                raise ValueError(
                    f"collect: {len(writer)} of {wanted} episodes kept after {last - config.first_seed} seeds; "
                    + (f"{short}; " if config.per_task else "")
                    + f"dropped for {dict(Counter(d['reason'] for d in dropped))}; see {config.out / REPORT}"
                )
            cell = cell_of(config, recipe_of(config, seed))
            if left[cell] <= 0:
                continue
            if result.episode is None:
                kinds = {"seed": result.seed, "task": result.task, "condition": result.condition}
                dropped.append({**kinds, "reason": result.reason})
            else:
                writer.commit(result.episode)
                left[cell] -= 1
                bar.update()
            bar.set_postfix(dropped=len(dropped), refresh=False)
            report["tried"] = len(writer) + len(dropped)
            report["kept"] = len(writer)
            write_json(config.out / REPORT, report)
    return config.out


def _past_seeds(config: CollectConfig, written: int, left: dict[Cell, int]) -> list[int]:
    """Seeds of the episodes that the folder holds; takes them off what is `left` to collect."""
    if not written:
        return []
    seeds = EpisodeReader(config.out).meta("sapave/seed")
    for seed in seeds:
        left[cell_of(config, recipe_of(config, seed))] -= 1
    return seeds


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second run out of the same folder; the lock ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(f"{folder}: another run is collecting into this folder; wait or name another") from error
        yield


def _open_report(config: CollectConfig) -> dict[str, Any]:
    unset = [name for name in ("per_task", "wrists") if not getattr(config, name)]  # folders from before hold neither
    free = ("out", "count", "workers", "ray", "patience", *unset)
    wanted = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items() if k not in free}
    path = config.out / REPORT
    if path.is_file():
        report = read_json(path)
        differs = [k for k in {**wanted, **report["config"]} if report["config"].get(k) != wanted.get(k)]
        if differs:
            raise ValueError(
                f"{path}: was collected with another {', '.join(differs)}; name an empty folder or repeat that run's "
                "options"
            )
        return report
    report = {"config": wanted, "versions": versions(), "tried": 0, "kept": 0, "dropped": []}
    write_json(path, report)
    return report


def collect_one(config: CollectConfig, make_learner: LearnerMaker | None, seed: int) -> Result:
    """Play, record and encode the episode of one seed."""
    recipe = recipe_of(config, seed)
    learner = _learner(make_learner, config.learner) if make_learner is not None else None
    recording = record(recipe, learner)
    episode = None
    if recording.frames is not None:
        extra = {**recording.extra, "learner": config.learner}
        episode = encode_episode(config.features, 25 // config.every, recording.frames, recording.instruction, extra)
    return Result(
        seed=seed,
        task=recipe.spec.task,
        condition=recipe.spec.condition,
        episode=episode,
        reason=recording.reason,
    )


@cache
def _learner(make: LearnerMaker, checkpoint: str) -> Policy:
    return make(checkpoint)
