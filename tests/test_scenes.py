"""Every scene keeps the rules; what breaks one is told by the rule's name; suites do not mix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sapave.base.shelf import shelf
from sapave.base.types import EpisodeSpec
from sapave.sim.layout import sample_layout
from sapave.sim.rules import scene_faults
from sapave.sim.scenes._room import DRAWER_FRONT
from sapave.sim.world import World

SCENES = shelf("sapave.sim.scenes", "SCENE")
NEW = [name for name, scene in SCENES.items() if scene.suite == "activemanip"]


def test_twenty_scenes() -> None:
    assert len(SCENES) >= 20 and len(NEW) >= 17
    for needs in ("drawer", "cabinet"):
        assert sum(SCENES[name].offers(needs) for name in NEW) >= 10


@pytest.mark.parametrize("name", SCENES)
def test_scenes_keep_the_rules(name: str) -> None:
    assert scene_faults(SCENES[name]) == []


def test_a_broken_scene_is_told_by_the_rule() -> None:
    scene = SCENES["workshop"]
    far = replace(DRAWER_FRONT, low=(0.55, 0.2), high=(0.56, 0.2))
    assert scene_faults(replace(scene, slots=(far,)))[0].startswith("reach: drawer_chest handle at")
    assert scene_faults(replace(scene, slots=(replace(far, furniture="tray"),)))[0] == "slots: 'tray' has no joint"
    homes = dict(scene.homes) | {"unicorn": "left", "mug": "back"}
    faults = scene_faults(replace(scene, homes=homes))
    assert len(faults) == 2 and all(f.startswith("homes: ") for f in faults)
    assert scene_faults(replace(scene, suite="attic"))[0].startswith("suite: ")


@pytest.mark.parametrize("name", NEW)
def test_rooms_differ_and_hold_things(name: str) -> None:
    """A room with things on its worktop compiles; nothing moves by itself."""
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=7, scene=name, suite="activemanip", attempt=0))
    before = world.data.xpos.copy()
    for _ in range(5):
        world.tick(np.zeros(2), np.zeros(26))
    assert np.abs(world.data.xpos - before).max() < 0.01
    assert all(world.model.body(i).name for i in range(world.model.nbody))
    world.close()


def test_suites_do_not_mix() -> None:
    drawn = {suite: set() for suite in ("kitchens", "activemanip")}
    for suite, names in drawn.items():
        for seed in range(60):
            spec = EpisodeSpec(task="pick", condition="unoccluded", seed=seed, suite=suite)
            names.add(sample_layout(spec, 0).scene.name)
    assert drawn["kitchens"] == {"farmhouse", "galley", "studio"}
    assert len(drawn["activemanip"]) > 10 and not drawn["activemanip"] & drawn["kitchens"]
