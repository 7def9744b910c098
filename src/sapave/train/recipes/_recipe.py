"""What a recipe is: one question to the method, as changes to the model and a list of stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sapave.model.kind import config_of
from sapave.train.presets import PRESETS, TrainConfig

GROUNDED = replace(PRESETS["stage0"], stage="stage0b", tasks=False, views_share=0.5, steps=5000)
"""Stage 0 goes on with the instructions that views and episodes really have."""
ROAD: tuple[TrainConfig, ...] = (
    replace(PRESETS["stage0"], steps=20000),
    GROUNDED,
    PRESETS["spatial"],
    PRESETS["stage1"],
    PRESETS["draft"],
    PRESETS["stage2"],
)
"""The stages of our own training in order, as in runs/full.sh, but for the rounds of correction between drafts."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A training from nothing to a policy; `train/follow.py` runs it."""

    doc: str
    """What it asks, in one line; `sapave list recipes` shows it."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the model's config that differ from the default, `kind` for a model that is not ours; set at the first
    stage, in every checkpoint from there on."""
    stages: tuple[TrainConfig, ...] = ROAD
    """In order, each begins from the one before; data and folders are filled in when it is run."""

    def __post_init__(self) -> None:
        config_of(self.changes)
        names = [stage.stage for stage in self.stages]
        assert len(set(names)) == len(names), f"stages of one recipe have different names, found {names}"

    def details(self) -> dict[str, Any]:
        """What `sapave list recipes --json` adds to name and doc."""
        return {"changes": dict(self.changes), "stages": [stage.stage for stage in self.stages]}


def without(*names: str, **changes: Mapping[str, Any]) -> tuple[TrainConfig, ...]:
    """The road without the stages called `names`; `stage1={"lr": 1e-3}` changes settings of one that stays."""
    known = {stage.stage for stage in ROAD}
    assert set(names) | set(changes) <= known, (names, changes, known)
    return tuple(replace(s, **changes.get(s.stage, {})) for s in ROAD if s.stage not in names)
