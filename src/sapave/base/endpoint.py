"""A client for any OpenAI-compatible chat-completions endpoint: it answers or says why not, and never guesses."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sapave.base import chat
from sapave.base.chat import Message, Reply, Unanswered, Usage
from sapave.base.pace import Pace
from sapave.base.post import Poster
from sapave.base.seeds import rng
from sapave.base.transcript import Transcript

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class EndpointConfig:
    """Which model is asked, where, and how patiently."""

    url: str = ""
    """Address of the API, such as http://127.0.0.1:8000/v1."""
    model: str = ""
    """The model's name at that address."""
    key_variable: str = "SAPAVE_API_KEY"
    """Environment variable with the API key; not set: none is sent. The key itself is kept nowhere."""
    timeout: float = 60.0
    """Longest time for one attempt [s]."""
    retries: int = 5
    """Further attempts after one that may pass (down, slow, busy, server error, nonsense)."""
    backoff: float = 1.0
    """First wait between attempts [s]; it doubles each time, and a half to all of it is waited."""
    longest_wait: float = 60.0
    """No wait is longer [s]; a server that asks for more (Retry-After) is given up."""
    per_minute: int = 0
    """Requests per minute and process; 0 is no limit."""
    concurrent: int = 4
    """Requests at the same time, per process."""
    give_up_after: int = 8
    """After so many failed requests in a row no more are sent; 0 goes on."""
    answer_tokens: int = 1024
    """Longest answer [tokens]; models that think first need more."""
    temperature: float = 0.0
    token_limit: int = 0
    """Tokens, of questions and answers and of all runs in the transcript, after which nothing is asked; 0: none."""
    cost_limit: float = 0.0
    """The same in money, by the two prices; 0 is no limit."""
    price_prompt: float = 0.0
    price_answer: float = 0.0
    """Price of a million tokens."""
    extra: str = ""
    """JSON object of further fields of the request, such as {"top_p": 0.9}; null leaves a field out."""
    seed: int = 0
    """Of the waits' chance."""

    def sampling(self) -> dict[str, Any]:
        """What of the request's body shapes the answer; ValueError when `extra` is no JSON object."""
        try:
            extra = json.loads(self.extra or "{}")
        except ValueError:
            extra = None
        if not isinstance(extra, dict) or {"model", "messages", "stream"} & set(extra):
            raise ValueError(
                f"endpoint: extra is {self.extra!r}, expected a JSON object without model, messages, stream"
            )
        return {"max_tokens": self.answer_tokens, "temperature": self.temperature} | extra

    def address(self) -> str:
        """Where requests go; ValueError when url or model is missing or unfit."""
        try:
            parts = urlsplit(self.url)
            host = (parts.hostname or "").encode("idna")
            fit = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
        except ValueError:  # also a host's name that cannot be one
            fit = False
        if not fit:
            raise ValueError(f"endpoint: url is {self.url!r}, expected an address such as http://127.0.0.1:8000/v1")
        if not self.model:
            raise ValueError(f"endpoint {self.url}: no model named; give the name it has there")
        base = self.url.rstrip("/")
        return base if base.endswith("/chat/completions") else base + "/chat/completions"

    def check(self) -> None:
        """ValueError for a number out of range or a cost limit without prices."""
        lowest = {"timeout": 1e-3, "concurrent": 1, "answer_tokens": 1, "retries": 0, "backoff": 0, "per_minute": 0}
        for name, low in lowest.items():
            if getattr(self, name) < low:
                raise ValueError(f"endpoint: {name} is {getattr(self, name)}, expected at least {low}")
        if self.cost_limit and not (self.price_prompt or self.price_answer):
            raise ValueError("endpoint: a cost limit needs price_prompt and price_answer (per million tokens)")


class Endpoint:
    """Asks one model; safe to use from several threads."""

    def __init__(
        self,
        config: EndpointConfig,
        transcript: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`transcript`: a .jsonl file that keeps every request, and answers those that were answered before.

        ValueError for settings that do not fit.
        """
        self.config = config
        self._sampling = config.sampling()
        config.check()
        self._poster = Poster(config.address(), config.key_variable, config.timeout)
        self.transcript = Transcript(transcript) if transcript else None
        self._tokens = [0, 0]
        if self.transcript:
            self._tokens = [self.transcript.prompt_tokens, self.transcript.answer_tokens]
        self._clock, self._sleep = clock, sleep
        self._pace = Pace(config.per_minute, clock, sleep)
        self._gate = threading.BoundedSemaphore(config.concurrent)
        self._lock = threading.Lock()
        self._closed: Reply | None = None
        self._failed = 0

    def ask(self, messages: Sequence[Message]) -> Reply:
        """The answer to a conversation, or why there is none; it waits and asks again as the settings say."""
        key = chat.request_key(self.config.model, messages, self._sampling)
        known = self.transcript.find(key) if self.transcript else None
        if known:
            return Reply(text=known[0], usage=known[1], cached=True)
        stop = self._closed or self._over_limit()
        if stop:
            return stop
        began = self._clock()
        reply = self._ask(key, chat.request_body(self.config.model, messages, self._sampling), messages, began)
        self._note(key, messages, reply)
        return reply

    def each(self, function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """`function` of each job, `concurrent` at a time, in the order of the jobs; for functions that ask."""
        pending: deque[Future[Result]] = deque()
        with ThreadPoolExecutor(self.config.concurrent) as pool:
            try:
                for job in jobs:
                    pending.append(pool.submit(function, job))
                    if len(pending) >= 2 * self.config.concurrent:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()

    def cost(self) -> float:
        """What all requests so far cost, by the two prices."""
        return (self._tokens[0] * self.config.price_prompt + self._tokens[1] * self.config.price_answer) / 1e6

    def _over_limit(self) -> Reply | None:
        limit, cost = self.config.token_limit, self.config.cost_limit
        if limit and sum(self._tokens) >= limit:
            return Reply(failure="limit", detail=f"{sum(self._tokens)} tokens used, the limit is {limit}")
        if cost and self.cost() >= cost:
            return Reply(failure="limit", detail=f"{self.cost():.4f} spent, the limit is {cost}")
        return None

    def _ask(self, key: str, body: bytes, messages: Sequence[Message], began: float) -> Reply:
        usage, sent = Usage(), 0
        while True:
            self._pace.wait()
            sent += 1
            try:
                with self._gate:
                    text, spent = chat.read_answer(self._poster.post(body), messages)
                seconds = self._clock() - began
                return Reply(text=text, usage=_sum(usage, spent), attempts=sent, seconds=seconds)
            except Unanswered as error:
                usage = _sum(usage, error.usage) if error.usage else usage
                wait = max(error.wait, self._backoff(key, sent))
                passes = error.failure in chat.RETRIED and self._closed is None
                last = not passes or sent > self.config.retries
                if last or wait > self.config.longest_wait:
                    detail = error.detail + (f"; asks to wait {wait:.0f} s" if not last else "")
                    seconds = self._clock() - began
                    return Reply(failure=error.failure, detail=detail, usage=usage, attempts=sent, seconds=seconds)
                if error.wait:
                    self._pace.pause(error.wait)  # all threads: the server said so
                self._sleep(wait)

    def _backoff(self, key: str, sent: int) -> float:
        longest = min(self.config.backoff * 2 ** (sent - 1), self.config.longest_wait)
        return longest * float(rng(self.config.seed, "endpoint", key, sent).uniform(0.5, 1.0))

    def _note(self, key: str, messages: Sequence[Message], reply: Reply) -> None:
        """Count what a request cost, write it down, and close the door when asking on is of no use."""
        with self._lock:
            self._tokens[0] += reply.usage.prompt
            self._tokens[1] += reply.usage.answer
            self._failed = 0 if reply.ok else self._failed + 1
            if reply.failure == "refused":
                self._closed = Reply(failure="refused", detail=reply.detail)
            elif self.config.give_up_after and self._failed >= self.config.give_up_after:
                detail = f"not asked: {self._failed} requests in a row failed, the last one so: {reply.detail}"
                self._closed = Reply(failure=reply.failure, detail=detail)
        if self.transcript:
            self.transcript.append(
                {
                    "key": key,
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                    "url": self._poster.address,
                    "model": self.config.model,
                    "sampling": self._sampling,
                    "prompt": [message.summary() for message in messages],
                    "answer": reply.text,
                    "failure": reply.failure,
                    "detail": reply.detail,
                    "usage": asdict(reply.usage),
                    "attempts": reply.attempts,
                    "seconds": round(reply.seconds, 3),
                }
            )


def _sum(a: Usage, b: Usage) -> Usage:
    return Usage(prompt=a.prompt + b.prompt, answer=a.answer + b.answer, reported=b.reported)
