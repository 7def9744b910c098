"""`sapave collect`: many recorded episodes on all cores, in the order of their seeds; a killed run goes on."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import versions, write_json
from sapave.base.seeds import rng, split_of
from sapave.base.shelf import pick
from sapave.base.types import EpisodeSpec, Policy
from sapave.data.encode import EncodedEpisode, encode_episode
from sapave.data.episodes import EpisodeReader, EpisodeWriter
from sapave.data.features import modality, sapave_features
from sapave.data.lerobot_format import read_json
from sapave.data.record import Recipe, record
from sapave.data.video import DEFAULT_CRF

CONDITIONS = ("unoccluded", "occluded", "out_of_view")
REPORT = "meta/sapave_collect.json"
LearnerMaker = Callable[[str], Policy]


@dataclass(frozen=True, kw_only=True)
class CollectConfig:
    """What to collect. Everything but count, out, workers and patience decides what an episode of a seed looks like."""

    out: Path
    """Folder of the LeRobot data set; goes on where it stopped."""
    count: int = 100
    """Episodes to keep."""
    first_seed: int = 0
    """Seeds first_seed, first_seed + 1, ... are tried until `count` episodes are kept."""
    tasks: tuple[str, ...] = ("pick", "pick_and_place")
    """Drawn per seed, evenly."""
    mix: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Weights of the conditions unoccluded, occluded, out_of_view."""
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
    width: int = 176
    height: int = 128
    crf: int = DEFAULT_CRF
    """Quality of the videos, less is better."""
    workers: int = os.cpu_count() or 1
    """Processes of one core each; 0 runs in this process. The result does not depend on it."""
    patience: int = 20
    """Give up when this many times `count` seeds (and at least 50) were tried."""

    def __post_init__(self) -> None:
        if self.every < 1 or 25 % self.every:
            raise ValueError(f"every: found {self.every}, expected 1, 5 or 25 (whole frames per second)")
        if self.count < 0 or self.workers < 0:
            raise ValueError(f"count {self.count}, workers {self.workers}: expected 0 or more")
        if len(self.mix) != len(CONDITIONS) or min(self.mix) < 0 or sum(self.mix) <= 0:
            raise ValueError(f"mix: found {self.mix}, expected three weights >= 0 for {', '.join(CONDITIONS)}")
        if not self.tasks or not self.noise or min(self.noise) < 0:
            raise ValueError("tasks and noise: expected at least one task and one noise level >= 0")
        split_of(self.first_seed)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a worker hands back for one seed."""

    seed: int
    task: str
    condition: str
    episode: EncodedEpisode | None
    reason: str


def recipe_of(config: CollectConfig, seed: int) -> Recipe:
    """What to play for one seed; a function of the configuration and the seed only."""
    draw = rng(seed, "recipe")
    task = config.tasks[int(draw.integers(len(config.tasks)))]
    condition = str(draw.choice(CONDITIONS, p=[w / sum(config.mix) for w in config.mix]))
    noise = float(config.noise[int(draw.integers(len(config.noise)))])
    start = "random" if draw.random() < config.random_share else config.start
    spec = EpisodeSpec(task=task, condition=condition, seed=seed, scene=config.scene, camera=config.camera, start=start)
    return Recipe(
        spec=spec,
        every=config.every,
        noise=noise,
        kicks=config.kicks if noise > 0 else 0.0,
        expert_share=config.expert_share,
        execute=config.execute,
        width=config.width,
        height=config.height,
    )


def collect(config: CollectConfig, make_learner: LearnerMaker | None = None) -> Path:
    """Collect episodes into `config.out`; returns the folder.

    `make_learner` (importable by name, it runs in the workers) turns `config.learner` into a policy. Expert episodes
    without held success are dropped; their seeds and reasons stand in meta/sapave_collect.json.
    """
    if bool(config.learner) != (make_learner is not None):
        raise ValueError("collect: a learner's checkpoint and the function that loads it belong together")
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
    features = sapave_features(fps, height=config.height, width=config.width, crf=config.crf)
    report = _open_report(config)
    writer = EpisodeWriter(config.out, fps=fps, features=features, robot_type="unitree_g1", modality=modality())
    kept = set(EpisodeReader(config.out).meta("sapave/seed")) if len(writer) else set()
    dropped = report["dropped"]
    seed = max([config.first_seed, *(s + 1 for s in kept), *(d["seed"] + 1 for d in dropped)])
    last = config.first_seed + max(50, config.patience * config.count)
    play = partial(collect_one, config, make_learner)
    with (
        tqdm(total=config.count, initial=min(len(writer), config.count), desc="collect", disable=None) as bar,
        closing(each(play, range(seed, last), config.workers, ordered=True)) as results,
    ):
        while len(writer) < config.count:
            _, result = next(results, (None, None))
            if result is None:
                raise ValueError(
                    f"collect: {len(writer)} of {config.count} episodes kept after {last - config.first_seed} seeds; "
                    f"dropped for {dict(Counter(d['reason'] for d in dropped))}; see {config.out / REPORT}"
                )
            if result.episode is None:
                kinds = {"seed": result.seed, "task": result.task, "condition": result.condition}
                dropped.append({**kinds, "reason": result.reason})
            else:
                writer.commit(result.episode)
                bar.update()
            bar.set_postfix(dropped=len(dropped), refresh=False)
            report["tried"] = len(writer) + len(dropped)
            report["kept"] = len(writer)
            write_json(config.out / REPORT, report)
    return config.out


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
    free = ("out", "count", "workers", "patience")
    wanted = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items() if k not in free}
    path = config.out / REPORT
    if path.is_file():
        report = read_json(path)
        differs = [k for k in wanted if report["config"].get(k) != wanted[k]]
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
        fps = 25 // config.every
        features = sapave_features(fps, height=config.height, width=config.width, crf=config.crf)
        extra = {**recording.extra, "learner": config.learner}
        episode = encode_episode(features, fps, recording.frames, recording.instruction, extra)
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
