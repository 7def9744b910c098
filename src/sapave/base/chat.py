"""The chat-completions protocol in pure functions: messages with images out, an answer (or why there is none) in."""

from __future__ import annotations

import base64
import email.utils
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as HTTPHeaders
from typing import Any

import numpy as np

from sapave.base.png import png

FAILURES = ("down", "slow", "refused", "rejected", "busy", "broken", "nonsense", "cut", "limit")
"""Why there is no answer: nobody there; none in time; the key is not accepted (401, 403); the request is not (other
3xx, 4xx); too many requests (429); the server's own error (5xx); not an answer of this protocol; longer than it may
be; a limit of ours."""
RETRIED = ("down", "slow", "busy", "broken", "nonsense")
"""Failures that may pass."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Message:
    """One turn of a conversation."""

    role: str
    """`system`, `user` or `assistant`."""
    text: str
    images: tuple[np.ndarray, ...] = ()
    """uint8 [H, W, 3] each; they stand before the text."""

    def content(self) -> str | list[dict[str, Any]]:
        """As the protocol wants it: a string, or parts where there are images."""
        if not self.images:
            return self.text
        urls = ("data:image/png;base64," + base64.b64encode(png(image)).decode() for image in self.images)
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        return [*parts, {"type": "text", "text": self.text}]

    def summary(self) -> dict[str, Any]:
        """As the transcript keeps it: images by their hash."""
        found: dict[str, Any] = {"role": self.role, "text": self.text}
        return found | {"images": [image_hash(image) for image in self.images]} if self.images else found


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a request cost."""

    prompt: int = 0
    answer: int = 0
    """Tokens."""
    reported: bool = False
    """False: the server did not say, and the characters of the texts were counted instead (more than tokens)."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, or why there is none."""

    text: str = ""
    failure: str = ""
    """'' when there is an answer, else one of FAILURES."""
    detail: str = ""
    """One line for people."""
    usage: Usage = Usage()
    attempts: int = 0
    """Requests that were sent; 0 for an answer from the cache."""
    seconds: float = 0.0
    cached: bool = False

    @property
    def ok(self) -> bool:
        """Is there an answer?"""
        return not self.failure


class Unanswered(OSError):
    """One attempt without an answer: which of FAILURES, one line, and how long the server asks to wait [s]."""

    def __init__(self, failure: str, detail: str, wait: float = 0.0, usage: Usage | None = None) -> None:
        super().__init__(detail)
        self.failure, self.detail, self.wait, self.usage = failure, " ".join(detail.split())[:400], wait, usage


def image_hash(image: np.ndarray) -> str:
    """First 16 digits of the sha256 of an image's shape and pixels."""
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


def request_key(model: str, messages: Sequence[Message], sampling: Mapping[str, Any]) -> str:
    """The content of a request as 32 digits: same model, messages and sampling, same key."""
    content = {"model": model, "messages": [m.summary() for m in messages], "sampling": dict(sampling)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]


def request_body(model: str, messages: Sequence[Message], sampling: Mapping[str, Any]) -> bytes:
    """JSON of a request; a sampling value of None leaves that key out."""
    turns = [{"role": m.role, "content": m.content()} for m in messages]
    values = {key: value for key, value in sampling.items() if value is not None}
    return json.dumps({"model": model, "messages": turns, **values}).encode()


def read_answer(body: bytes, messages: Sequence[Message]) -> tuple[str, Usage]:
    """Text and usage of a response with status 200; `Unanswered` when it is not a whole answer."""
    try:
        found = json.loads(body)
    except ValueError as error:  # also bytes that are no UTF-8
        raise Unanswered("nonsense", f"the answer is not JSON: {body[:80]!r}") from error
    try:
        choice = found["choices"][0]
        content, finish = choice["message"]["content"], choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Unanswered("nonsense", f"the answer has no choices with a message: {body[:160]!r}") from error
    if isinstance(content, list):  # some servers answer in parts
        content = "".join(p["text"] for p in content if isinstance(p, dict) and isinstance(p.get("text"), str))
    text = content if isinstance(content, str) else ""
    usage = _usage(found.get("usage"), messages, text)
    if finish == "length":
        raise Unanswered("cut", f"the answer was cut off after {usage.answer} tokens; raise answer_tokens", usage=usage)
    if not text.strip():
        raise Unanswered("nonsense", f"the answer is empty (finish_reason: {finish})", usage=usage)
    return text, usage


def _usage(found: Any, messages: Sequence[Message], text: str) -> Usage:
    if isinstance(found, dict):
        prompt, answer = found.get("prompt_tokens"), found.get("completion_tokens")
        if type(prompt) is int and type(answer) is int and prompt >= 0 and answer >= 0:
            return Usage(prompt=prompt, answer=answer, reported=True)
    return Usage(prompt=sum(len(m.text) for m in messages), answer=len(text))


def read_error(status: int, headers: HTTPHeaders, body: bytes, now: datetime) -> Unanswered:
    """What a response with another status means."""
    said = f"{status} {_said(body)}".strip()
    wait = retry_after(headers.get("Retry-After", ""), now)
    if status == 429:
        return Unanswered("busy", f"too many requests ({said})", wait)
    if status == 408 or status >= 500:
        return Unanswered("broken", f"the server failed ({said})", wait)
    if status in (401, 403):
        return Unanswered("refused", f"the server does not accept the API key ({said})")
    if 300 <= status < 400:
        return Unanswered("rejected", f"the server sends us elsewhere ({status} to {headers.get('Location', '?')})")
    return Unanswered("rejected", f"the server does not take the request ({said}); check url and model")


def retry_after(value: str, now: datetime) -> float:
    """Seconds that a Retry-After header (seconds or a date) asks to wait; 0 when it says nothing."""
    value = value.strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _said(body: bytes) -> str:
    """The message in an error's body, or its beginning."""
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)[:200]
    except (ValueError, KeyError, TypeError):
        return body[:120].decode(errors="replace")
