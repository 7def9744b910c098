"""Small views and episodes folders made of noise and coloured squares, for the tests of data and training."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from sapave.base.geometry import intrinsics
from sapave.data.view_files import write_shard

HEIGHT, WIDTH = 128, 176
COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 60, 220), "yellow": (230, 220, 40)}
POSE = np.array([[0, 0, 1, 0.1], [-1, 0, 0, 0.0], [0, -1, 0, 1.25], [0, 0, 0, 1]], float)
"""A camera that looks along +x, level."""


def picture(rng: np.random.Generator) -> dict:
    """One frame: two coloured squares on grey noise, with depth, ids and object list."""
    rgb = rng.integers(90, 130, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    depth = np.full((HEIGHT, WIDTH), 2000, np.uint16)
    seg = np.zeros((HEIGHT, WIDTH), np.uint8)
    objects = []
    matrix = intrinsics(WIDTH, HEIGHT, np.deg2rad(65.0))
    for number, colour in enumerate(rng.permutation(list(COLOURS))[:2], start=1):
        v, u = rng.integers(0, HEIGHT - 30), rng.integers(0, WIDTH - 30)
        area = (slice(v, v + 30), slice(u, u + 30))
        rgb[area], depth[area], seg[area] = COLOURS[colour], 1000 + 100 * number, number
        ray = (np.array([u + 15, v + 15]) - matrix[:2, 2]) / matrix[0, 0]
        objects.append(
            {
                "id": number,
                "name": f"{colour}_cup",
                "family": "cup",
                "colour": str(colour),
                "place": "counter",
                "place_words": "on the counter",
                "pixels": int((seg == number).sum()),
                "position": [1.0, 0.0, 0.9],
                "gaze": [float(-np.arctan(ray[0])), float(-np.arctan(ray[1]))],
                "fraction": float((seg == number).sum() / 900),
            }
        )
    return {"rgb": rgb, "depth": depth, "seg": seg, "intrinsics": matrix, "objects": objects}


def write_views(folder: Path, frames: int = 12, seed: int = 0, first: int = 0, region: list[int] | None = None) -> Path:
    """A views folder as data/views.py writes it, two samples per frame, all with this region of acceptable views."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows, samples = [], []
    for i in range(first, first + frames):
        made = picture(rng)
        rows.append(
            {
                "frame_id": i,
                "scene": "test",
                "seed": i,
                "rgb": made["rgb"],
                "depth_mm": made["depth"],
                "seg": made["seg"],
                "intrinsics": made["intrinsics"].ravel().tolist(),
                "base_from_camera": POSE.ravel().tolist(),
                "head": [0.0, 0.0],
                "other": [0.0] * 26,
                "objects": json.dumps(made["objects"]),
            }
        )
        for thing in made["objects"]:
            samples.append(
                {
                    "frame_id": i,
                    "instruction": f"look at the {thing['colour']} cup",
                    "kind": "named",
                    "target": thing["id"],
                    "goal": 0,
                    "motion": thing["gaze"],
                    "visible_before": thing["fraction"],
                    "visible_after": 1.0,
                    **({} if region is None else {"region": region}),
                }
            )
    write_shard(folder, 0, rows, samples)
    return folder


def write_episodes(
    folder: Path, episodes: int = 2, length: int = 8, seed: int = 0, cameras: tuple[str, ...] = ()
) -> Path:
    """An episodes folder as `sapave collect` writes it; the last half of each episode holds still. `cameras` besides
    the head's see its picture upside down."""
    from sapave.data.episodes import EpisodeWriter
    from sapave.data.features import HEAD_CAMERA, HEAD_DEPTH, IMAGES, SEGMENTATION, modality, sapave_features

    rng = np.random.default_rng(seed)
    features, parts = sapave_features(5, cameras=cameras), modality(cameras)
    writer = EpisodeWriter(folder, fps=5, features=features, robot_type="g1", modality=parts)
    for number in range(episodes):
        pictures = [picture(rng) for _ in range(length)]
        moving = (np.arange(length) < length // 2)[:, None]
        head = np.tile(rng.normal(0, 0.02, (length, 1, 2)), (1, 16, 1)) * moving[..., None]
        other = np.tile(rng.normal(0, 0.02, (length, 1, 26)), (1, 16, 1)) * moving[..., None]
        joints = rng.normal(0, 0.3, (length, 28)).astype(np.float32)
        frames = {
            "observation.state": joints,
            "action": np.concatenate([head[:, :5].sum(1), other[:, :5].sum(1)], 1),
            "observation.head": joints[:, :2],
            "observation.head_target": joints[:, :2] + 0.01,
            "observation.other": joints[:, 2:],
            "observation.other_target": joints[:, 2:] + 0.01,
            "observation.intrinsics": np.stack([p["intrinsics"].ravel() for p in pictures]),
            "observation.base_from_camera": np.tile(POSE.ravel(), (length, 1)),
            "observation.visible": np.ones(length),
            "action.head": head[:, :5].sum(1),
            "action.other": other[:, :5].sum(1),
            "label.head": head.reshape(length, -1),
            "label.other": other.reshape(length, -1),
            "label.seg_target": np.ones(length, np.int64),
            "label.seg_goal": np.full(length, 2, np.int64),
            HEAD_CAMERA: np.stack([p["rgb"] for p in pictures]),
            HEAD_DEPTH: np.stack([p["depth"] for p in pictures]),
            SEGMENTATION: np.stack([p["seg"] for p in pictures]),
            **{f"{IMAGES}{name}": np.stack([p["rgb"][::-1] for p in pictures]) for name in cameras},
        }
        floats = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in frames.items()}
        writer.add_episode(floats, f"pick the {pictures[0]['objects'][0]['colour']} cup {number % 2}")
    return folder
