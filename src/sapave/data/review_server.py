"""The review page of `sapave views review`: a local web server that shows samples and keeps what people decide."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from sapave.base.parallel import Processes
from sapave.data.review import Decision, decisions, keep
from sapave.data.view_card import read_card
from sapave.data.view_files import decode, encode, numbered, samples_of, shards
from sapave.data.view_scenes import open_scene, scene_seed, splits_of
from sapave.sim.gaze import head_at
from sapave.sim.world import World

LIMIT = 4000
"""Largest request body [bytes]."""


class Review:
    """The samples of a folder, in order, with what has been decided about each."""

    def __init__(self, folder: Path) -> None:
        """ValueError when the folder holds no views or no card."""
        self.folder = folder
        made = read_card(folder)["config"]
        self.suite, self.split = made["suite"], made["split"]
        self.samples: list[tuple[tuple[int, int], dict[str, Any], Path]] = []
        for path in shards(folder):
            self.samples += [(key, sample, path) for key, sample in numbered(samples_of(path))]
        self.made = decisions(folder)
        self._lock = Lock()
        self._painter = Processes(1)  # OpenGL belongs to one thread, and the server has many

    def sample(self, number: int) -> dict[str, Any]:
        """What the page shows of sample `number`; IndexError past the end."""
        (frame_id, index), sample, _ = self.samples[number]
        said = self.made.get((frame_id, index))
        return {
            "number": number, "total": len(self.samples), "reviewed": len(self.made),
            "instruction": sample["instruction"],
            "kind": sample["kind"], "form": sample["form"], "difficulty": sample["difficulty"],
            "motion_deg": [round(float(np.rad2deg(v)), 1) for v in sample["motion"]],
            "visible_before": round(sample["visible_before"], 2), "visible_after": round(sample["visible_after"], 2),
            "decision": said.decision if said else "", "edited": said.instruction if said else "",
        }  # fmt: skip

    def decide(self, number: int, decision: str, instruction: str) -> dict[str, Any]:
        """Keep a decision on sample `number`; ValueError for an unknown one."""
        (frame_id, index), _, _ = self.samples[number]
        one = Decision(frame_id=frame_id, index=index, decision=decision, instruction=instruction)
        with self._lock:
            keep(self.folder, one)
            self.made[(frame_id, index)] = one
        return self.sample(number)

    def before(self, number: int) -> bytes:
        """PNG of what the head sees."""
        (frame_id, _), _, path = self.samples[number]
        return self._frame(path, frame_id)["rgb"]["bytes"]

    def after(self, number: int) -> bytes:
        """PNG of what it would see after the motion, rendered now."""
        (frame_id, _), sample, path = self.samples[number]
        frame = self._frame(path, frame_id)
        gaze = tuple(float(h + m) for h, m in zip(frame["head"], sample["motion"], strict=True))
        job = Picture(suite=self.suite, split=self.split, seed=frame["seed"], gaze=gaze)
        return self._painter.submit(picture_after, job).result()

    def close(self) -> None:
        """End the process that renders."""
        self._painter.close()

    @lru_cache(maxsize=64)  # noqa: B019 (a review lives as long as its process)
    def _frame(self, path: Path, frame_id: int) -> dict[str, Any]:
        table = pq.read_table(path, filters=[("frame_id", "=", frame_id)])
        row = table.to_pylist()[0]
        decode(row["rgb"]["bytes"], np.uint8)
        return row


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What is to be rendered: a scene of views and a head pose [rad]."""

    suite: str
    split: str
    seed: int
    gaze: tuple[float, ...]


def picture_after(job: Picture) -> bytes:
    """PNG of a scene from a head pose."""
    world = _world(job.suite, job.split, job.seed)
    with head_at(world.model, world.data, np.array(job.gaze)):
        return encode(world.eye.look(world.data, "head", world.width, world.height)[0])


@lru_cache(maxsize=4)
def _world(suite: str, split: str, seed: int) -> World:
    step = splits_of(suite)[split][2]
    return open_scene(split, (seed - scene_seed(split, 0, suite)) // step, suite)[0]


class ReviewServer(ThreadingHTTPServer):
    """The server with the review that it shows."""

    review: Review

    def server_close(self) -> None:
        """Close everything."""
        super().server_close()
        self.review.close()


def make_server(folder: Path, port: int) -> ReviewServer:
    """A server on this machine only (port 0: any free one); OSError when the port is taken."""
    review = Review(folder)
    page = files("sapave.data").joinpath("review.html").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The page, a sample, or one of its pictures."""
            parts = self.path.strip("/").split("/")
            if self.path == "/":
                self._send(page, "text/html; charset=utf-8")
            elif len(parts) == 2 and parts[0] in ("sample", "before", "after") and self._known(parts[1]):
                number = int(parts[1])
                if parts[0] == "sample":
                    self._json(review.sample(number))
                else:
                    self._send(getattr(review, parts[0])(number), "image/png")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def do_POST(self) -> None:
            """A decision on a sample."""
            parts = self.path.strip("/").split("/")
            length = int(self.headers.get("Content-Length") or 0)
            if len(parts) != 2 or parts[0] != "decide" or not self._known(parts[1]) or length > LIMIT:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                said = json.loads(self.rfile.read(length))
                self._json(review.decide(int(parts[1]), str(said["decision"]), str(said.get("instruction", ""))))
            except (ValueError, KeyError, AttributeError) as error:
                self._send(str(error).encode(), "text/plain; charset=utf-8", HTTPStatus.BAD_REQUEST)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def _known(self, text: str) -> bool:
            return text.isdigit() and int(text) < len(review.samples)

        def _json(self, value: Any) -> None:
            self._send(json.dumps(value).encode(), "application/json")

        def _send(self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ReviewServer(("127.0.0.1", port), Handler)
    server.review = review
    return server
