"""Pictures changed in training: geometry goes along with the pixels, same seed same pictures, nothing when off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sapave.base.geometry import intrinsics, pixel_grid, project, unproject
from sapave.base.seeds import rng
from sapave.data.windows import Sampler, open_sources
from sapave.model.config import TINY_TEST
from sapave.train.augment import KEEP, augmented, magnified, magnify, relit, wanted, window
from sapave.train.presets import TrainConfig, preset
from sapave.train.setup import prepare
from training_data import HEIGHT, WIDTH, picture, write_views

NEAREST = Image.Resampling.NEAREST
SLACK = 1e-3
"""The window's corners are single precision [px]."""


@st.composite
def windows(draw: st.DrawFn) -> tuple[int, int, float, float, float]:
    """Width, height, and a window (scale, x0, y0) within."""
    width, height = draw(st.integers(8, 60)), draw(st.integers(8, 60))
    scale = draw(st.floats(1, 4))
    x0, y0 = (draw(st.floats(0, 1)) * size * (1 - 1 / scale) for size in (width, height))
    return width, height, scale, x0, y0


@given(windows(), st.integers(0, 2**32 - 1))
def test_a_point_lands_on_the_pixel_that_shows_it(case: tuple[int, int, float, float, float], seed: int) -> None:
    """Each pixel of the changed picture, taken back into space with the changed intrinsics and depth, projects with the
    old intrinsics into the old pixel of the same depth; and each old point in the window onto its changed pixel."""
    width, height, scale, x0, y0 = case
    chance = np.random.default_rng(seed)
    depth = chance.uniform(0.3, 3.0, (height, width)).astype(np.float32)
    old = intrinsics(width, height, chance.uniform(0.5, 1.6))
    new, changed = magnified(old, scale, x0, y0), magnify(depth, scale, x0, y0, NEAREST)

    back = project(old, unproject(new, changed))  # [H, W, 2]
    column, row = (np.floor(back[..., axis]).astype(int) for axis in (0, 1))
    clear = np.abs(back - np.rint(back)).min(-1) > SLACK  # not on the border between two pixels
    assert clear.mean() > 0.5
    assert np.array_equal(depth[row[clear], column[clear]], changed[clear])

    points = unproject(old, depth)
    there = project(new, points)  # where an old pixel's centre is to be seen now
    assert there == pytest.approx(scale * (pixel_grid(width, height) - (x0, y0)), abs=1e-6 * width * scale)
    inside = ((there > 0.5 * scale) & (there < np.array([width, height]) - 0.5 * scale)).all(-1)
    at = np.floor(there[inside]).astype(int)
    assert np.array_equal(changed[at[:, 1], at[:, 0]], depth[inside])
    assert new[0, 0] / new[1, 1] == pytest.approx(old[0, 0] / old[1, 1]) and new[0, 1] == new[1, 0] == 0


@given(windows())
def test_colours_are_magnified_about_the_same_place(case: tuple[int, int, float, float, float]) -> None:
    """On a ramp of colour the pixel shows the value of the place it looks at: no half pixel is lost."""
    width, height, scale, x0, y0 = case
    grid = pixel_grid(width, height)
    ramp = np.stack([4 * grid[..., 0], 4 * grid[..., 1], 0 * grid[..., 0]], -1).astype(np.uint8)
    seen = magnify(ramp, scale, x0, y0, Image.Resampling.BILINEAR).astype(float)
    place = grid / scale + (x0, y0)
    inner = ((place > 1) & (place < np.array([width, height]) - 1)).all(-1)
    assert seen[..., :2][inner] == pytest.approx(4 * place[inner], abs=1.5)


@given(st.integers(0, 500), st.floats(1.01, 3.0))
def test_a_window_holds_what_is_asked_for(seed: int, zoom: float) -> None:
    seg = picture(np.random.default_rng(seed))["seg"]
    ids = np.array([1, 2, 9])  # 9 is not in the picture, and asks for nothing
    scale, x0, y0 = window(seg, ids, zoom, rng(seed, "test"))
    assert 1 <= scale <= zoom and 0 <= x0 <= WIDTH * (1 - 1 / scale) and 0 <= y0 <= HEIGHT * (1 - 1 / scale)
    seen = magnify(seg, scale, x0, y0, NEAREST)
    for number in (1, 2):
        before = (seg == number).sum()
        assert before == 0 or (seen == number).sum() > (KEEP - 0.1) * scale**2 * before
    assert (scale, x0, y0) == window(seg, ids, zoom, rng(seed, "test"))


def test_a_thing_too_large_to_be_held_leaves_the_picture_as_it_is() -> None:
    seg = np.zeros((16, 16), np.uint8)
    seg[[0, 0, -1, -1], [0, -1, 0, -1]] = 3
    assert window(seg, np.array([3]), 4.0, rng(0, "test")) == (1.0, 0.0, 0.0)
    assert window(seg, np.array([], int), 4.0, rng(0, "test"))[0] > 1


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("augment")
    write_views(folder / "views", 8)
    return folder


def raw(place: Path) -> dict:
    views = open_sources([str(place / "views")], place / "cache")
    return Sampler(views=views, images=6, per_image=2, raw=True).batch(0)


def test_the_batch_changes_in_pictures_and_what_belongs_to_them_alone(place: Path) -> None:
    batch = raw(place)
    plain = {n: np.array(v) if isinstance(v, np.ndarray) else list(v) for n, v in batch.items()}
    out = augmented(batch, zoom=1.6, jitter=0.2, chance=(3, 7))
    changed = {n for n in out.keys() & plain.keys() if not np.array_equal(out[n], plain[n])}
    assert changed == {"rgb", "depth", "intrinsics"} and "seg" not in out
    assert all(np.array_equal(batch[n], plain[n]) for n in plain), "the batch given was written into"
    assert set(np.unique(out["depth"])) <= set(np.unique(plain["depth"]))
    # the pointer's target is where the coloured square now is: its mask's middle, seen through the new intrinsics at
    # the square's depth, is the middle it had before
    cells = np.stack(np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5), -1) * (WIDTH / 32, HEIGHT / 32)
    moved = 0
    for row, image in enumerate(batch["image_index"]):
        old = np.argwhere(plain["seg"][image] == batch["target"][row])[:, ::-1].mean(0) + 0.5
        mask = out["mask"][row, 0]
        new = (cells * mask[..., None]).sum((0, 1)) / mask.sum()
        back = np.linalg.inv(out["intrinsics"][image]) @ [*new, 1]
        again = plain["intrinsics"][image] @ back
        assert again[:2] == pytest.approx(old, abs=3.0)  # a border may be cut by a tenth of the square
        moved += np.abs(new - old).max() > 3
    assert moved > 2


def test_the_same_seed_and_step_give_the_same_pictures(place: Path) -> None:
    batch = raw(place)
    one, two = (augmented(batch, zoom=1.5, jitter=0.2, chance=(0, 4)) for _ in range(2))
    assert all(np.array_equal(one[n], two[n]) for n in one)
    for other in ((0, 5), (1, 4)):
        assert not np.array_equal(one["rgb"], augmented(batch, zoom=1.5, jitter=0.2, chance=other)["rgb"])
    # each on its own stream: the windows are those that a run without jitter draws
    assert np.array_equal(one["intrinsics"], augmented(batch, zoom=1.5, jitter=0.0, chance=(0, 4))["intrinsics"])
    only_light = augmented(batch, zoom=1.0, jitter=0.2, chance=(0, 4))
    assert np.array_equal(only_light["depth"], batch["depth"]) and not np.array_equal(only_light["rgb"], batch["rgb"])


def test_pictures_whose_intrinsics_are_hidden_are_not_magnified(place: Path) -> None:
    batch, known = raw(place), np.array([True, False] * 3)
    out = augmented(batch, zoom=1.6, jitter=0.0, chance=(0, 0), known=known)
    still = np.array([np.array_equal(a, b) for a, b in zip(out["rgb"], batch["rgb"], strict=True)])
    assert still[~known].all() and not still[known].all()


def test_an_answer_about_the_picture_keeps_all_that_it_shows(place: Path) -> None:
    batch = raw(place)
    batch["target"][:] = batch["goal"][:] = 0
    assert wanted(batch, 0).size == 0
    batch["answer"][0] = "blue cup , red cup"
    assert wanted(batch, int(batch["image_index"][0])).tolist() == [1, 2]


def test_tasks_made_from_a_picture_stay_true_of_it(place: Path) -> None:
    """Stage 0: whatever was asked, its thing is still to be seen, and a caption's things all are."""

    def task(chance: np.random.Generator, objects: list[dict]) -> tuple[str, int, int, str]:
        if chance.random() < 0.5:
            return "describe the picture", 0, 0, " , ".join(thing["name"] for thing in objects)
        return f"where is the {objects[0]['name']}", objects[0]["id"], 0, ""

    views = open_sources([str(place / "views")], place / "cache")
    sampler = Sampler(views=views, images=6, per_image=2, task=task, raw=True)
    batch = sampler.batch(0)
    out = augmented(batch, zoom=2.0, jitter=0.0, chance=(0, 0))
    assert sum(a != b for a, b in zip(out["intrinsics"][:, 0, 0], batch["intrinsics"][:, 0, 0], strict=True)) >= 3
    assert np.array_equal(out["mask"][:, 0].any((1, 2)), batch["target"] > 0)
    for i in set(batch["image_index"][[answer != "" for answer in batch["answer"]]]):
        assert (out["depth"][i] == np.float32(1.1)).any() and (out["depth"][i] == np.float32(1.2)).any()


def test_light_keeps_hues_and_stays_within_its_bounds() -> None:
    rgb = np.full((4, 4, 3), 100, np.uint8)
    grey = [int(relit(rgb, 0.2, rng(i, "light"))[0, 0, 0]) for i in range(40)]
    assert 79 <= min(grey) < 90 and 110 < max(grey) <= 121
    red = relit(np.broadcast_to(np.array([200, 40, 40], np.uint8), (4, 4, 3)).copy(), 0.3, rng(0, "light"))
    assert red[0, 0, 0] > red[0, 0, 1] == red[0, 0, 2]


def settings(place: Path, **changes: object) -> TrainConfig:
    override = tuple(f"{n}={v}" for n, v in vars(TINY_TEST).items() if v != vars(type(TINY_TEST)())[n])
    common = {"views": (str(place / "views"),), "cache": str(place / "cache"), "override": override, "images": 4}
    return replace(preset("stage1"), **{**common, "per_image": 2, **changes})


def batches(config: TrainConfig, folder: Path) -> list[dict]:
    import logging

    import torch

    folder.mkdir()
    job = prepare(config, torch.device("cpu"), folder, logging.getLogger("test"))
    return [job.batch(step) for step in range(2)]


def test_a_run_draws_changed_pictures_only_when_asked(place: Path, tmp_path: Path) -> None:
    off, on = batches(settings(place), tmp_path / "off"), batches(settings(place, zoom=1.5), tmp_path / "on")
    plain = Sampler(views=open_sources([str(place / "views")], place / "cache"), images=4, per_image=2)
    for step in range(2):
        assert np.array_equal(off[step]["rgb"], plain.batch(step)["rgb"])
        assert np.array_equal(off[step]["mask"], plain.batch(step)["mask"])
        changed = {n for n in off[step] if not np.array_equal(off[step][n], on[step][n])}
        assert changed == {"rgb", "depth", "intrinsics", "mask"}


def test_settings_that_cannot_be_are_refused() -> None:
    for changes, words in (
        ({"zoom": 0.9}, "expected 1"),
        ({"jitter": 1.0}, "less than 1"),
        ({"zoom": 1.2, "token_cache": True}, "switch token_cache off"),
    ):
        with pytest.raises(ValueError, match=words) as caught:
            replace(preset("stage1"), **changes)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="cached tokens"):
        replace(preset("stage2"), jitter=0.1)
    assert replace(preset("stage2"), jitter=0.1, token_cache=False).augments
