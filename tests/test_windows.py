"""Packing and drawing: what is drawn is what was stored, the same batch for the same step, damage is repaired."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sapave.base.chunks import approach, to_increments
from sapave.data.pack import fingerprint, open_pack
from sapave.data.pack_views import nearest
from sapave.data.windows import Sampler, cell_fractions, gather, hold_rows, make_source, open_sources
from training_data import write_episodes, write_views


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_views(folder / "views", 12)
    write_views(folder / "more", 6, seed=5)
    write_episodes(folder / "episodes", 3, 8)
    return folder


def task(rng: np.random.Generator, objects: list[dict]) -> tuple[str, int, int, str]:
    thing = objects[rng.integers(len(objects))]
    return f"where is the {thing['colour']} {thing['family']}", thing["id"], 0, "on the " + thing["place"]


def test_approach_is_the_head_rule() -> None:
    chunk = approach(np.array([1.0, -0.05]))
    assert chunk.shape == (16, 2)
    steps = to_increments(chunk)
    assert np.abs(steps).max() <= 0.12 + 1e-12
    assert steps[0] == pytest.approx([0.12, -0.03])
    assert chunk[-1] == pytest.approx([1.0, -0.05], abs=2e-3)
    many = approach(np.array([[1.0, -0.05], [0.3, 0.2]]))
    assert np.array_equal(many[0], chunk)


def test_cell_fractions_average_exactly() -> None:
    rng = np.random.default_rng(0)
    seg = (rng.random((2, 128, 176)) < 0.3).astype(np.uint8)
    out = cell_fractions(seg, np.array([[1, 0], [1, 7]]))
    assert out.shape == (2, 2, 32, 32)
    # 11 pixels are two sub-cells wide: pairs of columns must agree with a plain average
    pairs = seg.reshape(2, 32, 4, 16, 11).mean((2, 4))
    assert out[:, 0].reshape(2, 32, 16, 2).mean(-1) == pytest.approx(pairs, abs=1e-6)
    assert not out[:, 1].any()


def test_views_come_back_as_stored(place: Path) -> None:
    pack = open_pack(place / "views", place / "cache")
    assert (pack.n_frames, pack.n_rows, pack.kind) == (12, 24, "views")
    batch = gather(pack, np.array([3, 2, 20]))
    assert batch["rgb"].shape == (2, 128, 176, 3) and batch["image_index"].tolist() == [0, 0, 1]
    for i, row in enumerate([3, 2, 20]):
        thing = pack.frame_objects(row // 2)[row % 2]
        assert batch["text"][i] == f"look at the {thing['colour']} cup"
        assert batch["head_chunk"][i] == pytest.approx(approach(np.array(thing["gaze"])), abs=1e-6)
        assert batch["mask"][i, 0].sum() * 128 * 176 / 1024 == pytest.approx(900, rel=1e-4)
    assert not batch["has_other"].any() and batch["depth"].max() == pytest.approx(2.0)


def test_episodes_come_back_as_stored(place: Path) -> None:
    pack = open_pack(place / "episodes", place / "cache")
    assert (pack.n_frames, pack.kind, len(pack.texts)) == (24, "episodes", len(set(pack.texts)))
    batch = gather(pack, np.array([1, 9]))
    from sapave.data.episode_reader import EpisodeReader

    columns = EpisodeReader(place / "episodes").episode(1).columns(["label.other", "observation.other"])
    label = np.cumsum(columns["label.other"][1].reshape(16, 26), 0)
    assert batch["other_chunk"][1] == pytest.approx(label, abs=1e-5)
    assert batch["other"][1] == pytest.approx(columns["observation.other"][1])
    assert batch["has_other"].all() and batch["mask"][:, 1].any()


def test_hold_frames_are_thinned(place: Path) -> None:
    pack = open_pack(place / "episodes", place / "cache")
    assert hold_rows(pack).sum() == 12
    assert len(make_source(pack, hold_keep=0.0).frames) == 12
    assert len(make_source(pack, hold_keep=1.0).frames) == 24


def test_a_batch_depends_on_seed_and_step_alone(place: Path) -> None:
    def sampler(seed: int) -> Sampler:
        views = open_sources([str(place / "views"), f"{place / 'more'}=2"], place / "cache")
        episodes = open_sources([str(place / "episodes")], place / "cache", hold_keep=0.5)
        return Sampler(views=views, episodes=episodes, images=8, per_image=2, views_share=0.5, seed=seed)

    one, two = sampler(1), sampler(1)
    for _ in range(5):
        one.batch(3)
    a, b, c = one.batch(7), two.batch(7), sampler(2).batch(7)
    assert a["text"] == b["text"] and all(np.array_equal(a[k], b[k]) for k in a if k not in ("text", "answer"))
    assert not np.array_equal(a["rgb"], c["rgb"])
    assert sum(one.counts()) == 8 and one.counts()[2] == 4
    assert a["has_other"].sum() == 4 and len(a["text"]) == 4 * 2 + 4
    assert a["image_index"].max() == len(a["rgb"]) - 1


def test_every_frame_is_seen_before_one_repeats(place: Path) -> None:
    sampler = Sampler(views=open_sources([str(place / "views")], place / "cache"), images=3)
    first = np.concatenate([frames for step in range(4) for _, frames in sampler.frames(step)])
    second = np.concatenate([frames for step in range(4, 8) for _, frames in sampler.frames(step)])
    assert sorted(first) == sorted(second) == list(range(12)) and list(first) != list(second)


def test_stage_0_tasks_are_made_from_the_objects(place: Path) -> None:
    sampler = Sampler(views=open_sources([str(place / "views")], place / "cache"), images=4, per_image=3, task=task)
    batch = sampler.batch(2)
    assert len(batch["text"]) == 12 and set(batch["answer"]) == {"on the counter"}
    assert (batch["mask"][:, 0].sum((1, 2)) > 0).all()
    assert batch["text"] == sampler.batch(2)["text"] != sampler.batch(3)["text"]


def test_stage_0_mixes_tasks_from_views_with_words_from_episodes(place: Path) -> None:
    views, episodes = (open_sources([str(place / kind)], place / "cache") for kind in ("views", "episodes"))
    sampler = Sampler(views=views, episodes=episodes, images=4, per_image=3, views_share=0.5, task=task)
    batch = sampler.batch(0)
    assert len(batch["rgb"]) == 4 and len(batch["text"]) == 2 * 3 + 2
    assert batch["image_index"].max() == 3 and len(batch["answer"]) == len(batch["mask"]) == 8


def test_an_unchanged_source_is_packed_once_and_a_changed_one_again(tmp_path: Path) -> None:
    write_views(tmp_path / "views", 3)
    pack = open_pack(tmp_path / "views", tmp_path / "cache")
    made = (pack.path / "manifest.json").stat().st_mtime_ns
    assert open_pack(tmp_path / "views", tmp_path / "cache").path == pack.path
    assert (pack.path / "manifest.json").stat().st_mtime_ns == made
    before = fingerprint(tmp_path / "views")
    write_views(tmp_path / "views", 3, seed=9)
    assert fingerprint(tmp_path / "views") != before
    assert open_pack(tmp_path / "views", tmp_path / "cache").path != pack.path


@pytest.mark.parametrize("damage", ["manifest", "empty manifest", "array", "missing"])
def test_a_damaged_pack_is_made_again(tmp_path: Path, damage: str) -> None:
    write_views(tmp_path / "views", 3)
    path = open_pack(tmp_path / "views", tmp_path / "cache").path
    if damage == "manifest":
        (path / "manifest.json").write_text('{"format": 1, "files"')
    elif damage == "empty manifest":
        (path / "manifest.json").write_text(json.dumps({}))
    elif damage == "array":
        data = (path / "rgb.npy").read_bytes()
        (path / "rgb.npy").write_bytes(data[: len(data) // 2])
    else:
        (path / "seg.npy").unlink()
    again = open_pack(tmp_path / "views", tmp_path / "cache")
    assert again.n_frames == 3 and again.arrays["seg"].any()


def test_bad_input_is_refused_in_one_line(place: Path, tmp_path: Path) -> None:
    cases = [
        (lambda: open_sources([str(tmp_path / "none")], tmp_path), "not found"),
        (lambda: open_sources([str(tmp_path)], tmp_path), "found neither"),
        (lambda: open_sources([f"{place / 'views'}=many"], tmp_path), "is no weight"),
        (lambda: Sampler(views=[], images=2), "found no folder"),
    ]
    for make, words in cases:
        with pytest.raises(ValueError, match=words) as caught:
            make()
        assert "\n" not in str(caught.value)
    write_views(tmp_path / "torn", 2)
    whole = (tmp_path / "torn" / "frames-00000.parquet").read_bytes()
    (tmp_path / "torn" / "frames-00000.parquet").write_bytes(whole[:-100])
    with pytest.raises(ValueError, match="not a whole parquet file"):
        open_pack(tmp_path / "torn", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*views*"))


def test_labels_may_lead_to_the_nearest_acceptable_view(tmp_path: Path) -> None:
    """Nowhere from an acceptable pose, else where the neighbours are acceptable too, else to the best view."""
    square = [(y, p) for y in range(2, 7) for p in range(-1, 2)]  # 0.26 to 0.78 rad left, level
    cross = [v for node in square for v in node]
    heads = np.array([[0.0, 0.0], [0.40, 0.1], [0.0, 0.0], [0.0, 0.0]])
    best = np.tile(np.array([0.52, 0.0], np.float32), (4, 1))
    moves = nearest([cross, cross, [4, 0], None], best, heads)
    np.testing.assert_allclose(moves, [[0.39, 0.0], [0.0, 0.0], [0.52, 0.0], [0.52, 0.0]], atol=1e-6)

    folder = write_views(tmp_path / "plain", 3)
    with pytest.raises(ValueError, match="keeps no acceptable views"):
        open_sources([str(folder)], tmp_path / "cache", near=True)
    folder = write_views(tmp_path / "views", 3, region=cross)
    usual, near = (open_sources([str(folder)], tmp_path / "cache", near=wanted)[0].pack for wanted in (False, True))
    assert usual.key != near.key and usual.path == near.path
    batch = gather(near, np.arange(6))
    assert batch["motion"] == pytest.approx(np.tile([0.39, 0.0], (6, 1)), abs=1e-6)
    assert batch["head_chunk"] == pytest.approx(approach(batch["motion"]), abs=1e-6)
    assert np.array_equal(gather(usual, np.arange(6))["motion"], usual.arrays["motion"])
