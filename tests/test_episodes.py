"""LeRobot data sets: round trip, agreement with the real package's sample, kills, damaged files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sapave.data import lerobot_format as lf
from sapave.data.episodes import EpisodeReader, EpisodeWriter, encode_episode
from sapave.data.features import HEAD_CAMERA, HEAD_DEPTH, PARTS, SEGMENTATION, modality, sapave_features
from sapave.data.merge import merge
from sapave.data.video import encode_video

SAMPLE = Path(__file__).parent / "fixtures/lerobot_v3_sample"
"""Written by the real LeRobot 0.6.1: 2 cameras, 28-D state and action, 12 frames."""
FPS, HEIGHT, WIDTH = 5, 64, 96
FEATURES = sapave_features(FPS, height=HEIGHT, width=WIDTH)


def made_frames(seed: int, length: int = 4, features: lf.Features = FEATURES) -> dict[str, np.ndarray]:
    """Smooth pictures and random numbers for every feature."""
    rng = np.random.default_rng(seed)
    frames: dict[str, np.ndarray] = {}
    for name, feature in features.items():
        shape = feature["shape"]
        ramp = np.add.outer(np.arange(shape[0]), np.arange(shape[1])) if len(shape) == 3 else np.zeros(1)
        if feature["dtype"] == "video":
            frames[name] = np.stack([np.stack([ramp + t, ramp, 20 * seed + 0 * ramp], -1) for t in range(length)])
            frames[name] = frames[name].astype(np.uint8)
        elif feature["dtype"] == "image":
            kind = np.uint16 if feature["info"]["is_depth_map"] else np.uint8
            frames[name] = rng.integers(0, np.iinfo(kind).max, (length, *shape[:2])).astype(kind)
        elif feature["dtype"] == "int64":
            frames[name] = rng.integers(0, 9, length)
        else:
            frames[name] = rng.normal(size=(length, *shape)).astype(np.float32)
    return frames


def writer(root: Path, **kw: object) -> EpisodeWriter:
    return EpisodeWriter(root, fps=FPS, features=FEATURES, robot_type="unitree_g1", modality=modality(), **kw)  # type: ignore[arg-type]


def fill(root: Path, seeds: list[int], length: int = 4) -> None:
    out = writer(root)
    for seed in seeds:
        out.add_episode(made_frames(seed, length), f"pick {seed % 2}", extra(seed))


def extra(seed: int) -> dict[str, object]:
    return {"seed": seed, "scene": "kitchen", "noise": 0.5}


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sets") / "two"
    fill(root, [3, 4])
    return root


@pytest.fixture
def copy(two: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(two, tmp_path / "copy"))


def test_round_trip(two: Path) -> None:
    reader = EpisodeReader(two)
    assert len(reader) == 2 and reader.tasks == ["pick 1", "pick 0"]
    for episode, seed in zip(reader, (3, 4), strict=True):
        wrote = made_frames(seed)
        assert episode.task == f"pick {seed % 2}" and episode.extra == {"seed": seed, "scene": "kitchen", "noise": 0.5}
        for name, feature in FEATURES.items():
            if feature["dtype"] not in ("video", "image"):
                read = episode.column(name)
                np.testing.assert_array_equal(read, wrote[name].reshape(read.shape))
        np.testing.assert_array_equal(episode.segmentation(), wrote[SEGMENTATION])
        np.testing.assert_array_equal(episode.frames(HEAD_DEPTH), wrote[HEAD_DEPTH])
        depth = episode.depth(HEAD_DEPTH)
        assert depth.dtype == np.float32 and np.abs(depth - wrote[HEAD_DEPTH] / 1000).max() < 1e-5
        error = np.abs(episode.frames(HEAD_CAMERA).astype(int) - wrote[HEAD_CAMERA])
        assert error.mean() < 3, "video keeps the colours"
    np.testing.assert_array_equal(reader.episode(1).column("index"), [4, 5, 6, 7])
    np.testing.assert_allclose(reader.episode(1).column("timestamp"), np.arange(4) / FPS)


def test_modality_slices_name_the_parts_of_the_state(two: Path) -> None:
    found = json.loads((two / "meta/modality.json").read_text())
    names = EpisodeReader(two).features["observation.state"]["names"]
    for kind in ("state", "action"):
        spans = [found[kind][part] for part in PARTS]
        assert [s["start"] for s in spans[1:]] == [s["end"] for s in spans[:-1]] and spans[-1]["end"] == len(names)
    left = found["state"]["left_hand"]
    assert all(name.startswith("left_") for name in names[left["start"] : left["end"]])
    assert found["video"]["head"]["original_key"] in FEATURES


def test_reads_what_the_real_lerobot_wrote() -> None:
    reader = EpisodeReader(SAMPLE)
    assert len(reader) == 2 and reader.fps == 10 and reader.tasks == ["pick 0", "pick 1"]
    seen = []
    for episode in reader:
        assert episode.column("action").shape == (6, 28) and episode.task == f"pick {episode.index}"
        seen.append(episode.frames("observation.images.head"))
        assert seen[-1].shape == (6, 64, 64, 3) and seen[-1].dtype == np.uint8
        mean = np.array(reader.rows()[episode.index]["stats/observation.images.head/mean"]).reshape(3)
        assert np.abs(seen[-1].mean((0, 1, 2)) / 255 - mean).max() < 0.02, "frames belong to this episode"
    assert np.abs(seen[0].astype(int) - seen[1]).mean() > 20


def test_ours_agrees_with_the_real_lerobot_column_by_column(tmp_path: Path) -> None:
    """The sample's own content, written by us, compared table by table."""
    sample = EpisodeReader(SAMPLE)
    features = {}
    for name, feature in sample.features.items():
        if feature["dtype"] == "video":
            features[name] = lf.video(64, 64, 10, crf=30)
            assert features[name] == feature
        elif name not in lf.DEFAULT_FEATURES:
            features[name] = lf.vector(28, feature["names"])
            assert features[name] == feature
    for number in range(2):
        out = EpisodeWriter(tmp_path / f"part{number}", fps=10, features=features, robot_type="unitree_g1")
        episode = sample.episode(number)
        frames = {n: episode.frames(n) if f["dtype"] == "video" else episode.column(n) for n, f in features.items()}
        out.add_episode(frames, episode.task)
    merge([tmp_path / "part0", tmp_path / "part1"], tmp_path / "ours")

    assert json.loads((tmp_path / "ours/meta/info.json").read_text()) == json.loads(
        (SAMPLE / "meta/info.json").read_text()
    )
    for path in ("data/chunk-000/file-000.parquet", "meta/tasks.parquet", "meta/episodes/chunk-000/file-000.parquet"):
        ours, theirs = pq.read_table(tmp_path / "ours" / path), pq.read_table(SAMPLE / path)
        assert ours.schema.equals(theirs.schema), path
        for name in theirs.column_names:
            if not name.startswith("stats/"):
                assert ours[name].to_pylist() == theirs[name].to_pylist(), (path, name)
        marks = [t.schema.metadata or {} for t in (ours, theirs)]
        assert marks[0].keys() == marks[1].keys()
        if b"huggingface" in marks[0]:
            assert [json.loads(m[b"huggingface"])["info"] for m in marks][0] == json.loads(marks[1][b"huggingface"])[
                "info"
            ]
    ours_stats, theirs_stats = EpisodeReader(tmp_path / "ours").stats, sample.stats
    assert ours_stats.keys() == theirs_stats.keys()
    for name, entries in theirs_stats.items():
        assert ours_stats[name].keys() == entries.keys()
        for key, value in entries.items():
            assert ours_stats[name][key].shape == value.shape, (name, key)
            if key in ("min", "max", "mean", "std", "count"):  # they estimate quantiles from a histogram
                # their pictures are white noise, which we only have after the video blurred it
                loose = 1e-6 if "images" not in name else 0.02 if key == "mean" else 0.2
                np.testing.assert_allclose(ours_stats[name][key], value, atol=loose, err_msg=f"{name} {key}")


def test_files_do_not_depend_on_who_wrote_them(tmp_path: Path) -> None:
    fill(tmp_path / "all", [1, 2, 3])
    fill(tmp_path / "a", [2])
    fill(tmp_path / "b", [3, 1])
    assert merge([tmp_path / "all"], tmp_path / "one") == 3
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    reader = EpisodeReader(tmp_path / "two")
    assert reader.meta("sapave/seed") == [1, 2, 3] and reader.meta("data/file_index") == [0, 0, 0]
    for episode in reader:
        wrote = made_frames(episode.extra["seed"])
        np.testing.assert_array_equal(episode.column("label.other"), wrote["label.other"])
        error = episode.frames(HEAD_CAMERA).astype(int) - wrote[HEAD_CAMERA]
        assert np.abs(error).mean() < 3, "the right part of the joined video"
    with pytest.raises(ValueError, match="already exists"):
        merge([tmp_path / "a"], tmp_path / "two")


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_episodes as t
out = t.writer(Path({root!r}))
for seed in range(len(out), 1000):
    out.add_episode(t.made_frames(seed, 2), f"pick {{seed % 2}}", {{"seed": seed}})
    print(seed, flush=True)
"""


def test_kill_at_any_moment_leaves_whole_episodes_and_resumes(tmp_path: Path) -> None:
    root = tmp_path / "set"
    code = KILLED.format(tests=str(Path(__file__).parent), root=str(root))
    done = -1
    for round_ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        assert process.stdout is not None
        for line in process.stdout:
            assert int(line) == done + 1, "resumes at the next episode"
            done = int(line)
            if done >= 3 * round_ + 2:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        reader = EpisodeReader(root)
        assert len(reader) >= done + 1
        done = len(reader) - 1
        for episode in reader:
            np.testing.assert_array_equal(
                episode.column("label.other"), made_frames(episode.extra["seed"], 2)["label.other"]
            )
            assert len(episode.frames(HEAD_CAMERA)) == len(episode.segmentation()) == 2
    out = writer(root)
    assert len(out) == done + 1 and not list(root.rglob("*.partial"))
    assert len(list((root / "data").rglob("*.parquet"))) == len(list((root / "videos").rglob("*.mp4"))) == done + 1
    assert json.loads((root / "meta/info.json").read_text())["total_episodes"] == done + 1


@pytest.mark.parametrize("last", ["videos", "data", "meta/episodes", "meta/stats"])
def test_every_point_between_two_writes_of_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str) -> None:
    """Stop after the named write of episode 1: it is there wholly or not at all; going on gives the same bytes."""
    fill(tmp_path / "whole", [1, 2])
    fill(tmp_path / "cut", [1])

    import sapave.base.runs as runs

    real, hit = os.replace, []

    def replace(source: object, target: object) -> None:
        if hit:
            raise KeyboardInterrupt
        real(source, target)  # type: ignore[arg-type]
        if f"/cut/{last}" in str(target):
            hit.append(target)

    out, episode = writer(tmp_path / "cut"), (made_frames(2), "pick 0", extra(2))
    monkeypatch.setattr(runs.os, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        out.add_episode(*episode)
    monkeypatch.undo()
    count = len(EpisodeReader(tmp_path / "cut"))
    assert count == (1 if last in ("videos", "data") else 2)
    again = writer(tmp_path / "cut")
    assert len(again) == count
    if count == 1:
        fill(tmp_path / "cut", [2])
    whole, cut = tree(tmp_path / "whole"), tree(tmp_path / "cut")
    assert whole.keys() == cut.keys()
    assert [name for name in whole if whole[name] != cut[name]] == []


def damaged(root: Path, pattern: str, keep: float | None) -> str:
    path = sorted(root.rglob(pattern))[-1]
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    return path.name


DAMAGES = [
    (pattern, keep)
    for pattern in ("*.mp4", "data/**/*.parquet", "meta/episodes/**/*.parquet", "meta/info.json")
    for keep in (None, 0.0, 0.5)
    if (pattern, keep) != ("meta/episodes/**/*.parquet", None)  # without its episodes table a data set is empty
]


@pytest.mark.parametrize(("pattern", "keep"), DAMAGES)
def test_damaged_files_are_named_in_one_line(copy: Path, pattern: str, keep: float | None) -> None:
    name = damaged(copy, pattern, keep)
    with pytest.raises(ValueError) as caught:
        for episode in EpisodeReader(copy):
            episode.column("action")
            episode.frames(HEAD_CAMERA)
    message = str(caught.value)
    assert name in message and "\n" not in message and str(copy) in message


def test_refuses_what_does_not_fit(copy: Path, tmp_path: Path) -> None:
    frames = made_frames(1)
    with pytest.raises(ValueError, match=r"missing columns \['action'\]"):
        encode_episode(FEATURES, FPS, {k: v for k, v in frames.items() if k != "action"}, "x")
    with pytest.raises(ValueError, match="'action': found float32 \\(3, 28\\)"):
        encode_episode(FEATURES, FPS, {**frames, "action": frames["action"][:3]}, "x")
    with pytest.raises(ValueError, match="'action': found NaN"):
        encode_episode(FEATURES, FPS, {**frames, "action": frames["action"] * np.nan}, "x")
    with pytest.raises(ValueError, match="already holds a data set"):
        writer(copy, resume=False)
    with pytest.raises(ValueError, match="'fps' differs"):
        EpisodeWriter(copy, fps=25, features=FEATURES, robot_type="unitree_g1")
    before = tree(copy)
    with pytest.raises(ValueError, match="extras differ"):
        writer(copy).add_episode(frames, "pick", {"seed": 1})
    assert len(EpisodeReader(copy)) == 2 and before.keys() <= tree(copy).keys()
    with pytest.raises(ValueError, match="info.json: file is missing"):
        EpisodeReader(tmp_path / "nothing")
    with pytest.raises(KeyError, match="no vector column 'acton'"):
        EpisodeReader(copy).episode(0).column("acton")
    with pytest.raises(IndexError):
        EpisodeReader(copy).episode(2)


def test_old_versions_are_named(copy: Path) -> None:
    path = copy / "meta/info.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "codebase_version": "v2.1"}))
    with pytest.raises(ValueError, match=r"found version v2.1, expected v3.0"):
        EpisodeReader(copy)


def test_many_episodes_span_files_of_the_episodes_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sapave.data.episodes.ROWS_PER_FILE", 2)
    features = {"action": lf.vector(3)}
    for part in ([0, 1, 2], [3, 4]):
        out = EpisodeWriter(tmp_path / "set", fps=FPS, features=features, robot_type="unitree_g1")
        for seed in part:
            out.add_episode({"action": np.full((2, 3), float(seed))}, "go", {"seed": seed})
    assert len(list((tmp_path / "set/meta/episodes").rglob("*.parquet"))) == 3
    reader = EpisodeReader(tmp_path / "set")
    assert [e.column("action")[0, 0] for e in reader] == [0, 1, 2, 3, 4]
    table: pa.Table = lf.read_table(tmp_path / "set/meta/tasks.parquet")
    assert table["task"].to_pylist() == ["go"]


def test_encoding_leaves_the_scheduling_policy_alone() -> None:
    before = os.sched_getscheduler(0)
    encode_video(np.zeros((4, 64, 64, 3), np.uint8), fps=5)
    assert os.sched_getscheduler(0) == before
