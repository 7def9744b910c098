"""Every axis of the shelf: seeded, off by default, changes what it says and nothing else; the expert copes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sapave.base.shelf import pick, shelf
from sapave.base.types import EpisodeSpec
from sapave.bench.arms import Arm, play_arm
from sapave.sim import cameras
from sapave.sim.axes._axis import ALTERS, Axis, setting, settings
from sapave.sim.axes.paraphrase import KEY, read
from sapave.sim.world import World

AXES: dict[str, Axis] = shelf("sapave.sim.axes", "AXIS")
SPEC = EpisodeSpec(task="pick_and_place", condition="unoccluded", seed=2_000_011)
TURN = np.array([0.03, 0.02])
EXPERT = Arm(name="expert", doc="", policy="expert")
TICKS = 30


def state(spec: EpisodeSpec, *axes: str) -> dict[str, Any]:
    """What an episode is, sorted by the kinds of change; the head turns for 1.2 s, the arms rest."""
    world = World(spec, axes=axes)
    model, out = world.model, {}
    light = model.vis.headlight
    lamps = (model.light_pos, model.light_diffuse, light.ambient, light.diffuse)
    out["lamps"] = [np.array(v) for v in lamps]
    out["surfaces"] = [model.tex_data.copy(), model.mat_rgba.copy()]
    head = model.camera("head")
    out["camera"] = [head.pos.copy(), head.quat.copy(), head.fovy.copy()]
    out["things"] = [
        (s.thing.family.name, s.thing.colour, repr(s.thing.shape), s.xy, s.yaw) for s in world.layout.standings
    ]
    out["words"] = world.instruction
    out["posture"] = [world.controller.targets_head, world.controller.targets_other]
    before = world.position(world.target.name)
    for tick in range(TICKS):
        world.tick(TURN if tick % 2 else -TURN, np.zeros(26))
    moved = float(np.linalg.norm(world.position(world.target.name) - before)) > 0.02
    out["events"] = [model.nbody - len(world.things), moved]
    seen = world.observe()
    rgb, depth = world.eye.look(world.data, "head", world.width, world.height)
    pose = cameras.base_from_camera(world.data, cameras.camera_id(model, "head")).astype(np.float32)
    geometry = seen.geometry["head"]
    pairs = ((seen.rgb["head"], rgb), (geometry.depth, depth), (geometry.base_from_camera, pose))
    out["sensing"] = [bool(np.array_equal(a, b)) for a, b in pairs]
    out["sensed"] = [seen.rgb["head"], geometry.depth, geometry.base_from_camera, seen.head, world.data.qpos.copy()]
    world.close()
    return out


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) else bool(a == b)


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return state(SPEC)


@pytest.mark.parametrize("name", AXES)
def test_an_axis_changes_what_it_says_and_nothing_else(name: str, plain: dict[str, Any]) -> None:
    axis = AXES[name]
    assert axis.doc and axis.alters and axis.alters <= set(ALTERS) and axis.low <= axis.strength <= axis.high
    first = state(SPEC, name)
    altered = {kind for kind in ALTERS if not same(first[kind], plain[kind])}
    assert altered == axis.alters
    assert same(first, state(SPEC, name)), "same seed, same bits"
    assert same(state(SPEC), plain), "an axis leaves nothing behind"


@pytest.mark.parametrize("name", AXES)
def test_the_expert_copes(name: str) -> None:
    for task, condition, seed in (("pick", "unoccluded", 2_000_003), ("pick", "out_of_view", 2_000_021)):
        world = World(EpisodeSpec(task=task, condition=condition, seed=seed), axes=(name,))
        record = play_arm(EXPERT, world)
        world.close()
        assert record.outcome.success_held, (task, condition, record.outcome.failure)


def test_axes_combine_in_any_order() -> None:
    one = state(SPEC, "latency=2", "light", "camera_noise=0.5", "moving_occluder")
    two = state(SPEC, "moving_occluder", "camera_noise=0.5", "light", "latency=2")
    assert same(one, two) and same(one["sensing"], [False] * 3)


def test_latency_shows_the_past() -> None:
    late, now = World(SPEC, axes=("latency=4",)), World(SPEC)
    heads = []
    for _ in range(8):
        heads.append(now.observe().head)
        for world in (late, now):
            world.tick(TURN, np.zeros(26))
    seen = late.observe()
    assert np.allclose(seen.head, heads[4], atol=1e-6) and np.allclose(seen.head_target, now.observe().head_target)
    late.close()
    now.close()


def test_the_target_moves_once_and_never_out_of_a_hand() -> None:
    world = World(SPEC, axes=("moved_target=1",))
    places = []
    for _ in range(60):
        world.tick(np.zeros(2), np.zeros(26))
        places.append(world.position(world.target.name))
    world.close()
    jumps = np.flatnonzero(np.linalg.norm(np.diff(places, axis=0), axis=1) > 0.05)
    assert len(jumps) == 1 and 0.7 < jumps[0] * 0.04 < 1.3
    assert abs(world.lift(world.target.name)) < 0.005  # it stands, and counts as standing
    held = World(SPEC, axes=("moved_target=1",))
    held.held = lambda name: True  # type: ignore[method-assign]
    start = held.position(held.target.name)
    for _ in range(60):
        held.tick(np.zeros(2), np.zeros(26))
    assert np.allclose(held.position(held.target.name), start, atol=0.005)
    held.close()


def test_the_board_hides_the_target_for_a_while_and_pushes_nothing() -> None:
    world = World(SPEC, axes=("moving_occluder",))
    start, seen = world.position(world.target.name), []
    for tick in range(100):
        world.tick(np.zeros(2), np.zeros(26))
        if tick % 5 == 0:
            seen.append(world.visible_fraction())
    assert min(seen) < 0.4 and max(seen) > 0.6
    assert np.allclose(world.position(world.target.name), start, atol=0.003)
    world.close()


def test_paraphrases_stand_in_no_split() -> None:
    for task in shelf("sapave.sim.tasks", "TASK").values():
        if KEY in task.templates:
            known = {t for split, texts in task.templates.items() if split != KEY for t in texts}
            own = task.templates[KEY]
            assert len(set(own)) >= 10 and not known & set(own)
            assert all("{object}" in t for t in own)
            assert AXES["paraphrase"].note(task) == ""
    for name in ("pick", "pick_and_place"):
        assert KEY in pick("sapave.sim.tasks", "TASK", name).templates


@pytest.mark.parametrize("name", shelf("sapave.sim.tasks", "TASK"))
def test_every_wording_of_every_task_is_read_back(name: str) -> None:
    task = pick("sapave.sim.tasks", "TASK", name)
    said = {"object": "red mug", "unit": "left drawer", "surface": "desk", "goal": "tray"}
    for split, templates in task.templates.items():
        for template in templates if split != KEY else ():
            found = read(template.format(**said), task)
            assert all(found[n] == said[n] for n in said if f"{{{n}}}" in template), template
            for other in task.templates.get(KEY, task.templates["test"]):
                assert "{" not in other.format(**{"surface": "desk", **found})


def test_an_instruction_is_read_back_and_said_otherwise() -> None:
    task = pick("sapave.sim.tasks", "TASK", "pick_and_place")
    assert read("pick up the red mug and place it on the tray", task) == {"object": "red mug", "goal": "tray"}
    assert read("grab the sponge and bring it to the tray", task) == {"object": "sponge", "goal": "tray"}
    with pytest.raises(ValueError, match="of no wording of task 'pick_and_place'"):
        read("sing a song", task)
    bare = replace(task, templates={k: v for k, v in task.templates.items() if k != KEY})
    assert "has no paraphrases of its own" in AXES["paraphrase"].note(bare)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("ligth", KeyError, "did you mean 'light'"),
        ("latency=1.5", ValueError, "a whole number from 1 to 25"),
        ("light=0", ValueError, "above 0"),
        ("light=much", ValueError, "found strength 'much'"),
        ("background=2", ValueError, "to 1"),
    ],
)
def test_wrong_axes_are_refused(text: str, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        setting(text)


def test_an_axis_counts_once() -> None:
    assert [s.text for s in settings(("light=2", "latency"))] == ["latency=3", "light=2"]
    with pytest.raises(ValueError, match="found it twice"):
        settings(("light", "light=2"))
