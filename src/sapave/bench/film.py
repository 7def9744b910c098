"""Films of episodes: head camera beside the outside view, as small H.264 files with a note of what was visible when."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from sapave.base.parallel import each
from sapave.base.runs import atomic, write_json
from sapave.base.types import CONTROL_DT, EpisodeSpec
from sapave.bench.arms import Arm, play_arm
from sapave.bench.protocol import EXECUTE
from sapave.bench.rollout import FILM_EVERY, Film

HEIGHT = 288
"""Height of both views in the film [px]."""
GAP = 4
"""Dark stripe between the two views [px]."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One episode to film: an arm, and a row as episodes.jsonl has it."""

    arm: Arm
    row: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One film on disk with what the report says about it."""

    path: str
    arm: str
    task: str
    condition: str
    seed: int
    instruction: str
    success: bool
    failure: str
    seconds: float
    visibility: list[list[float]]
    """(time [s], visible fraction of the target)"""


def shoot(
    shots: Sequence[Shot], folder: Path, workers: int = 0, execute: int = EXECUTE, axes: tuple[str, ...] = ()
) -> list[Clip]:
    """Play the episodes again with the cameras on; each film and its note land in `folder`. Finished ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(shot, str(folder), execute, axes) for shot in shots]
    todo = [job for job in jobs if not _note(job).is_file()]
    with tqdm(total=len(jobs), initial=len(jobs) - len(todo), desc="films", disable=None) as bar:
        for _ in each(shoot_one, todo, workers):
            bar.update()
    clips = [Clip(**json.loads(_note(job).read_text())) for job in jobs]
    return [replace(clip, path=str(folder / clip.path)) for clip in clips]


def kept(folder: Path) -> list[Clip]:
    """The films that lie in a folder."""
    clips = [Clip(**json.loads(note.read_text())) for note in sorted(folder.glob("*.json"))]
    return [replace(clip, path=str(folder / clip.path)) for clip in clips if (folder / clip.path).is_file()]


Job = tuple[Shot, str, int, tuple[str, ...]]


def _note(job: Job) -> Path:
    shot, folder, *_ = job
    row = shot.row
    return Path(folder) / f"{shot.arm.name}-{row['task']}-{row['condition']}-{row['seed']}-{row['attempt']}.json"


def shoot_one(job: Job) -> Clip:
    """Film one episode: `<name>.mp4`, then `<name>.json`."""
    shot, _, execute, axes = job
    row, note = shot.row, _note(job)
    names = ("task", "condition", "seed", "attempt", "scene", "suite")
    spec = EpisodeSpec(**{name: row[name] for name in names if name in row})
    record = play_arm(shot.arm, spec, execute=execute, film=True, axes=axes)
    assert record.film is not None
    path = note.with_suffix(".mp4")
    with atomic(path) as partial:
        partial.write_bytes(encode(side_by_side(record.film)))
    clip = Clip(
        path=path.name,
        arm=shot.arm.name,
        task=row["task"],
        condition=row["condition"],
        seed=row["seed"],
        instruction=record.instruction,
        success=record.outcome.success_held,
        failure=record.outcome.failure,
        seconds=round(record.outcome.steps * CONTROL_DT, 2),
        visibility=[[round(t, 2), round(f, 3)] for t, f in record.outcome.visibility],
    )
    write_json(note, asdict(clip))
    return clip


def side_by_side(film: Film) -> list[np.ndarray]:
    """Frames uint8 [HEIGHT, W, 3], head camera left, outside view right; both scaled to the same height."""
    stripe = np.full((HEIGHT, GAP, 3), 24, np.uint8)
    pairs = zip(film.head, film.outside, strict=True)
    return [np.concatenate([scaled(head), stripe, scaled(outside)], axis=1) for head, outside in pairs]


def scaled(image: np.ndarray) -> np.ndarray:
    """An image [H, W, 3] smoothly scaled to HEIGHT, its width kept in proportion and even."""
    import av

    height, width = image.shape[:2]
    if height == HEIGHT and width % 2 == 0:
        return image
    new = 2 * round(width * HEIGHT / height / 2)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return frame.reformat(width=new, height=HEIGHT, interpolation="BICUBIC").to_ndarray()


def encode(frames: Sequence[np.ndarray], rate: Fraction | None = None) -> bytes:
    """An H.264 mp4 of frames uint8 [H, W, 3] (even sizes) at `rate` frames per second (real time by default)."""
    import av

    if not frames:
        raise ValueError("film: found 0 frames, expected at least 1")
    rate = rate or Fraction(1 / (CONTROL_DT * FILM_EVERY)).limit_denominator(1000)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "27", "preset": "veryfast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()
