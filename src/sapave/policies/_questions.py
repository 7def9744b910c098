"""What a vision-language model is asked about a head image, and how its answer is read: two protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sapave.base import geometry
from sapave.base.types import Observation
from sapave.sim.robots.g1 import FOVY, HEAD_LIMITS
from sapave.sim.skills import camera_frame

NOMINAL = 0.6
"""Marks stand where the middle of a view lies at this distance [m]: that of things on the counter."""
EDGE = 8
"""A mark keeps this far from the border of the image [px]."""

SITUATION = """\
You steer the head of a humanoid robot that stands in front of a counter. The picture shows what the camera in its \
head sees now: {wide:.0f} degrees wide and {high:.0f} degrees high.
Task of the robot: "{instruction}"
Turn the head so that the thing that the robot must see for this task comes to the centre of the picture. It may be \
outside the picture now; then infer from the words and the picture where it is. If it is in the centre already, do \
not turn.
The head is now turned {yaw} and {pitch} from straight ahead. It can be turned {most_yaw:.0f} degrees to either side, \
{most_up:.0f} degrees up and {most_down:.0f} degrees down from straight ahead.
"""
CHOOSE = """\
Choose the best of these views. The table gives the number of each view: its column says by how many degrees the \
head turns to the left or right of where it looks now, its row by how many degrees up or down.
{table}
{marks}View {stay} does not turn the head. Answer with the number of one view, and nothing else."""
MARKS = "In the picture, the numbers stand where the centres of those views are; other views lie outside the picture.\n"
DEGREES = """\
Say by how many degrees the head must turn from where it looks now: pitch (positive looks up, negative looks down) \
and yaw (positive looks left, negative looks right).
Answer with a JSON object such as {"pitch": -5.0, "yaw": 12.5}, and nothing else."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One question about one image."""

    prompt: str
    image: np.ndarray
    """uint8 [H, W, 3]."""
    read: Callable[[str], np.ndarray | None]
    """The head motion [2] rad (yaw, pitch) that an answer names; None when it names none."""
    reminder: str
    """Said after an answer that could not be read."""


@dataclass(frozen=True, kw_only=True)
class QuestionConfig:
    """How questions look."""

    enlarge: int = 4
    """The image is shown this many times larger."""
    step: float = 10.0
    """Between candidate views, in yaw and in pitch [degrees]."""
    marks: bool = True
    """Write the numbers of candidate views into the image."""


def choose(seen: Observation, config: QuestionConfig) -> Question:
    """A numbered grid of head motions; the answer is a number."""
    yaws, pitches = candidates(seen.head, config.step)
    motions = np.array([(yaw, pitch) for pitch in pitches for yaw in yaws])  # [n, 2] degrees
    image = enlarged(seen.rgb["head"], config.enlarge)
    if config.marks:
        image = marked(image, places(seen, np.deg2rad(motions)) * config.enlarge)
    stay = 1 + int(np.flatnonzero(~motions.any(1))[0])
    marks = MARKS if config.marks else ""
    prompt = situation(seen) + CHOOSE.format(table=table(yaws, pitches), marks=marks, stay=stay)

    def read(answer: str) -> np.ndarray | None:
        number = read_number(answer)
        return None if number is None or not 1 <= number <= len(motions) else np.deg2rad(motions[number - 1])

    reminder = f"That could not be read. Answer with the number of one view, 1 to {len(motions)}, and nothing else."
    return Question(prompt=prompt, image=image, read=read, reminder=reminder)


def degrees(seen: Observation, config: QuestionConfig) -> Question:
    """Pitch and yaw in degrees."""
    reminder = (
        'That could not be read. Answer with a JSON object such as {"pitch": -5.0, "yaw": 12.5} in degrees, each '
        "between -180 and 180, and nothing else."
    )
    return Question(
        prompt=situation(seen) + DEGREES,
        image=enlarged(seen.rgb["head"], config.enlarge),
        read=read_degrees,
        reminder=reminder,
    )


PROTOCOLS = {"choose": choose, "degrees": degrees}


def candidates(head: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Turns [degrees] from head [2] rad in yaw (left first) and pitch (up first), multiples of `step` to just past
    the limits: with half a step to spare, so that every reachable pose has a candidate within half a step."""
    low, high = (np.rad2deg(np.asarray(side) - head) for side in np.transpose(HEAD_LIMITS))
    first, last = np.floor(high / step + 0.5).astype(int), np.ceil(low / step - 0.5).astype(int)
    yaws, pitches = (step * np.arange(max(f, 0), min(n, 0) - 1, -1) for f, n in zip(first, last, strict=True))
    return yaws, pitches


def table(yaws: np.ndarray, pitches: np.ndarray) -> str:
    """Numbers of all views, row by row: pitch down the side, yaw along the top."""
    top = "turn | " + " | ".join(_side(yaw, "left", "right") for yaw in yaws)
    rows = [
        f"{_side(pitch, 'up', 'down')} | " + " | ".join(str(1 + i * len(yaws) + j) for j in range(len(yaws)))
        for i, pitch in enumerate(pitches)
    ]
    return "\n".join([top, *rows])


def situation(seen: Observation) -> str:
    """The part of the prompt that both protocols share."""
    matrix = _intrinsics(seen)
    height, width = seen.rgb["head"].shape[:2]
    wide, high = (np.rad2deg(2 * np.arctan2(n / 2, f)) for n, f in ((width, matrix[0, 0]), (height, matrix[1, 1])))
    (yaw, pitch), limits = np.rad2deg(seen.head), np.rad2deg(HEAD_LIMITS)
    return SITUATION.format(
        wide=wide,
        high=high,
        instruction=" ".join(seen.instruction.split()),
        yaw=_side(yaw, "degrees left", "degrees right", "neither left nor right"),
        pitch=_side(pitch, "degrees up", "degrees down", "neither up nor down"),
        most_yaw=limits[0, 1],
        most_up=limits[1, 1],
        most_down=-limits[1, 0],
    )


def _side(value: float, plus: str, minus: str, none: str = "0") -> str:
    rounded = round(float(value))
    words = plus if rounded > 0 else minus
    number, _, _ = words.partition(" ")
    return none if rounded == 0 else f"{abs(rounded)} {words}" if number == "degrees" else f"{words} {abs(rounded)}"


def _intrinsics(seen: Observation) -> np.ndarray:
    known = seen.geometry.get("head")
    if known is not None and known.intrinsics is not None:
        return np.asarray(known.intrinsics, float)
    height, width = seen.rgb["head"].shape[:2]
    return geometry.intrinsics(width, height, np.deg2rad(FOVY))


def places(seen: Observation, motions: np.ndarray) -> np.ndarray:
    """Pixels [n, 2] (u, v) of the middles of the views after motions [n, 2] rad; NaN where outside the image."""
    eye, axes = camera_frame(seen.head)
    points = np.empty((len(motions), 3))
    for i, pose in enumerate(np.clip(seen.head + motions, *np.transpose(HEAD_LIMITS))):
        there, frame = camera_frame(pose)
        points[i] = (there + NOMINAL * frame[:, 2] - eye) @ axes
    points[points[:, 2] < 0.05] = np.nan
    pixels = geometry.project(_intrinsics(seen), points)
    size = np.array(seen.rgb["head"].shape[1::-1])
    pixels[~np.all((pixels > EDGE) & (pixels < size - EDGE), axis=1)] = np.nan
    return pixels


def enlarged(image: np.ndarray, times: int) -> np.ndarray:
    """An image uint8 [H, W, 3], `times` as wide and high, smoothly."""
    from PIL import Image

    height, width = image.shape[:2]
    return np.asarray(Image.fromarray(image).resize((width * times, height * times), Image.Resampling.BICUBIC))


def marked(image: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """A copy with the number i + 1 at pixels [i] (u, v); none where they are NaN."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(10.0, image.shape[0] / 32))
    for i, (u, v) in enumerate(pixels):
        if np.isfinite(u):
            draw.text((u, v), str(i + 1), fill="white", stroke_fill="black", stroke_width=2, anchor="mm", font=font)
    return np.asarray(picture)


def _last_line(answer: str) -> str:
    """The last line with words, without marks of emphasis and code fences."""
    lines = [line.strip(" \t*`_") for line in answer.replace("\u2212", "-").splitlines()]
    return next((line for line in reversed(lines) if line), "")


def read_number(answer: str) -> int | None:
    """The whole number that is all of the last line, but for `answer:` or `view` before it; None otherwise."""
    found = re.fullmatch(
        r"(?:(?:the )?(?:final |best )?(?:answer|view)(?: is)?[\s:=*]*)*\(?(\d{1,6})\)?[.*]*",
        _last_line(answer),
        re.IGNORECASE,
    )
    return int(found[1]) if found else None


_TURN = r"(pitch|yaw)[\s:=*]*([-+]?\d+(?:\.\d+)?)\s*(?:degrees?|deg|\u00b0)?"
_TURNS = re.compile(rf"(?:(?:final )?answer[\s:=*]*)?{_TURN}[\s,;*]*(?:and )?{_TURN}[.*]*", re.IGNORECASE)


def read_degrees(answer: str) -> np.ndarray | None:
    """Head motion [2] rad (yaw, pitch) from pitch and yaw in degrees, as JSON at the end of an answer or in words as
    its last line; None otherwise."""
    text = answer.replace("\u2212", "-").strip(" \t\r\n*`")
    values: dict[str, object] = {}
    if json_like := re.search(r"\{[^{}]*\}$", text):
        try:
            values = json.loads(json_like[0])
        except ValueError:
            return None
    elif words := _TURNS.fullmatch(_last_line(text)):
        values = {words[1].lower(): float(words[2]), words[3].lower(): float(words[4])}
    turns = [values.get("yaw"), values.get("pitch")]
    numbers = [float(v) for v in turns if isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) <= 180]
    return np.deg2rad(numbers) if len(numbers) == 2 else None
