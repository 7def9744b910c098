"""The wrist cameras, from the simulated hand to the arms of a comparison."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sapave.base.seeds import rng
from sapave.base.types import WRISTS, ActionChunk, EpisodeSpec, Observation, cameras_of
from sapave.data.collect import REPORT, CollectConfig, collect
from sapave.data.episodes import EpisodeReader
from sapave.data.features import IMAGES
from sapave.data.pack import open_pack
from sapave.data.windows import Sampler, gather, open_sources
from sapave.sim.acting._expert import expert_for
from sapave.sim.env import ActiveManipEnv
from sapave.sim.world import World

CONFIG = CollectConfig(
    out=Path("unset"), count=2, tasks=("pick",), mix=(1.0, 0.0, 0.0), every=5, width=96, height=64, workers=0
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collect(replace(CONFIG, out=tmp_path_factory.mktemp("wrists") / "episodes", wrists=True))


def test_a_wrist_camera_sees_target_and_hand_at_the_grasp_and_is_drawn_only_when_asked() -> None:
    world = World(EpisodeSpec(task="pick", condition="unoccluded", seed=3))
    assert list(world.observe().rgb) == ["head"]
    expert, before = expert_for(world, rng(3, "expert"), wait_for_view=True), {}
    while not world.held(world.target.name):
        chunk = expert.act(world.observe())
        world.tick(chunk.head[0], chunk.other[0])
        before = before or {name: (world.segment(name) == 1).mean() for name in WRISTS}
    names = {name: (world.segment(name) == 1).mean() for name in WRISTS}
    nearer = max(WRISTS, key=lambda name: names[name])
    assert names[nearer] > 0.03 and names[nearer] > 4 * before[nearer], "the thing fills a good part of the picture"
    bodies = world.eye.bodies(world.data, nearer, world.width, world.height)
    side = nearer.removesuffix("_wrist")
    shown = {world.model.body(int(body)).name for body in np.unique(bodies) if body >= 0}
    assert len([name for name in shown if name.startswith(side)]) >= 3, "fingers and thumb"
    seen = world.observe(("head", *WRISTS))
    assert all(seen.rgb[name].shape == (128, 176, 3) and seen.rgb[name].std() > 10 for name in WRISTS)
    world.close()


def test_the_environment_shows_the_cameras_it_was_asked_for() -> None:
    env = ActiveManipEnv(cameras=("head", *WRISTS), width=48, height=32)
    seen, _ = env.reset(seed=1)
    env.close()
    assert env.observation_space.contains(seen) and seen["rgb.right_wrist"].shape == (32, 48, 3)
    with pytest.raises(KeyError, match="unknown camera 'wrist'"):
        ActiveManipEnv(cameras=("wrist",))


def test_recording_the_wrists_changes_nothing_else(recorded: Path, tmp_path: Path) -> None:
    plain, both = EpisodeReader(collect(replace(CONFIG, out=tmp_path / "plain"))), EpisodeReader(recorded)
    assert set(both.features) - set(plain.features) == {f"{IMAGES}{name}" for name in WRISTS}
    modality = json.loads((recorded / "meta/modality.json").read_text())
    assert modality["video"]["left_wrist"] == {"original_key": f"{IMAGES}left_wrist"}
    vectors = [name for name, f in plain.features.items() if f["dtype"] in ("float32", "int64")]
    for one, other in zip(plain, both, strict=True):
        assert one.length == other.length
        for name in vectors:
            np.testing.assert_array_equal(one.column(name), other.column(name), err_msg=name)
        pictures = [other.frames(f"{IMAGES}{name}") for name in WRISTS]
        assert all(p.shape == (one.length, 64, 96, 3) and p.std() > 10 for p in pictures)
    assert "wrists" not in json.loads((tmp_path / "plain" / REPORT).read_text())["config"]
    with pytest.raises(ValueError, match="another wrists"):
        collect(replace(CONFIG, out=recorded))


def test_packs_carry_the_wrists_and_batches_show_them_when_asked(recorded: Path, tmp_path: Path) -> None:
    from training_data import write_views

    pack = open_pack(recorded, tmp_path / "cache")
    first = EpisodeReader(recorded).episode(0)
    np.testing.assert_array_equal(pack.arrays["rgb_left_wrist"][0], first.frames(f"{IMAGES}left_wrist")[0])
    assert "extra" not in gather(pack, np.arange(2))
    batch = gather(pack, np.arange(3), cameras=WRISTS)
    assert batch["extra"].shape == (3, 2, 64, 96, 3) and batch["has_extra"].all()
    np.testing.assert_array_equal(batch["extra"][2, 1], pack.arrays["rgb_right_wrist"][2])
    views = open_pack(write_views(tmp_path / "views", 4), tmp_path / "cache")
    blind = gather(views, np.arange(3), cameras=WRISTS)
    assert not blind["has_extra"].any() and not blind["extra"].any()
    sources = open_sources([str(recorded)], tmp_path / "cache")
    drawn = Sampler(views=[], episodes=sources, images=2, cameras=WRISTS).batch(0)
    assert drawn["extra"].shape == (2, 2, 64, 96, 3)


class Feeling:
    """A learner that looks through the wrists and never moves."""

    cameras = ("head", *WRISTS)

    def reset(self, seed: int) -> None:
        self.asked = 0

    def act(self, observation: Observation) -> ActionChunk:
        assert tuple(observation.rgb) == self.cameras
        return ActionChunk(head=np.zeros((16, 2)), other=np.zeros((16, 26)))


def make_feeling(checkpoint: str) -> Feeling:
    return Feeling()


def test_a_learner_gets_its_cameras_whatever_is_recorded(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path / "set", count=1, learner="feeling", expert_share=0.0, noise=(0.0,))
    reader = EpisodeReader(collect(config, make_feeling))
    assert len(reader) == 1 and not [name for name in reader.features if "wrist" in name]


def test_a_policy_says_which_cameras_it_looks_through() -> None:
    class Driver:
        def __init__(self, policy: object) -> None:
            self.policy = policy

    seeing = type("Seeing", (), {"cameras": ("head", "left_wrist")})()
    assert cameras_of(None) == cameras_of(Driver(object())) == ("head",)
    assert cameras_of(Driver(seeing)) == ("head", "left_wrist")
