"""Collecting episodes: the same whatever the number of workers, resumable, honest about what it drops."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sapave.base.types import ActionChunk, Observation
from sapave.data import record as record_module
from sapave.data.collect import REPORT, CollectConfig, _alone, collect, quotas, recipe_of
from sapave.data.episodes import EpisodeReader
from sapave.data.features import HEAD_CAMERA, HEAD_DEPTH, sapave_features
from sapave.data.record import Disturbance, Recipe

CONFIG = CollectConfig(
    out=Path("unset"), count=2, tasks=("pick",), mix=(1.0, 0.0, 0.0), every=5, width=96, height=64, workers=0
)


class Learner:
    """Turns the head slowly and never moves its arms."""

    def reset(self, seed: int) -> None:
        self.asked = 0

    def act(self, observation: Observation) -> ActionChunk:
        return ActionChunk(head=np.tile([0.01, 0.0], (16, 1)), other=np.zeros((16, 26)))


def make_learner(checkpoint: str) -> Learner:
    assert checkpoint == "slow"
    return Learner()


def tree(root: Path) -> dict[str, bytes]:
    files = {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
    files.pop(REPORT)
    return files


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return collect(replace(CONFIG, out=tmp_path_factory.mktemp("collect") / "here"))


def test_what_an_expert_episode_holds(collected: Path) -> None:
    reader = EpisodeReader(collected)
    assert len(reader) == 2 and reader.fps == 5
    report = json.loads((collected / REPORT).read_text())
    assert report["kept"] == 2 and report["tried"] == 2 + len(report["dropped"])
    assert set(reader.meta("sapave/seed")).isdisjoint(d["seed"] for d in report["dropped"])
    for episode in reader:
        extra = episode.extra
        assert extra["success_held"] and extra["split"] == "train" and extra["condition"] == "unoccluded"
        assert extra["steps"] <= 5 * episode.length < extra["steps"] + 5
        numbers = episode.columns([n for n, f in reader.features.items() if f["dtype"] in ("float32", "int64")])
        targets = numbers["observation.other_target"]
        np.testing.assert_allclose(numbers["action.other"][:-1], np.diff(targets, axis=0), atol=1e-6)
        np.testing.assert_array_equal(numbers["action"][:, :2], numbers["action.head"])
        np.testing.assert_array_equal(numbers["observation.state"][:, 2:], numbers["observation.other"])
        assert np.abs(numbers["label.other"]).max() < 0.3 and np.abs(numbers["label.other"]).sum() > 0
        pose = numbers["observation.base_from_camera"].reshape(-1, 4, 4)
        turn = pose[:, :3, :3]
        assert np.abs(turn @ turn.transpose(0, 2, 1) - np.eye(3)).max() < 1e-5
        seen = (episode.segmentation() == numbers["label.seg_target"][:, None, None]).any((1, 2))
        np.testing.assert_array_equal(seen, numbers["observation.visible"] > 0)
        assert numbers["observation.visible"].max() > 0.5
        assert episode.frames(HEAD_CAMERA).std() > 10
        depth = episode.depth(HEAD_DEPTH)
        assert 0.2 < np.median(depth[depth > 0]) < 3.0


def test_same_bytes_for_two_workers_and_after_a_stop(collected: Path, tmp_path: Path) -> None:
    half = collect(replace(CONFIG, out=tmp_path / "set", count=1, workers=2))
    assert len(EpisodeReader(half)) == 1
    collect(replace(CONFIG, out=half, workers=2))
    assert tree(half) == tree(collected)
    reports = [json.loads((root / REPORT).read_text()) for root in (half, collected)]
    assert reports[0]["dropped"] == reports[1]["dropped"]


def test_a_learner_drives_and_the_expert_labels(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path / "set", count=1, learner="slow", expert_share=0.0, noise=(0.0,))
    reader = EpisodeReader(collect(config, make_learner))
    episode = reader.episode(0)
    assert episode.extra["driver"] == "learner" and not episode.extra["success_held"]
    assert np.abs(episode.column("action.other")).max() == 0, "the learner's arms stay still"
    np.testing.assert_allclose(episode.column("action.head")[0], [0.05, 0.0], atol=1e-6)
    assert np.abs(episode.column("label.other")).max() > 0, "the expert would have moved them"


def test_fixed_camera_keeps_and_teaches_a_still_head(tmp_path: Path) -> None:
    root = collect(replace(CONFIG, out=tmp_path / "set", count=1, camera="fixed"))
    episode = EpisodeReader(root).episode(0)
    assert np.abs(episode.column("label.head")).max() == 0
    assert np.ptp(episode.column("observation.head_target"), axis=0).max() == 0


def test_another_configuration_is_refused(collected: Path) -> None:
    with pytest.raises(ValueError, match="collected with another noise"):
        collect(replace(CONFIG, out=collected, noise=(0.5,)))
    with pytest.raises(ValueError, match="another run is collecting"), _alone(collected):
        collect(replace(CONFIG, out=collected))
    with pytest.raises(ValueError, match="belong together"):
        collect(replace(CONFIG, out=collected, learner="slow"))


@pytest.mark.parametrize(("name", "value"), [("tasks", ("pik",)), ("scene", "kitchn")])
def test_unknown_names_are_refused_before_anything_is_written(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(KeyError, match="unknown"):
        collect(replace(CONFIG, out=tmp_path / "set", **{name: value}))
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("wrong", [{"every": 3}, {"mix": (0.0, 0.0, 0.0)}, {"count": -1}, {"noise": (-1.0,)}])
def test_impossible_configurations_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        replace(CONFIG, **wrong)


def test_gives_up_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(recipe: Recipe, learner: object = None) -> record_module.Recording:
        return record_module.Recording(frames=None, instruction="", extra={}, reason="no plan")

    monkeypatch.setattr("sapave.data.collect.record", never)
    with pytest.raises(ValueError, match=r"0 of 2 episodes kept after 50 seeds; dropped for {'no plan': 50}"):
        collect(replace(CONFIG, out=tmp_path / "set"))
    assert len(json.loads((tmp_path / "set" / REPORT).read_text())["dropped"]) == 50


def test_an_episode_depends_on_its_seed_only() -> None:
    config = replace(CONFIG, tasks=("pick", "pick_and_place"), mix=(1.0, 1.0, 1.0))
    recipes = [recipe_of(config, seed) for seed in range(60)]
    assert recipes == [recipe_of(replace(config, first_seed=50, count=9), seed) for seed in range(60)]
    assert len({r.spec.condition for r in recipes}) == 3 and len({r.spec.task for r in recipes}) == 2
    assert {r.noise for r in recipes} == set(config.noise) and all(r.kicks == 0 for r in recipes if r.noise == 0)


def blank(recipe: Recipe, learner: object = None) -> record_module.Recording:
    """One black frame instead of an episode; every fourth seed fails."""
    seed, frames = recipe.spec.seed, {}
    if seed % 4 == 3:
        return record_module.Recording(frames=None, instruction="", extra={}, reason="no plan")
    for name, feature in sapave_features(5, height=64, width=96, crf=20).items():
        shape = feature["shape"][:2] if feature["dtype"] == "image" else feature["shape"]
        kinds = {"video": "uint8", "image": "uint8", "int64": "int64"}
        frames[name] = np.zeros((1, *shape), kinds.get(feature["dtype"], "float32"))
    extra = {"seed": seed, "task": recipe.spec.task, "condition": recipe.spec.condition}
    return record_module.Recording(frames=frames, instruction="look", extra=extra)


def test_as_many_of_each_task_and_condition_as_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sapave.data.collect.record", blank)
    config = replace(CONFIG, tasks=("pick", "pick_and_place"), mix=(2.0, 1.0, 1.0), per_task=5)
    assert sum(quotas(config).values()) == 10 and set(quotas(config).values()) == {1, 2}
    whole = collect(replace(config, out=tmp_path / "whole"))
    reader = EpisodeReader(whole)
    cells = list(zip(reader.meta("sapave/task"), reader.meta("sapave/condition"), strict=True))
    assert {cell: cells.count(cell) for cell in cells} == quotas(config)
    seeds = reader.meta("sapave/seed")
    assert seeds == sorted(seeds)

    stopped: list[int] = []

    def stopping(recipe: Recipe, learner: object = None) -> record_module.Recording:
        stopped.append(recipe.spec.seed)
        if len(stopped) == 6:
            raise ValueError("stop")
        return blank(recipe, learner)

    monkeypatch.setattr("sapave.data.collect.record", stopping)
    with pytest.raises(ValueError, match="^stop$"):
        collect(replace(config, out=tmp_path / "half"))
    collect(replace(config, out=tmp_path / "half"))
    assert tree(tmp_path / "half") == tree(whole)
    with pytest.raises(ValueError, match="collected with another per_task"):
        collect(replace(config, out=whole, per_task=6))
    with pytest.raises(ValueError, match="collected with another per_task"):
        collect(replace(config, out=whole, per_task=0))


def test_a_drawer_is_recorded_with_its_handle_as_the_target(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path / "set", tasks=("open_drawer",), suite="activemanip", count=1)
    reader = EpisodeReader(collect(config))
    episode = reader.episode(0)
    assert episode.extra["suite"] == "activemanip" and episode.extra["success_held"]
    assert (episode.columns(["label.seg_target"])["label.seg_target"] == 101).all()
    assert (episode.segmentation() == 101).any(), "the handle is seen"
    assert np.abs(episode.columns(["label.other"])["label.other"]).max() > 0.05
    with pytest.raises(ValueError, match="suite 'atlantis': has no scene; there are: activemanip, kitchens"):
        collect(replace(config, out=tmp_path / "none", tasks=("all",), suite="atlantis"))


def test_all_tasks_are_those_of_the_suite_and_short_cells_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pick(recipe: Recipe, learner: object = None) -> record_module.Recording:
        failed = record_module.Recording(frames=None, instruction="", extra={}, reason="no plan")
        return failed if recipe.spec.task == "pick" else blank(recipe, learner)

    monkeypatch.setattr("sapave.data.collect.record", no_pick)
    config = replace(CONFIG, out=tmp_path / "set", tasks=("all",), mix=(0.0, 1.0, 0.0), per_task=1)
    with pytest.raises(ValueError, match=r"\{'pick/occluded': '1 short'\}; dropped for"):
        collect(config)
    tried = json.loads((tmp_path / "set" / REPORT).read_text())
    assert tried["config"]["tasks"] == ["pick", "pick_and_place"], "the kitchens have neither drawers nor cabinets"


def test_seeds_of_another_split_are_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sapave.data.collect.record", blank)
    with pytest.raises(ValueError, match="1 of 2 episodes kept after 2 seeds"):
        collect(replace(CONFIG, out=tmp_path / "set", first_seed=599_998))


def test_kicks_last_some_ticks_and_move_one_arm() -> None:
    recipe = Recipe(spec=recipes_spec(), kicks=25.0)
    disturb = Disturbance(recipe, np.random.default_rng(0))
    pushes = np.stack([disturb(np.zeros(2), np.zeros(26), False)[1] for _ in range(200)])
    assert np.abs(pushes).max() <= 0.025 and np.abs(pushes[:, 14:]).max() == 0
    assert not ((pushes[:, :7] != 0).any(1) & (pushes[:, 7:14] != 0).any(1)).any()


def recipes_spec():
    return recipe_of(CONFIG, 0).spec
