"""The client of chat endpoints, against a real server: what answers, fails, waits, is remembered and costs."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chat_server import ChatServer, Says, serving, text_of
from sapave.base.chat import Message, Reply, retry_after
from sapave.base.endpoint import Endpoint, EndpointConfig
from sapave.base.pace import Pace
from sapave.base.png import png
from sapave.base.transcript import Transcript

PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


def config(server: ChatServer | None = None, **changes: Any) -> EndpointConfig:
    """Quick to fail: short waits."""
    url = server.url if server else "http://127.0.0.1:9/v1"
    base = EndpointConfig(url=url, model="small", timeout=5.0, retries=2, backoff=0.01, give_up_after=0)
    return replace(base, **changes)


def ask(endpoint: Endpoint, text: str = "hello", *images: np.ndarray) -> Reply:
    return endpoint.ask([Message(role="user", text=text, images=images)])


def test_a_png_is_exact() -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(PICTURE)))), PICTURE)
    with pytest.raises(ValueError, match=r"float64 \[5, 7, 3\]"):
        png(PICTURE / 255)


def test_text_and_images_arrive_and_the_answer_comes_back(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOME_KEY", " secret \n")
    with serving(lambda request: "I see " + text_of(request)) as server:
        settings = config(server, key_variable="SOME_KEY", extra='{"top_p": 0.5, "max_tokens": null}')
        endpoint = Endpoint(settings, tmp_path / "asked.jsonl")
        reply = ask(endpoint, "a mug", PICTURE)
    assert reply.ok and reply.text == "I see a mug" and reply.attempts == 1
    assert (reply.usage.prompt, reply.usage.answer, reply.usage.reported) == (10, 5, True)
    assert "secret" not in (tmp_path / "asked.jsonl").read_text()
    sent = server.requests[0]
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert server.headers[0]["User-Agent"].startswith("sapave/")
    assert sent["model"] == "small" and sent["top_p"] == 0.5 and sent["temperature"] == 0 and "max_tokens" not in sent
    image, text = sent["messages"][0]["content"]
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64" and text == {"type": "text", "text": "a mug"}
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), PICTURE)


def test_no_key_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAPAVE_API_KEY", raising=False)
    with serving() as server:
        assert ask(Endpoint(config(server))).ok
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize(
    ("bad", "failure", "words", "attempts"),
    [
        (Says(status=401, body=b'{"error": {"message": "wrong key sesame"}}'), "refused", "set the environment", 1),
        (Says(status=403, body=b"no"), "refused", "SAPAVE_API_KEY", 1),
        (Says(status=404, body=b'{"error": "no such model"}'), "rejected", "no such model", 1),
        (Says(status=307, headers={"Location": "http://elsewhere/"}), "rejected", "http://elsewhere/", 1),
        (Says(status=500, body=b"oh"), "broken", "500 oh", 3),
        (Says(status=429), "busy", "429", 3),
        (Says(body=b"<html>"), "nonsense", "not JSON", 3),
        (Says(body=b"\xff\xfe"), "nonsense", "not JSON", 3),
        (Says(body=b'{"choices": []}'), "nonsense", "no choices", 3),
        (Says(body=b'["choices"]'), "nonsense", "no choices", 3),
        (Says(text="  "), "nonsense", "empty", 3),
        (Says(text=None), "nonsense", "empty", 3),
        (Says(text="a long sto", finish="length"), "cut", "raise answer_tokens", 1),
        (Says(promise=50), "down", "middle of the answer", 3),
    ],
)
def test_what_is_no_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, bad: Says, failure: str, words: str, attempts: int
) -> None:
    monkeypatch.setenv("SAPAVE_API_KEY", "sesame")
    with serving(lambda request: bad) as server:
        reply = ask(Endpoint(config(server)))
    assert not reply.ok and reply.text == ""
    assert reply.failure == failure and words in reply.detail and "\n" not in reply.detail
    assert reply.attempts == len(server.requests) == attempts
    assert "sesame" not in reply.detail


def test_nobody_there_and_a_server_that_is_too_slow() -> None:
    with serving() as gone:
        pass
    reply = ask(Endpoint(config(gone)))
    assert reply.failure == "down" and gone.url in reply.detail and reply.attempts == 3
    for slow in (Says(delay=1.0), Says(drip=0.02)):
        with serving(script=[slow, slow]) as server:
            began = time.monotonic()
            reply = ask(Endpoint(config(server, timeout=0.2, retries=0)))
            assert reply.failure == "slow" and time.monotonic() - began < 0.8
            assert ask(Endpoint(config(server, timeout=0.2, retries=1))).ok


def test_a_server_that_comes_back_is_found() -> None:
    with serving() as gone:
        pass
    with ExitStack() as stack:

        def wait(seconds: float) -> None:
            if not back:
                back.append(stack.enter_context(serving(port=int(gone.url.split(":")[2].split("/")[0]))))

        back: list[ChatServer] = []
        endpoint = Endpoint(config(gone), sleep=wait)
        reply = ask(endpoint)
        assert reply.ok and reply.attempts == 2 and len(back[0].requests) == 1


def test_busy_then_fine_waits_as_long_as_it_is_asked_to() -> None:
    busy = [Says(status=429, headers={"Retry-After": "7"}), Says(status=503)]
    slept: list[float] = []
    with serving(script=busy) as server:
        endpoint = Endpoint(config(server, backoff=1.0), sleep=slept.append, clock=lambda: sum(slept))
        reply = ask(endpoint)
    assert reply.ok and reply.attempts == 3
    assert slept[0] == 7.0 and 1.0 <= slept[1] <= 2.0
    with serving(script=[Says(status=429, headers={"Retry-After": "3600"})]) as server:
        reply = ask(Endpoint(config(server)))
    assert reply.failure == "busy" and "asks to wait 3600 s" in reply.detail and reply.attempts == 1


def test_waits_double_and_depend_on_the_seed_alone() -> None:
    def waits(seed: int) -> list[float]:
        slept: list[float] = []
        endpoint = Endpoint(
            config(server, seed=seed, retries=4, backoff=1.0, longest_wait=5.0),
            sleep=slept.append,
            clock=lambda: 0.0,
        )
        assert ask(endpoint).failure == "broken"
        return slept

    with serving(lambda request: Says(status=500)) as server:
        first, again, other = waits(0), waits(0), waits(1)
    assert first == again != other
    assert all(0.5 * top <= wait <= top for wait, top in zip(first, (1, 2, 4, 5), strict=True))


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
    assert retry_after("Thu, 01 Jan 2026 12:01:30 GMT", now) == 90.0
    assert retry_after("Thu, 01 Jan 2026 11:00:00 GMT", now) == retry_after("soon", now) == retry_after("", now) == 0


def test_a_refused_key_and_failures_in_a_row_close_the_door() -> None:
    with serving(lambda request: Says(status=401)) as server:
        endpoint = Endpoint(config(server))
        assert [ask(endpoint, word).failure for word in "abc"] == ["refused"] * 3 and len(server.requests) == 1
    with serving(lambda request: Says(status=500)) as server:
        endpoint = Endpoint(config(server, retries=0, give_up_after=3))
        replies = [ask(endpoint, word) for word in "abcde"]
    assert len(server.requests) == 3 and [r.failure for r in replies] == ["broken"] * 5
    assert "3 requests in a row" in replies[-1].detail and replies[-1].attempts == 0


def test_a_rate_is_kept_in_any_minute_and_a_pause_holds_all() -> None:
    now = [0.0]
    given: list[float] = []
    pace = Pace(3, lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    for _ in range(8):
        pace.wait()
        given.append(now[0])
        now[0] += 1.0
    assert given == [0, 1, 2, 60, 61, 62, 120, 121]
    pace.pause(500.0)
    pace.wait()
    assert now[0] == 622.0


def test_requests_at_the_same_time_are_few_and_come_back_in_order() -> None:
    with serving(lambda request: Says(text=text_of(request), delay=0.05)) as server:
        endpoint = Endpoint(config(server, concurrent=3))
        found = list(endpoint.each(lambda word: ask(endpoint, word).text, "abcdefgh"))
    assert found == list("abcdefgh") and 2 <= server.busiest <= 3


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "asked.jsonl"
    with serving(script=[Says(text="first"), Says(status=400)]) as server:
        endpoint = Endpoint(config(server), path)
        assert ask(endpoint, "a", PICTURE).text == "first" and not ask(endpoint, "b").ok
        cached = ask(endpoint, "a", PICTURE)
        assert cached.cached and cached.text == "first" and cached.attempts == 0
        other = PICTURE.copy()
        other[0, 0, 0] ^= 1
        assert not ask(endpoint, "a", other).cached
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["failure"] for row in rows] == ["", "rejected", ""]
    assert rows[0]["prompt"][0]["text"] == "a" and len(rows[0]["prompt"][0]["images"][0]) == 16
    assert rows[0]["usage"] == {"prompt": 10, "answer": 5, "reported": True} and rows[0]["time"].endswith("+00:00")
    with serving() as server:
        with open(path, "a") as handle:
            handle.write('{"key": "cut sho')
        endpoint = Endpoint(config(server), path)
        assert endpoint.transcript is not None and endpoint.transcript.unreadable == 1
        assert ask(endpoint, "a", PICTURE).cached and not ask(endpoint, "b").cached
        assert len(server.requests) == 1 and Transcript(path).unreadable == 1
        assert not ask(Endpoint(config(server, temperature=1.0), path), "a", PICTURE).cached
        assert ask(Endpoint(config(server), path), "b").cached


def test_rows_of_many_threads_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    row = {"failure": "", "answer": "x" * 5000, "usage": {"prompt": 1, "answer": 1, "reported": True}}

    def write(name: int) -> None:
        transcript = Transcript(path)
        for i in range(20):
            transcript.append({"key": f"{name}-{i}", **row})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Transcript(path)
    assert found.unreadable == 0 and found.prompt_tokens == 80 and found.find("3-19") is not None


def test_limits_count_every_run_of_a_transcript(tmp_path: Path) -> None:
    path = tmp_path / "asked.jsonl"
    with serving() as server:
        endpoint = Endpoint(config(server, token_limit=25), path)
        assert [ask(endpoint, word).failure for word in "abc"] == ["", "", "limit"]
        again = Endpoint(config(server, cost_limit=0.09, price_prompt=2000.0, price_answer=4000.0), path)
        assert again.cost() == pytest.approx(0.08) and ask(again, "c").ok
        stopped = ask(again, "d")
        assert stopped.failure == "limit" and "0.1200 spent" in stopped.detail and ask(again, "a").cached
        assert len(server.requests) == 3
    with serving(lambda request: Says(text="four", usage={"total": 1})) as server:
        usage = ask(Endpoint(config(server)), "seven c").usage
    assert (usage.prompt, usage.answer, usage.reported) == (7, 4, False)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": ""}, "expected an address such as"),
        ({"url": "localhost:8000"}, "expected an address such as"),
        ({"url": "http://host:port/v1"}, "expected an address such as"),
        ({"url": "http://" + "a" * 70 + ".b/v1"}, "expected an address such as"),
        ({"model": ""}, "no model named"),
        ({"extra": "[1]"}, "expected a JSON object"),
        ({"extra": '{"stream": true}'}, "without model, messages, stream"),
        ({"concurrent": 0}, "concurrent is 0"),
        ({"cost_limit": 1.0}, "needs price_prompt"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Endpoint(config(**changes))


def test_a_broken_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAPAVE_API_KEY", "sesa\nme")
    with pytest.raises(ValueError, match="SAPAVE_API_KEY") as error:
        Endpoint(config())
    assert "sesa" not in str(error.value)
