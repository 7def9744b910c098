"""The arms of a comparison: which policy, with which camera, from which checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sapave.base.shelf import choose, pick, shelf
from sapave.base.types import EpisodeSpec, Policy
from sapave.bench.lists import KITCHENS
from sapave.bench.protocol import EXECUTE
from sapave.bench.rollout import Record, Stage, make_world, play
from sapave.policies._entry import PolicyEntry

UNTRAINED = {
    "fixed_wrist": "a fixed head camera and the wrist cameras",
    "active_wrist": "an active head camera and the wrist cameras",
}
"""Arms of the paper's comparison for which not every suite has weights; where they were not played, tables say so."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One column of a comparison."""

    name: str
    doc: str
    policy: str
    """Name on the policies' shelf."""
    camera: str = "active"
    """`active`, or `fixed`: the head stays at its default pose whatever the policy says."""
    checkpoint: str = ""
    """Checkpoint folder; '' for a policy without one."""
    suite: str = ""
    """Suite for which the policy is made; '' where that makes no difference."""
    hold_head: bool = False
    engine: str = ""
    """fp32 | bf16: run by the inference engine; '' by the model's own methods."""
    delay: int = 0
    """An answer takes so many ticks, during which the last chunk runs on."""


def served(chosen: Sequence[Arm], engine: str, delay: int) -> list[Arm]:
    """The arms with our trained policy run so; ValueError for an unknown engine, or a delay outside 0 to 8 ticks."""
    if engine not in ("", "fp32", "bf16"):
        raise ValueError(f"engine '{engine}': expected fp32 or bf16, or leave it out for the model's own methods")
    if not 0 <= delay <= EXECUTE:
        raise ValueError(f"delay {delay}: expected 0 to {EXECUTE} ticks, the rows that are played of a chunk")
    return [replace(arm, engine=engine, delay=delay) if arm.policy == "sapave" else arm for arm in chosen]


def arms(
    names: tuple[str, ...],
    checkpoint: Path | None = None,
    fixed: Path | None = None,
    wrist: Path | None = None,
    fixed_wrist: Path | None = None,
    suite: str = "",
) -> list[Arm]:
    """The named arms; any policy of the shelf is an arm too. The checkpoints shipped for the suite are the default.

    A checkpoint is a folder or a hub id, which is looked up here once and not by each worker. ValueError for an arm
    with wrist cameras whose weights are missing or do not look through them.
    """
    from sapave.policies.sapave import shipped

    checkpoint, fixed = local(checkpoint), local(fixed)
    known = {
        "active": lambda: Arm(
            name="active",
            doc="the trained policy; its head moves",
            policy="sapave",
            checkpoint=str(checkpoint or shipped("active", suite)),
        ),
        "held": lambda: Arm(
            name="held",
            doc="the same policy, its head held still",
            policy="sapave",
            checkpoint=str(checkpoint or shipped("active", suite)),
            hold_head=True,
        ),
        "fixed": lambda: Arm(
            name="fixed",
            doc="trained with the camera fixed, on as much data",
            policy="sapave",
            camera="fixed",
            checkpoint=str(fixed or shipped("fixed", suite)),
        ),
        "active_wrist": lambda: _wrist_arm("active_wrist", "active", wrist, suite),
        "fixed_wrist": lambda: _wrist_arm("fixed_wrist", "fixed", fixed_wrist, suite),
    }
    others: dict[str, Callable[[], Arm]] = {
        name: _shelf_arm(entry, checkpoint, suite)
        for name, entry in shelf("sapave.policies", "POLICY").items()
        if name != "sapave"
    }
    options: Mapping[str, Callable[[], Arm]] = {**known, **others}
    if not names:
        raise ValueError(f"arms: none given; there are: {', '.join(options)}")
    return [choose(dict(options), name, "arm")() for name in names]


def _wrist_arm(name: str, camera: str, checkpoint: Path | None, suite: str) -> Arm:
    from sapave.model.checkpoint import load_config
    from sapave.policies.sapave import shipped

    if checkpoint is None:
        try:
            checkpoint = shipped(name, suite)
        except KeyError:
            option = {"active_wrist": "--wrist-checkpoint", "fixed_wrist": "--fixed-wrist-checkpoint"}[name]
            raise ValueError(
                f"arm '{name}': {UNTRAINED[name]}: no weights are shipped for this suite; train them "
                f"(docs/wrist_cameras.md), give them as {option}"
            ) from None
    folder = local(checkpoint)
    assert folder is not None
    if not load_config(folder)["model"].get("extra_cameras"):
        raise ValueError(
            f"arm '{name}': {folder} looks through the head camera alone, expected weights of a model with "
            "extra_cameras; see docs/wrist_cameras.md"
        )
    return Arm(name=name, doc=UNTRAINED[name], policy="sapave", camera=camera, checkpoint=str(folder))


def local(checkpoint: Path | None) -> Path | None:
    """Folder of a checkpoint, from the hub where it is an `owner/name` and no folder."""
    if checkpoint is None:
        return None
    from sapave.model.hub import resolve

    return resolve(checkpoint)


def _shelf_arm(entry: PolicyEntry, checkpoint: Path | None, suite: str) -> Callable[[], Arm]:
    from sapave.policies.sapave import shipped

    weights = (lambda: str(checkpoint or shipped("active", suite))) if entry.learned else (lambda: "")
    doc = entry.doc[0].lower() + entry.doc[1:].rstrip(".")

    def arm() -> Arm:
        made_for = choose({name: name for name in entry.suites()}, suite or KITCHENS, f"suite of {entry.name}")
        return Arm(name=entry.name, doc=doc, policy=entry.name, checkpoint=weights(), suite=made_for)

    plain = Arm(name=entry.name, doc=doc, policy=entry.name)
    return arm if entry.suites() else lambda: replace(plain, checkpoint=weights())


def weights_digest(arm: Arm) -> str:
    """First 12 digits of the sha256 of the arm's weights, as its checkpoint states it; '' without a checkpoint."""
    if not arm.checkpoint:
        return ""
    from sapave.model.checkpoint import identity, load_config

    return identity(load_config(arm.checkpoint))[:12]


@lru_cache(maxsize=8)
def load(arm: Arm) -> Policy:
    """The arm's policy; a process makes each once."""
    entry = pick("sapave.policies", "POLICY", arm.policy)
    if not arm.checkpoint:
        return entry.make()
    how: dict[str, Any] = {"hold_head": True} if arm.hold_head else {}
    how |= {"suite": arm.suite} if arm.suite else {}
    how |= {"delay": arm.delay} if arm.delay else {}
    if arm.engine:
        from sapave.model.engine import EngineConfig

        how["engine"] = EngineConfig(dtype=arm.engine)
    return entry.make(checkpoint=Path(arm.checkpoint), **how)


def play_arm(
    arm: Arm, episode: EpisodeSpec | Stage, *, execute: int = EXECUTE, film: bool = False, axes: Sequence[str] = ()
) -> Record:
    """Play one episode with one arm; from a spec, with the arm's camera and under `axes`."""
    entry = pick("sapave.policies", "POLICY", arm.policy)
    make = partial(make_world, axes=tuple(axes)) if axes else make_world
    if isinstance(episode, EpisodeSpec):
        episode = replace(episode, camera=arm.camera)
    return play(episode, load(arm), execute=execute, film=film, needs_images=entry.needs_images, make=make)
