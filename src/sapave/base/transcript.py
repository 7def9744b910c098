"""What was asked and answered, one JSON line per request; answered ones are found again, so a killed run resumes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sapave.base.chat import Usage


class Transcript:
    """A file of JSON lines that only grows; several threads, and processes on one machine, may write to it."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a last line that was cut short by a kill does not count."""
        self.path = path
        self.unreadable = 0
        """Lines that are no whole row."""
        self.prompt_tokens = self.answer_tokens = 0
        """Tokens of everything in the file."""
        self._answers: dict[str, tuple[str, Usage]] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            return
        line = b"\n"
        with open(path, "rb") as lines:
            for line in lines:
                try:
                    if line.strip():
                        self._learn(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    self.unreadable += 1
        if not line.endswith(b"\n"):
            self._write(b"\n")  # so that the next row begins on a line of its own

    def find(self, key: str) -> tuple[str, Usage] | None:
        """The answer to a request that was answered before."""
        with self._lock:
            return self._answers.get(key)

    def append(self, row: Mapping[str, Any]) -> None:
        """Write a row in one piece and learn it."""
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._write(line)
            self._learn(row)

    def _learn(self, row: Mapping[str, Any]) -> None:
        usage = Usage(**row["usage"])
        if not row["failure"]:
            self._answers[row["key"]] = (str(row["answer"]), usage)
        self.prompt_tokens += usage.prompt
        self.answer_tokens += usage.answer

    def _write(self, data: bytes) -> None:
        # one write at the end of the file: rows of several processes do not mix
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            done = os.write(handle, data)
            if done != len(data):
                raise OSError(f"{self.path}: only {done} of {len(data)} bytes were written; is the disk full?")
        finally:
            os.close(handle)
