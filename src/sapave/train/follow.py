"""Runs a recipe: its stages one after another into folders of their own; finished ones are passed over."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from sapave.base.runs import write_json
from sapave.base.shelf import choose
from sapave.train.presets import TrainConfig, parse_override
from sapave.train.recipes._recipe import Recipe

DONE = "done.json"
"""Beside a finished stage's records, in `train/`: its last metrics, and which weights it began from."""
OWN = ("stage", "trains", "losses", "views", "episodes", "init", "anew", "override", "cache", "val_views")
"""Settings of a stage that are the recipe's, or options of the command."""
log = logging.getLogger("sapave.train")


@dataclass(frozen=True, kw_only=True)
class FollowConfig:
    """Options of `sapave train recipe NAME`."""

    views: tuple[str, ...] = ()
    """Views folders; `folder=3` draws one three times as often as its size says."""
    episodes: tuple[str, ...] = ()
    """Episodes folders, likewise; needed where a stage that is run learns from them."""
    val_views: str = ""
    """Views folder for the periodic evaluation; empty: none."""
    out: Path = Path("runs/recipe")
    """Stages go to `out`/1-NAME, 2-NAME ...; what is finished there is passed over, what was cut short goes on."""
    cache: str = "runs/cache"
    """Where packed data and cached tokens are kept; recipes may share it."""
    begin: str = ""
    """Name of the first stage to run; the ones before are left out and `init` stands in for them."""
    init: str = ""
    """Checkpoint to begin from: another recipe's, say, so that stage 0 is paid for once."""
    anew: tuple[str, ...] = ()
    """Parts of the model in `init` that start fresh: `adapter head_decoder` of one that has had its stage 1."""
    end: str = ""
    """Name of the last stage to run; the ones after are left out."""
    override: tuple[str, ...] = ()
    """Further changes to the model's config, `text_layers=2`; the recipe's own come last."""
    settings: tuple[str, ...] = ()
    """Changes to training settings: `workers=4` in every stage, `stage1.lr=1e-3` in one."""
    scale: float = 1.0
    """Steps of every stage times this (at least 2)."""


def follow(recipe: Recipe, options: FollowConfig) -> Path:
    """Run the stages that are not finished; folder of the last one, a checkpoint. ValueError for wrong options."""
    stages = plan(recipe, options)
    for config, folder in stages:
        if finished(config, folder):
            log.info("%s: finished", folder)
            continue
        from sapave.train.loop import train

        write_json(folder / "train" / DONE, {"last": train(config, folder), "from": identity(config.init)})
    return stages[-1][1]


def plan(recipe: Recipe, options: FollowConfig) -> list[tuple[TrainConfig, Path]]:
    """The stages to run with everything filled in, and their folders."""
    if options.scale <= 0:
        raise ValueError(f"recipe: scale {options.scale}, expected above 0")
    if bool(options.begin) != bool(options.init):
        raise ValueError("recipe: --begin STAGE and --init CHECKPOINT go together: what comes before is not trained")
    if options.anew and not options.init:
        raise ValueError(f"recipe: --anew {' '.join(options.anew)} goes with --init CHECKPOINT, whose parts they are")
    names = {stage.stage: i for i, stage in enumerate(recipe.stages)}
    first = choose(names, options.begin, "stage of this recipe") if options.begin else 0
    last = choose(names, options.end, "stage of this recipe") if options.end else len(names) - 1
    if last < first:
        raise ValueError(
            f"recipe: --end {options.end} comes before --begin {options.begin}, expected it or one behind it"
        )
    chosen = recipe.stages[first : last + 1]
    _enough(chosen, options)
    own = tuple(f"{name}={json.dumps(value)}" for name, value in recipe.changes.items())
    out, before = [], options.init
    changed = _settings(options.settings, names)
    for number, stage in enumerate(chosen, first + 1):
        fresh = not before
        values: dict[str, Any] = {
            "steps": max(2, round(stage.steps * options.scale)),
            **_typed(stage, {**changed[""], **changed[stage.stage]}),
            # a fresh model learns its words from all the data that is to come
            "views": options.views if fresh or stage.views_share > 0 else (),
            "episodes": options.episodes if fresh or stage.views_share < 1 else (),
            "val_views": options.val_views,
            "cache": options.cache,
            "init": before,
            "anew": tuple(dict.fromkeys((*stage.anew, *(options.anew if number == first + 1 else ())))),
            "override": (*options.override, *own) if number == first + 1 else (),
        }
        folder = options.out / f"{number}-{stage.stage}"
        out.append((replace(stage, **values), folder))
        before = str(folder)
    return out


def _enough(stages: Sequence[TrainConfig], options: FollowConfig) -> None:
    """ValueError for folders that are missing; a stage of views alone, begun at a checkpoint, needs no episodes."""
    acting = not options.init or any(stage.views_share < 1 for stage in stages)
    for name, needed in (("views", True), ("episodes", acting)):
        if needed and not getattr(options, name):
            raise ValueError(
                f"recipe: no {name} folder was given, expected --views{' and --episodes' if acting else ''} with one "
                "or more each"
            )


def finished(config: TrainConfig, folder: Path) -> bool:
    """Has this stage come to its end there? ValueError when it did so with other settings or from other weights."""
    from sapave.train.loop import check_same

    path = folder / "train" / DONE
    if not path.is_file():
        return False
    check_same(config, folder / "train")
    if json.loads(path.read_text())["from"] != identity(config.init):
        raise ValueError(f"{folder}: finished, but from other weights than {config.init} has now; name another folder")
    return True


def identity(checkpoint: str) -> str:
    """Hash of a checkpoint's weights, its base included; '' for none."""
    from sapave.model import checkpoint as stored

    return stored.identity(stored.load_config(checkpoint)) if checkpoint else ""


def _settings(items: tuple[str, ...], names: dict[str, int]) -> dict[str, dict[str, Any]]:
    """Changes by stage ('': of all) of items `setting=value` and `stage.setting=value`."""
    out: dict[str, dict[str, Any]] = {"": {}, **{name: {} for name in names}}
    for item in items:
        place, equals, value = item.partition("=")
        stage, dot, name = place.rpartition(".")
        if dot:
            choose(names, stage, "stage of this recipe")
        out[stage] |= parse_override((f"{name}{equals}{value}",))
    return out


def _typed(stage: TrainConfig, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, each of the kind of the setting it replaces."""
    known = {f.name: getattr(stage, f.name) for f in fields(stage) if f.name not in OWN}
    out = {}
    for name, value in changes.items():
        old = choose(known, name, "training setting")
        value = tuple(value) if isinstance(value, list) else value
        if isinstance(old, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(old):
            raise ValueError(f"training setting {name}: found {value!r}, expected something like {old!r}")
        out[name] = value
    return out
