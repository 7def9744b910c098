"""Run arms over episodes in parallel, keep each finished episode at once, and write results.json and the report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import append_jsonl, start_run, write_json
from sapave.base.types import EpisodeSpec
from sapave.bench import drawing, film, lists
from sapave.bench.arms import Arm, arms, play_arm, served, weights_digest
from sapave.bench.certify import certify
from sapave.bench.lists import EpisodeList, Listed
from sapave.bench.protocol import CONDITIONS, EXECUTE, PROTOCOL_VERSION, TASKS
from sapave.bench.report import write_report
from sapave.bench.results import collect, table
from sapave.bench.rollout import Record
from sapave.bench.schema import check_results
from sapave.bench.summary import Row, read_rows
from sapave.sim.axes._axis import settings

SAME_PLACE = 0.002
"""A target this close to where its list says is the same episode [m]."""


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """What `sapave eval` runs."""

    out: Path = Path("runs/eval")
    """Folder for episodes.jsonl, results.json, films/ and report.html; an interrupted run in it goes on."""
    arms: tuple[str, ...] = ("active", "fixed", "held")
    """Any of active, fixed, held, active_wrist, fixed_wrist, or a policy of the shelf (expert, scan, ...); the first
    is compared with the rest."""
    checkpoint: Path | None = None
    """Checkpoint of `active` and `held`; the one shipped for the suite by default."""
    fixed_checkpoint: Path | None = None
    """Checkpoint of `fixed` (trained with the camera fixed); the one shipped for the suite by default."""
    wrist_checkpoint: Path | None = None
    """Checkpoint of `active_wrist`, which looks through the wrist cameras too; shipped for activemanip alone."""
    fixed_wrist_checkpoint: Path | None = None
    """Checkpoint of `fixed_wrist`, likewise."""
    suite: str = lists.KITCHENS
    """Whose lists are meant: kitchens, or a folder of bench/lists."""
    episodes: str = "test"
    """A committed list (val, test) or the path of a list file."""
    seeds: str = ""
    """A:B draws fresh episodes from these seeds instead, certified on the fly."""
    allow_mismatch: bool = False
    """Play a list of another protocol or MuJoCo version too; the result is marked as not comparable."""
    tasks: tuple[str, ...] = ()
    """All of the list by default."""
    conditions: tuple[str, ...] = CONDITIONS
    axis: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """Axes of `sapave list axes` to play every episode under: `--axis light --axis latency=3`."""
    per_cell: int = 100
    """Episodes per task and condition; 0 takes the whole list."""
    workers: int = 2
    """Processes of one core each; 0 runs in this one."""
    ray: str = ""
    """Play on Ray instead: `local`, or a cluster's address (checkpoints in a shared folder); docs/scaling.md."""
    films: int = 1
    """Successes and failures filmed per arm, task and condition; 0 films none."""
    looking: int = 60
    """Scenes of the test of looking alone, for the first arm if it has a checkpoint; 0 leaves it out."""
    execute: int = EXECUTE
    """Rows of each chunk that are played before the policy is asked again."""
    engine: str = ""
    """fp32 | bf16: our trained policy runs by the inference engine (docs/inference.md); '' by its own methods."""
    delay: int = 0
    """An answer of our trained policy takes so many ticks, during which its last chunk runs on; 0: the world waits."""


def evaluate(config: EvalConfig) -> dict[str, Any]:
    """Run everything of `config`, write its folder, return what results.json holds.

    ValueError when the folder holds episodes of another comparison, or for a list of another protocol version.
    """
    wrists = config.wrist_checkpoint, config.fixed_wrist_checkpoint
    chosen = arms(config.arms, config.checkpoint, config.fixed_checkpoint, *wrists, suite=config.suite)
    chosen = served(chosen, config.engine, config.delay)
    episodes = episodes_of(config)
    axes = tuple(s.text for s in settings((*episodes.axes, *config.axis)))
    listed = episodes.take(config.per_cell, config.tasks, config.conditions)
    if not listed:
        raise ValueError(
            f"episode list '{episodes.name}': nothing of tasks {', '.join(config.tasks) or '(all)'} in conditions "
            f"{', '.join(config.conditions)}; it has: {', '.join(episodes.expert)}"
        )
    identity = {
        "protocol": PROTOCOL_VERSION,
        "suite": config.suite,
        "list": f"{episodes.name} {episodes.digest}",
        "execute": config.execute,
        "axes": list(axes),
        "weights": {arm.name: weights_digest(arm) for arm in chosen},
        "served": [config.engine, config.delay],
    }
    check_identity(config.out, identity)
    logger = start_run(config.out, config)
    write_json(config.out / "identity.json", identity)
    how = How(
        execute=config.execute,
        axes=axes,
        certified=tuple(s.text for s in settings(episodes.axes)),
        suite=config.suite,
        strict=not config.allow_mismatch,
    )
    pictures = drawing.compared(config.suite)
    logger.info(drawing.told(pictures))
    path = config.out / "episodes.jsonl"
    rows = run(chosen, listed, path, workers=config.workers, how=how, ray=config.ray)
    results = collect(rows, chosen, episodes, identity, pictures)
    if config.looking and chosen[0].checkpoint:
        from sapave.bench.perception import measure_looking

        path = config.out / "perception.json"
        results["perception"] = measure_looking(chosen[0], config.looking, path, config.workers)
    problems = check_results(results)
    assert not problems, problems
    write_json(config.out / "results.json", results)
    shots = choose_films(rows, chosen, config.films)
    films = film.shoot(shots, config.out / "films", config.workers, config.execute, axes)
    report = write_report(config.out / "report.html", results, films)
    for line in table(results):
        logger.info(line)
    logger.info("report: %s", report)
    return results


def episodes_of(config: EvalConfig) -> EpisodeList:
    """The list that `config` names: committed, a file, or fresh seeds (kept in the run folder once certified)."""
    if not config.seeds:
        return lists.load(config.episodes, config.suite, allow_mismatch=config.allow_mismatch)
    low, _, high = config.seeds.partition(":")
    if not (low.isdigit() and high.isdigit()):
        raise ValueError(f"--seeds: found '{config.seeds}', expected A:B with whole numbers, such as 5000:6000")
    path = config.out / "fresh.json"
    if path.is_file() and (kept := lists.load(str(path))).name == config.seeds:
        return kept
    if not config.per_cell:
        raise ValueError("--seeds needs --per-cell of at least 1")
    tasks = config.tasks or tasks_of(config.suite)
    fresh = certify(
        tasks,
        config.conditions,
        (int(low), int(high)),
        config.per_cell,
        config.workers,
        config.seeds,
        suite=config.suite,
    )
    lists.save(path, fresh)
    return fresh


def tasks_of(suite: str) -> tuple[str, ...]:
    """The tasks of a suite: those of its lists; KeyError with the nearest suite."""
    if suite == lists.KITCHENS:
        return TASKS
    paths = lists.committed(suite).values()
    found = (e.task for path in paths for e in lists.parse(path.read_text(), str(path), allow_mismatch=True).episodes)
    return tuple(dict.fromkeys(found))


def check_identity(out: Path, identity: dict[str, Any]) -> None:
    """Refuse a folder whose episodes belong to another comparison; a new arm may join an old one."""
    path = out / "identity.json"
    if not path.is_file():
        return
    before: dict[str, Any] = {"served": ["", 0], **json.loads(path.read_text())}
    for name, value in identity.items():
        old: Any = before.get(name)
        same = all(old.get(k, v) == v for k, v in value.items()) if isinstance(value, dict) else old == value
        if not same:
            raise ValueError(f"{out}: holds episodes with {name} {old}, now {value}; give another --out or remove it")
    identity["weights"] = {**before["weights"], **identity["weights"]}


@dataclass(frozen=True, kw_only=True)
class How:
    """How every episode of a comparison is played."""

    execute: int = EXECUTE
    axes: tuple[str, ...] = ()
    suite: str = lists.KITCHENS
    certified: tuple[str, ...] = ()
    """Those under which the list was certified."""
    strict: bool = True
    """Refuse an episode that is not the one its list certified; else only note it."""


def run(
    chosen: Sequence[Arm],
    listed: Sequence[Listed],
    path: Path,
    *,
    workers: int,
    how: How | None = None,
    ray: str = "",
) -> list[Row]:
    """Play what `path` does not hold yet; each finished episode is one line there. Rows by arm, then as listed."""
    how = how or How()
    done = {row_key(row): row for row in read_rows(path)}
    wanted = [(arm, episode, how) for episode in listed for arm in chosen]
    todo = [job for job in wanted if job_key(job) not in done]
    with tqdm(total=len(wanted), initial=len(wanted) - len(todo), desc="evaluate", disable=None) as bar:
        for job, row in each(play_one, todo, workers, ray=ray):
            append_jsonl(path, row)
            done[job_key(job)] = row
            bar.update()
    return [done[job_key((arm, episode, how))] for arm in chosen for episode in listed]


Job = tuple[Arm, Listed, How]


def job_key(job: Job) -> tuple[Any, ...]:
    """Arm, task, condition, seed, attempt."""
    arm, episode, _ = job
    return arm.name, episode.task, episode.condition, episode.seed, episode.attempt


def row_key(row: Row) -> tuple[Any, ...]:
    """The same of a finished row."""
    return row["arm"], row["task"], row["condition"], row["seed"], row["attempt"]


def play_one(job: Job) -> Row:
    """Play one episode with one arm; a row of episodes.jsonl."""
    arm, episode, how = job
    spec = replace(episode.spec, suite=how.suite)
    record = play_arm(arm, spec, execute=how.execute, axes=how.axes)
    certified_so = how.axes == how.certified
    difference = differs(episode, record) if certified_so else differs_without_axes(episode, spec)
    if difference and how.strict:
        raise ValueError(
            f"episode {episode.task}/{episode.condition} seed {episode.seed}: the list says '{episode.instruction}' "
            f"({episode.target} at {episode.target_at}), this installation makes {difference}; the world has changed "
            "since the list was made, so certify a new one and raise PROTOCOL_VERSION"
        )
    outcome = asdict(record.outcome)
    outcome["visibility"] = [[round(t, 3), round(v, 3)] for t, v in record.outcome.visibility]
    return {
        "arm": arm.name,
        **{name: getattr(episode, name) for name in ("task", "condition", "seed", "attempt", "scene")},
        "target": record.target,
        "instruction": record.instruction,
        **({"suite": how.suite} if how.suite != lists.KITCHENS else {}),
        "outcome": outcome,
        **({"differs": difference} if difference else {}),
        "wall_s": round(record.wall_s, 3),
        "policy_s": round(record.policy_s, 3),
    }


def differs(episode: Listed, record: Record) -> str:
    """What was played, when it is not the listed episode; '' when it is."""
    moved = max(abs(a - b) for a, b in zip(record.target_at, episode.target_at, strict=True))
    if (record.target, record.instruction) == (episode.target, episode.instruction) and moved <= SAME_PLACE:
        return ""
    return f"'{record.instruction}' ({record.target} at {record.target_at})"


def differs_without_axes(episode: Listed, spec: EpisodeSpec) -> str:
    """The same for an episode that axes have changed: compares what the list says with the unchanged layout."""
    from sapave.sim.layout import sample_layout

    layout = sample_layout(spec, episode.attempt)
    if layout.instruction != episode.instruction:
        return f"'{layout.instruction}'"
    first = next((s for s in layout.standings if s.thing.words == episode.target), None)
    if first is not None and np.abs(np.subtract(first.xy, episode.target_at[:2])).max() > 5 * SAME_PLACE:
        return f"'{layout.instruction}' ({first.thing.words} at {first.xy})"
    return ""


def choose_films(rows: Sequence[Row], chosen: Sequence[Arm], count: int) -> list[film.Shot]:
    """The first `count` successes and failures of each arm, task and condition."""
    by_name = {arm.name: arm for arm in chosen}
    taken: dict[tuple[Any, ...], int] = {}
    shots = []
    for row in rows:
        cell = (row["arm"], row["task"], row["condition"], row["outcome"]["success_held"])
        taken[cell] = taken.get(cell, 0) + 1
        if taken[cell] <= count:
            shots.append(film.Shot(arm=by_name[row["arm"]], row=row))
    return shots
