"""The suite activeviewpose: policies and leak baselines answer the same requests to look, one look and up to three."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import append_jsonl, start_run, write_json
from sapave.base.shelf import shelf
from sapave.base.types import Policy, cameras_of
from sapave.bench.arms import Arm, arms, load, weights_digest
from sapave.bench.leaks import TOLERANCE, Asked, Blind, blind_policies, thumb
from sapave.bench.look_report import write_look_report
from sapave.bench.look_table import COMMITTED, LOOKS, lines, summarise
from sapave.bench.protocol import PROTOCOL_VERSION
from sapave.data.view_files import encode
from sapave.data.view_samples import REACHES, frame_of
from sapave.data.view_scenes import open_scene, start_head
from sapave.policies._entry import Privileged
from sapave.policies._vlm import UNREADABLE, NoAnswer
from sapave.policies._vlm_models import MODELS, title_of
from sapave.policies.sapave import shipped
from sapave.sim import conditions
from sapave.sim.gaze import head_at
from sapave.sim.world import World

SUITE = "activeviewpose"
SPLITS = ("val", "test1", "test2")
SCENES = {"val": 1000, "test1": 1000, "test2": 1000}
"""The committed lists: scenes 0 to 999 of each split; `scenes` takes the first of them."""
PICTURES = 6
"""Samples of each split whose pictures go into the report."""


@dataclass(frozen=True, kw_only=True)
class LookingConfig:
    """What `sapave eval --suite activeviewpose` runs."""

    suite: str = SUITE
    """activeviewpose."""
    out: Path = Path("runs/looking")
    """Folder for samples.jsonl, results.json and report.html; an interrupted run in it goes on."""
    arms: tuple[str, ...] = ("active", "scan_detector", "next_best_view", "next_best_view_oracle", "zero")
    """`active` (the trained policy) or policies of the shelf; `vlm` and `vlm_degrees` need an endpoint
    (docs/rivals.md)."""
    checkpoint: Path | None = None
    """Checkpoint of `active`; the shipped `look` by default, which has learned these requests."""
    splits: tuple[str, ...] = SPLITS
    """val: all forms; test1: the direction is said; test2: it is to be inferred."""
    reach: str = "near"
    """`near`: what is asked for lies within 45 degrees of yaw and pitch, one look can find it; `any`: wherever it is,
    most of it must be searched for."""
    scenes: int = 200
    """Scenes of each split."""
    views: int = 2
    """Head poses per scene."""
    samples: int = 2
    """Requests per head pose."""
    train_scenes: int = 400
    """Scenes of the training split that the leak baselines are fitted on."""
    workers: int = 2
    """Processes of one core each; 0 runs in this one."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One scene, and who looks around in it."""

    arms: tuple[Arm, ...]
    split: str
    number: int
    views: int
    samples: int
    reach: str = "near"
    pictures: bool = False


@dataclass(kw_only=True)
class Look:
    """One request, and what each arm did."""

    split: str
    scene: int
    index: int
    text: str
    category: str
    form: str
    difficulty: str
    head: list[float]
    gazes: list[list[float]]
    """Best views of all that answer it."""
    thumb: list[float]
    in_view: bool = False
    """Does anything of what is asked for show at the start?"""
    last: bool = True
    """Is it all that is asked for (not the first of two steps)? Only then may a policy commit."""
    arms: dict[str, dict[str, Any]] = field(default_factory=dict)
    picture: str = ""
    """PNG of what it sees, hexadecimal; '' when none was kept."""

    @property
    def asked(self) -> Asked:
        """The sample as leak baselines see it."""
        at = np.array(self.head)
        gaze = min(self.gazes, key=lambda g: float(np.abs(np.array(g) - at).max()))
        picture = np.array(self.thumb, np.float32).reshape(16, 22, 4)
        return Asked(text=self.text, head=at, thumb=picture, gaze=np.array(gaze))


def evaluate_looking(config: LookingConfig) -> dict[str, Any]:
    """Run everything of `config`, write its folder, return what results.json holds; ValueError for unknown splits."""
    for split in config.splits:
        if split not in SPLITS:
            raise ValueError(f"split '{split}': expected one of {', '.join(SPLITS)}")
    if config.reach not in REACHES:
        raise ValueError(f"reach '{config.reach}': expected one of {', '.join(REACHES)}")
    if not 0 < config.scenes <= min(SCENES.values()):
        raise ValueError(f"scenes {config.scenes}: expected 1 to {min(SCENES.values())}")
    ready, absent = _sorted_out(config.arms)
    chosen = tuple(arms(ready, config.checkpoint or shipped("look")))
    entries = shelf("sapave.policies", "POLICY")
    asked = {name: entries[name].asks() for name in ready if name in entries and entries[name].asks()}
    absent = {title: why for title, why in absent.items() if title not in map(title_of, asked.values())}
    identity = {
        "protocol": PROTOCOL_VERSION,
        "suite": SUITE,
        "shape": [config.views, config.samples],
        "reach": config.reach,
        "weights": {arm.name: weights_digest(arm) or asked.get(arm.name, "") for arm in chosen},
    }
    path = config.out / "identity.json"
    if path.is_file() and json.loads(path.read_text()) != identity:
        raise ValueError(f"{config.out}: holds looks of another comparison; name another folder with --out")
    logger = start_run(config.out, config)
    write_json(path, identity)
    asks = partial(Job, views=config.views, samples=config.samples, reach=config.reach)
    jobs = [
        asks(arms=chosen, split=split, number=n, pictures=n < PICTURES)
        for split in config.splits
        for n in range(config.scenes)
    ]
    jobs += [asks(arms=(), split="train", number=n) for n in range(config.train_scenes)]
    looks = _run(jobs, config.out / "samples.jsonl", config.workers)
    _add_blind(looks)
    docs = {arm.name: f"{arm.doc} ({title_of(asked[arm.name])})" if arm.name in asked else arm.doc for arm in chosen}
    results = summarise(looks, docs, identity, absent)
    write_json(config.out / "results.json", results)
    report = write_look_report(config.out / "report.html", results, [vars(a) for a in looks if a.picture])
    for line in lines(results):
        logger.info(line)
    logger.info("report: %s", report)
    return results


def _sorted_out(names: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Arms that can be run here, and (title -> why not) the others; the paper's models are always among them."""
    shelf_of = shelf("sapave.policies", "POLICY")
    lacks = {name: shelf_of[name].missing() for name in names if name in shelf_of}
    absent = {name: why for name, why in lacks.items() if why}
    for model in MODELS.values():
        paper = " / ".join(str(value) for value in model.paper)
        absent[model.title] = f"no endpoint that serves it; the paper has {paper} on its own data"
    return tuple(name for name in names if not lacks.get(name)), absent


def _run(jobs: Sequence[Job], path: Path, workers: int) -> list[Look]:
    """All looks, in the order of the jobs; finished scenes are kept at `path` and not looked at again, except where an
    endpoint did not answer."""
    kept: dict[tuple[str, int], list[Look]] = {}
    if path.is_file():
        for line in path.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # cut short by a kill: that scene is done again
            kept[(row["split"], row["number"])] = [Look(**look) for look in row["looks"]]
    kept = {
        key: found for key, found in kept.items() if not any(a.get("failed") for k in found for a in k.arms.values())
    }
    left = [job for job in jobs if (job.split, job.number) not in kept]
    with tqdm(total=len(jobs), initial=len(jobs) - len(left), desc="looking", unit="scene", disable=None) as bar:
        for job, found in each(look_around, left, workers):
            kept[(job.split, job.number)] = found
            rows = [asdict(look) for look in found]
            append_jsonl(path, {"split": job.split, "number": job.number, "looks": rows})
            bar.update()
    return [look for job in jobs for look in kept[(job.split, job.number)]]


def look_around(job: Job) -> list[Look]:
    """All requests of a scene that have an answer, and what each arm does with them."""
    world, things, g = open_scene(job.split, job.number, SUITE)
    found: list[Look] = []
    try:
        for _ in range(job.views if things else 0):
            head = start_head(world, things, g)
            with head_at(world.model, world.data, head):
                frame, samples = frame_of(
                    world, things, head, g, suite=SUITE, split=job.split, samples=job.samples, reach=job.reach
                )
            small = thumb(frame["rgb"], frame["depth_mm"] / 1000.0)
            for sample in samples:
                if not sample["steps"]:
                    continue  # nothing answers it
                answers = [t for t in things if t["id"] in sample["steps"][sample["step"]]]
                look = Look(
                    split=job.split, scene=job.number, index=len(found), text=sample["instruction"],
                    category=sample["kind"], form=sample["form"], difficulty=sample["difficulty"],
                    head=[round(float(v), 5) for v in head], gazes=[t["gaze"] for t in answers],
                    thumb=[round(float(v), 3) for v in small.ravel()],
                    in_view=sample["visible_before"] > 0, last=sample["step"] == len(sample["steps"]) - 1,
                )  # fmt: skip
                if job.pictures and len(found) == 0:
                    look.picture = encode(frame["rgb"]).hex()
                for arm in job.arms:
                    look.arms[arm.name] = _follow(world, load(arm), head, look, [t["name"] for t in answers])
                found.append(look)
    finally:
        world.close()
    return found


def _seen(world: World, head: np.ndarray, names: Sequence[str]) -> float:
    """Largest visible fraction of an answer within 20 degrees of the axis of a head at [2] rad."""
    with head_at(world.model, world.data, head):
        central = [n for n in names if conditions.off_axis(world, n) <= conditions.CENTRAL]
        return round(max((conditions.visible_fraction(world, n) for n in central), default=0.0), 3)


def _follow(world: World, policy: Policy, head: np.ndarray, look: Look, names: list[str]) -> dict[str, Any]:
    """Let a policy look up to LOOKS times from `head` [2] rad (a scripted scan oftener); where each look ended and how
    well an answer was seen.

    A policy that commits at its second or third look stays where it is; its first motion is always carried out, for the
    one look that is judged. `commits` [n, 2]: (how sure it was, what was seen) at each picture it was shown. A look
    without an answer is never right and sees nothing; it is counted (`no_answer`; `failed` where the endpoint was at
    fault) and ends the looking. `picture`: PNG of where it ended, when the start's is kept too.
    """
    policy.reset(world.spec.seed)
    before, heads, seen = world.target, [], []
    extra: dict[str, Any] = {}
    commits: list[list[float]] = []
    now = _seen(world, head, names)
    world.target = SimpleNamespace(name=names[0])  # type: ignore[assignment]  # what privileged policies read
    try:
        for number in range(getattr(policy, "looks", LOOKS)):
            with head_at(world.model, world.data, head):
                if isinstance(policy, Privileged):
                    policy.bind(world)
                pose = head.astype(np.float32)
                observation = world.observe(cameras_of(policy))
                chunk = policy.act(replace(observation, head=pose, head_target=pose, instruction=look.text, time=0.0))
            if isinstance(chunk, NoAnswer):
                extra = {"no_answer": 1} | ({"failed": chunk.why} if chunk.why != UNREADABLE else {})
                heads.append([round(float(v), 4) for v in head])
                seen.append(0.0)
                break
            if chunk.commit is not None:
                commits.append([round(chunk.commit, 3), now])
            if number > 0 and (chunk.commit or 0.0) > COMMITTED:
                break
            head = np.clip(head + chunk.head.sum(0), *world.robot.head_limits.T)
            now = _seen(world, head, names)
            heads.append([round(float(v), 4) for v in head])
            seen.append(now)
    finally:
        world.target = before
    extra |= {"commits": commits} if commits and look.last else {}
    if look.picture:
        with head_at(world.model, world.data, head):
            extra["picture"] = encode(world.observe(("head",)).rgb["head"]).hex()
    answered = len(heads) > 1 or "no_answer" not in extra
    return {"heads": heads, "seen": seen, "right": answered and right(look, np.array(heads[0]))} | extra


def right(look: Look, head: np.ndarray) -> bool:
    """Does head pose [2] rad lie within 5 degrees of a best view, in yaw and pitch?"""
    return any(bool(np.abs(np.array(gaze) - head).max() <= TOLERANCE) for gaze in look.gazes)


def _add_blind(looks: Sequence[Look]) -> None:
    """The leak baselines' looks, fitted on the training split."""
    train = [look.asked for look in looks if look.split == "train"]
    blind: dict[str, Blind] = blind_policies(train) if train else {}
    for look in looks:
        if look.split == "train":
            continue
        for name, answer in blind.items():
            head = answer(look.asked)
            look.arms[name] = {"heads": [np.round(head, 4).tolist()], "seen": [], "right": right(look, head)}
