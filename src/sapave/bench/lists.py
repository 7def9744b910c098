"""Episode lists on disk: those committed under lists/, and any other file of the same form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from sapave.base.runs import atomic
from sapave.base.shelf import choose
from sapave.base.types import EpisodeSpec
from sapave.bench.protocol import Stamp, check_stamp

KITCHENS = "kitchens"
"""The suite whose lists lie in lists/ itself; every folder in there is a suite too."""


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
    target_at: tuple[float, float, float]
    """Centre of the target at the start [m]: shows whether the world is still the one that was certified."""
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
    axes: tuple[str, ...] = ()
    """Axes under which every episode was certified and is played: `unseen_object`, `paraphrase`."""
    unseen: str = ""
    """What training never saw, in a marked list: `objects`, `scenes` or `wordings`."""

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
    head: dict[str, Any] = {"name": episodes.name, "stamp": asdict(episodes.stamp), "expert": episodes.expert}
    head |= {"axes": list(episodes.axes)} if episodes.axes else {}
    head |= {"unseen": episodes.unseen} if episodes.unseen else {}
    lines = ",\n".join("  " + json.dumps(asdict(e)) for e in episodes.episodes)
    with atomic(path) as partial:
        partial.write_text(json.dumps(head)[:-1] + ', "episodes": [\n' + lines + "\n]}\n")


def load(name: str, suite: str = KITCHENS, *, allow_mismatch: bool = False) -> EpisodeList:
    """A committed list of a suite by name, or a list file by path.

    ValueError for another protocol or MuJoCo version, unless `allow_mismatch`; KeyError for an unknown suite or list.
    """
    path = Path(name)
    if path.suffix == ".json":
        if not path.is_file():
            raise ValueError(f"episode list {path}: no such file; committed lists are: {', '.join(committed(suite))}")
        return parse(path.read_text(), str(path), allow_mismatch=allow_mismatch)
    found = choose(committed(suite), name, f"episode list of suite '{suite}'")
    return parse(found.read_text(), f"episode list '{name}' of suite '{suite}'", allow_mismatch=allow_mismatch)


def listed(raw: dict[str, Any]) -> Listed:
    """One episode from its JSON object; TypeError for missing or unknown fields."""
    return Listed(**{**raw, "target_at": tuple(raw.get("target_at", ()))})


def suites() -> dict[str, Path]:
    """Name -> folder of the suites shipped with the package: `kitchens`, and every folder below it."""
    here = Path(str(files("sapave.bench"))) / "lists"
    return {KITCHENS: here} | {path.name: path for path in sorted(here.iterdir()) if path.is_dir()}


def committed(suite: str = KITCHENS) -> dict[str, Path]:
    """Name -> file of the lists of a suite; KeyError with the nearest suite."""
    folder = choose(suites(), suite, "suite")
    return {path.stem: path for path in sorted(folder.glob("*.json"))}


def parse(text: str, what: str, *, allow_mismatch: bool = False) -> EpisodeList:
    """A list from its JSON text; ValueError with `what` when it is not one or does not fit this installation."""
    try:
        raw = json.loads(text)
        stamp = Stamp(**raw["stamp"])
        episodes = tuple(listed(e) for e in raw["episodes"])
        marks = {"axes": tuple(raw.get("axes", ())), "unseen": str(raw.get("unseen", ""))}
        found = EpisodeList(name=raw["name"], stamp=stamp, episodes=episodes, expert=raw["expert"], **marks)
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{what}: not an episode list ({error}); make one with certify or take it again") from error
    if not allow_mismatch:
        check_stamp(what, stamp)
    return found
