"""Views: labels that hold when rendered, regions, requests of the grammar, splits that share nothing, whole files."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from sapave.base.geometry import unproject
from sapave.base.seeds import rng
from sapave.data import view_scenes
from sapave.data.instructions import asking, grammar
from sapave.data.view_files import IMAGES, decode, encode, shard_path, whole
from sapave.data.view_samples import NEAR
from sapave.data.viewpoints import STEP, acceptable
from sapave.data.views import ViewsConfig, generate
from sapave.sim import conditions
from sapave.sim.gaze import shown_at

SUITE = "activeviewpose"
SMALL = {"suite": SUITE, "scenes": 4, "views": 3, "samples": 4, "per_shard": 2}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "train"
    generate(ViewsConfig(out=folder, workers=0, **SMALL))
    return folder


def rows_of(folder: Path, table: str) -> list[dict]:
    return [row for path in sorted(folder.glob(f"{table}-*.parquet")) for row in pq.read_table(path).to_pylist()]


@pytest.mark.parametrize("number", [0, 1, 5])
def test_what_is_called_acceptable_is_well_seen_when_measured_exactly(number: int) -> None:
    world, things, _ = view_scenes.open_scene("train", number, SUITE)
    checked = 0
    for thing in things:
        assert conditions.from_gaze(world, np.array(thing["gaze"]), thing["name"]) >= conditions.SEEN
        for node in thing["region"][::4]:
            pose = np.array(node) * STEP
            assert acceptable(thing["region"], pose + 0.3 * STEP)
            assert conditions.from_gaze(world, pose, thing["name"]) >= conditions.SEEN - 0.1
            checked += 1
    world.close()
    assert checked >= 8


def test_samples_say_what_they_are(made: Path) -> None:
    frames = {row["frame_id"]: row for row in rows_of(made, "frames")}
    samples = rows_of(made, "samples")
    assert len(frames) == 12 and len(samples) == 48
    forms = {s["form"] for s in samples}
    assert "one" in forms and {s["kind"] for s in samples} <= set(grammar.CATEGORIES)
    for sample in samples:
        objects = {o["id"]: o for o in json.loads(frames[sample["frame_id"]]["objects"])}
        if sample["form"] == "absent":
            assert sample["target"] == 0 and not sample["steps"] and not sample["commit"]
            continue
        assert sample["target"] in sample["steps"][sample["step"]]
        at = np.array(frames[sample["frame_id"]]["head"]) + sample["motion"]
        assert np.allclose(at, objects[sample["target"]]["gaze"], atol=1e-4)
        assert sample["visible_after"] >= conditions.SEEN
        assert not sample["commit"] or sample["difficulty"] == "easy" or len(sample["steps"][sample["step"]]) > 1


@pytest.mark.parametrize("split", ["train", "test1"])
def test_near_requests_lie_within_reach(split: str, tmp_path: Path) -> None:
    generate(ViewsConfig(out=tmp_path, workers=0, split=split, reach="near", **SMALL))
    samples = rows_of(tmp_path, "samples")
    assert 36 <= len(samples) <= 48  # a pose with nothing near has none
    assert all(np.abs(s["motion"]).max() <= NEAR + 1e-6 for s in samples)
    shown = [s["visible_before"] > 0 for s in samples if s["steps"]]
    assert np.mean(shown) > 0.75
    if split == "test1":
        assert np.mean(["{direction}" in s["template"] for s in samples]) > 0.8


def test_requests_can_be_kept_to_what_is_hard(tmp_path: Path) -> None:
    generate(ViewsConfig(out=tmp_path, workers=0, about=("relation", "comparison"), **SMALL))
    templates = [s["template"] for s in rows_of(tmp_path, "samples")]
    assert len(templates) == 48
    assert np.mean(["{relation}" in t or "{comparison}" in t for t in templates]) > 0.8  # where the scene has any


def test_a_label_is_drawn_where_the_thing_shows(made: Path) -> None:
    frames = {row["frame_id"]: row for row in rows_of(made, "frames")}
    apart = []
    for sample in rows_of(made, "samples"):
        frame = frames[sample["frame_id"]]
        rows, columns = np.nonzero(decode(frame["seg"]["bytes"], np.uint8) == sample["target"])
        if sample["visible_before"] > 0.95 and np.abs(sample["motion"]).max() > 0.2 and sample["target"] < 100:
            head = np.array(frame["head"])
            shown = np.array([columns.mean() / 88 - 1, rows.mean() / 64 - 1])
            apart.append(np.abs(shown_at(head + sample["motion"], head) - shown).max())
    assert len(apart) >= 5 and max(apart) < 0.2 and np.median(apart) < 0.1


def test_pictures_come_back_to_the_bit(made: Path) -> None:
    frame = rows_of(made, "frames")[0]
    for name, dtype in IMAGES.items():
        picture = decode(frame[name]["bytes"], dtype)
        assert picture.dtype == dtype and picture.shape[:2] == (128, 176)
        assert np.array_equal(decode(encode(picture), dtype), picture)
    with pytest.raises(ValueError, match="no whole PNG"):
        decode(frame["rgb"]["bytes"][:100], np.uint8)


def test_the_same_whatever_the_number_of_workers_and_after_a_cut(made: Path, tmp_path: Path) -> None:
    config = ViewsConfig(out=tmp_path, workers=2, **SMALL)
    generate(config)
    names = [path.name for path in sorted(made.glob("*.parquet"))]
    assert all((tmp_path / name).read_bytes() == (made / name).read_bytes() for name in names)
    for damage in (lambda data: data[:-50], lambda data: data[:200] + b"x" + data[201:]):
        path = shard_path(tmp_path, "frames", 1)
        path.write_bytes(damage(path.read_bytes()))
        assert whole(tmp_path, 0) and not whole(tmp_path, 1)
        generate(replace(config, workers=0))
        assert path.read_bytes() == (made / path.name).read_bytes() and whole(tmp_path, 1)


def test_a_folder_goes_on_with_its_own_settings_only_and_may_grow(made: Path, tmp_path: Path) -> None:
    small = ViewsConfig(out=tmp_path, workers=0, **SMALL | {"scenes": 3})
    generate(small)
    for change in ({"split": "test1"}, {"samples": 3}, {"reach": "near"}, {"first_scene": 7}, {"scenes": 2}):
        with pytest.raises(ValueError, match=f"was made with {next(iter(change))} .*; name another folder with --out"):
            generate(replace(small, **change))
    card = generate(replace(small, scenes=4))  # the last shard was short, and is made again
    assert card["samples"] == 48
    assert all((tmp_path / p.name).read_bytes() == p.read_bytes() for p in made.glob("*.parquet"))


def test_depth_camera_and_pose_lead_back_to_the_thing(made: Path) -> None:
    frames = {row["frame_id"]: row for row in rows_of(made, "frames")}
    away = []
    for sample in rows_of(made, "samples"):
        frame = frames[sample["frame_id"]]
        things = {o["id"]: o for o in json.loads(frame["objects"]) if o["kind"] == "thing"}
        mask = decode(frame["seg"]["bytes"], np.uint8) == sample["target"]
        if sample["target"] not in things or mask.sum() < 30:
            continue
        depth = decode(frame["depth_mm"]["bytes"], np.uint16) / 1000.0
        points = unproject(np.reshape(frame["intrinsics"], (3, 3)), depth)[mask]
        pose = np.reshape(frame["base_from_camera"], (4, 4))
        middle = np.median(points @ pose[:3, :3].T + pose[:3, 3], axis=0)
        thing = things[sample["target"]]
        away.append(np.linalg.norm(middle - thing["position"]) - np.hypot(thing["radius"], thing["half_height"]))
    assert len(away) >= 8 and max(away) < 0.02 and np.median(away) < 0.0  # on the side that shows


def test_every_form_of_request_is_asked() -> None:
    world, things, g = view_scenes.open_scene("train", 1, SUITE)
    head = view_scenes.start_head(world, things, g)
    world.close()
    asked = [asking.request(things, head, "train", rng(i, "forms")) for i in range(400)]
    count = Counter(found.kind for found in asked)
    assert set(count) == {"one", "two_step", "absent", "ambiguous"} and min(count.values()) >= 5
    for found in asked:
        ids = [len(step) for step in found.steps]
        shape = {"one": len(ids) == 1, "two_step": len(ids) == 2, "absent": not ids, "ambiguous": ids and ids[0] > 1}
        assert shape[found.kind], found
    containers = [f for f in asked if "{first_unit}" in f.template]
    units = {e["id"] for e in things if e["kind"] == "unit"}
    assert bool(containers) == bool(units) and all(
        f.kind == "two_step" and set(f.steps[0]) <= units for f in containers
    )


def test_the_card_counts(made: Path) -> None:
    card = json.loads((made / "card.json").read_text())
    assert card["samples"] == 48 == sum(card["kinds"].values()) == sum(card["forms"].values())
    assert card["scenes"] == 4 and card["assets"] == pq.read_metadata(made / "assets.parquet").num_rows > 8
    assert sum(card["yaw_deg"]["counts"]) == sum(card["visible_after"]["counts"]) == 48
    assert {f: sum(d.values()) for f, d in card["difficulty_by_form"].items()} == card["forms"]
    text = (made / "README.md").read_text()
    assert "| spatial |" in text and text.count(" to ") >= 48 and "####" in text
    with Image.open(made / "sheet.png") as sheet:
        cells = [sheet.crop((x, y, x + 300, y + 200)) for x in (0, 1760) for y in (0, 900)]
        assert sheet.size == (6 * 352, 4 * 300) and all(np.std(np.asarray(cell)) > 5 for cell in cells)


def test_hugging_face_reads_the_folder_as_it_is(made: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    found = datasets.load_dataset(str(made), "frames", split="train", cache_dir=str(tmp_path))
    frame = rows_of(made, "frames")[0]
    assert np.array_equal(np.array(found[0]["rgb"]), decode(frame["rgb"]["bytes"], np.uint8))
    depth = np.array(found[0]["depth_mm"]).astype(np.uint16)
    assert np.array_equal(depth, decode(frame["depth_mm"]["bytes"], np.uint16))
    samples = datasets.load_dataset(str(made), "samples", split="train", cache_dir=str(tmp_path))
    assert samples[3]["instruction"] == rows_of(made, "samples")[3]["instruction"] and len(samples) == 48


def test_thousands_of_templates_and_none_in_two_splits() -> None:
    counts = {split: grammar.count(split) for split in ("train", "val", "test")}
    assert counts["train"] >= 3000 and min(counts.values()) >= 300
    by_split = [{t for c in grammar.CATEGORIES for _, t in grammar.templates(c, split)} for split in counts]
    for i, mine in enumerate(by_split):
        assert all(not mine & other for other in by_split[i + 1 :])
    for category in grammar.CATEGORIES:
        for split in counts:
            assert len(grammar.templates(category, split)) >= 30


def test_scenes_of_the_splits_are_disjoint_and_test1_alone_tells_the_direction() -> None:
    ranges = {split: {view_scenes.scene_seed(split, n, SUITE) for n in range(50)} for split in view_scenes.PARTED}
    assert sum(map(len, ranges.values())) == len(set.union(*ranges.values()))
    world, things, g = view_scenes.open_scene("test1", 1, SUITE)
    world.close()
    told, untold = 0, 0
    for i in range(40):
        head = view_scenes.start_head(world, things, g)
        told += bool(
            asking.slots(asking.request(things, head, "test", rng(i, "a"), tell=True).template) & {"direction"}
        )
        untold += "direction" in asking.slots(asking.request(things, head, "test", rng(i, "b"), tell=False).template)
    assert untold == 0 and told >= 36


def test_a_comparison_and_a_neighbour_are_true_of_the_scene() -> None:
    def entry(number: int, x: float, y: float, size: float) -> dict:
        gaze = [float(np.arctan2(y, x)), -0.6]
        plain = {"kind": "thing", "family": "cup", "colour": "red", "model": "", "synonyms": [], "hollow": True}
        place = {"place_words": "in front of you", "use": "drink", "material": "clay", "words": "red cup"}
        where = {"position": [x, y, 0.9], "gaze": gaze, "radius": size, "half_height": size, "region": []}
        return {"id": number, "name": f"thing{number}", "pixels": 50, **plain, **place, **where}

    near, far = entry(1, 0.3, 0.2, 0.03), entry(2, 0.6, 0.05, 0.06)
    assert asking.relation(near, far) == "to the left of" and asking.relation(far, near) == "to the right of"
    assert dict(asking._comparisons(near, far)) == {
        "bigger": False, "smaller": True, "taller": False, "lower": True, "farther": False, "nearer": True
    }  # fmt: skip


def test_bad_input_is_refused_in_one_line(tmp_path: Path) -> None:
    cases = [
        ({"suite": "moon"}, "unknown suite 'moon'"),
        ({"split": "test1"}, "unknown split 'test1' of suite 'kitchens'"),
        ({"suite": SUITE, "split": "test"}, "expected one of train, val, test1, test2"),
        ({"suite": SUITE, "reach": "far"}, "reach 'far' of suite activeviewpose; expected one of any, near"),
        ({"reach": "near"}, "any in the kitchens"),
        ({"about": ("relation",)}, "nothing in the kitchens"),
        ({"suite": SUITE, "about": ("moon",)}, "about moon of suite activeviewpose; expected some of a_object, absent"),
    ]
    for settings, words in cases:
        with pytest.raises(ValueError, match=words) as caught:
            generate(ViewsConfig(out=tmp_path / "none", **settings))
        assert "\n" not in str(caught.value) and not (tmp_path / "none").exists()
    with pytest.raises(ValueError, match="expected 0 <= number"):
        view_scenes.scene_seed("test2", 200_000, SUITE)
