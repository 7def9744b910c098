"""Paraphrases through a real server: the meaning stays, failures are counted, a killed run asks nothing twice."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from chat_server import Says, serving, text_of
from sapave.data.instructions.paraphrase import (
    ParaphraseConfig,
    Sentence,
    paraphrase_all,
    problem,
    read_array,
    tally,
    words_of,
)

MUG = Sentence(text="turn left and look at the red mug", keep=("red mug",), avoid=("blue bowl",))
GOOD = ["Please look left at the red mug.", "Could you turn leftward to see the red mug?"]


def instruction_of(request: dict[str, Any]) -> str:
    """The sentence that a conversation is about."""
    found = re.search(r"Instruction: (.*)", request["messages"][0]["content"])
    assert found is not None
    return found[1]


def rewrite(request: dict[str, Any]) -> str:
    text = instruction_of(request)
    return json.dumps([f"please {text}", f"would you {text}"])


def config(url: str, **changes: Any) -> ParaphraseConfig:
    return ParaphraseConfig(**{"url": url, "model": "small", "count": 2, "backoff": 0.01, "retries": 1, **changes})


def test_good_ones_are_kept_and_the_missing_are_asked_for_again(tmp_path: Path) -> None:
    first = [GOOD[0], "Look at the red mug over there.", "Turn left, see the mug that is red.", GOOD[0].upper()]
    with serving(
        script=[Says(text=json.dumps(first)), Says(text=f"Sure!\n```json\n{json.dumps(GOOD[1:])}\n```")]
    ) as server:
        (found,) = paraphrase_all([MUG], config(server.url), tmp_path / "asked.jsonl")
    assert found.texts == tuple(GOOD) and found.failure == ""
    reasons = dict(found.rejected)
    assert reasons[first[1]] == "direction changed: left" and reasons[first[2]] == "without 'red mug'"
    assert reasons[first[3]] == "said before"
    asked, again = server.requests
    assert '"red mug"' in text_of(asked) and "2 different" in text_of(asked) and asked["temperature"] == 0.8
    assert [m["role"] for m in again["messages"]] == ["user", "assistant", "user"]
    assert "direction changed: left" in text_of(again) and "1 more strings" in text_of(again)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Turn LEFT and look at the red mug!", "the same words"),
        ("look left at the red mugs", "without 'red mug'"),
        ("look left and up at the red mug", "direction changed: up"),
        ("look right at the red mug", "direction changed: left, right"),
        ("look left but don't look at the red mug", "negation changed: don't"),
        ("look left past the blue bowl at the red mug", "with 'blue bowl'"),
        ("look left " + "please " * 30 + "red mug", "more than 30 words"),
        ("look left\nat the red mug", "not one line of text"),
        ("", "not one line of text"),
        ("...", "the same words"),
        (GOOD[0], ""),
    ],
)
def test_what_changes_the_meaning_is_turned_away(text: str, why: str) -> None:
    assert problem(MUG, text, 30) == why


def test_words_and_arrays_are_read_as_they_are() -> None:
    assert words_of("Don\u2019t use the on-off T-shirt, 2 mugs.") == [
        "don't",
        "use",
        "the",
        "on-off",
        "t-shirt",
        "2",
        "mugs",
    ]
    assert read_array('Here: [" a ", "b"]') == ["a", "b"] and read_array("[]") == []
    for text in ("a, b", '["a", 1]', '{"a": "b"}', '["a"', "] ["):
        assert read_array(text) is None


def test_failures_are_marked_and_counted_and_the_rest_goes_on(tmp_path: Path) -> None:
    def answer(request: dict[str, Any]) -> Says | str:
        text = instruction_of(request)
        if "kettle" in text:
            return Says(status=500)
        return "I would rather talk." if "fork" in text else rewrite(request)

    sentences = [Sentence(text=f"look at the {thing}", keep=(thing,)) for thing in ("mug", "kettle", "fork", "bowl")]
    with serving(answer) as server:
        results = list(paraphrase_all(sentences, config(server.url), tmp_path / "asked.jsonl"))
        assert [r.failure for r in results] == ["", "broken", "short", ""]
        assert [len(r.texts) for r in results] == [2, 0, 0, 2] and results[2].detail == "0 of 2 after 3 asks"
        assert [r.sentence for r in results] == sentences
        sent = len(server.requests)
        server.answer = rewrite  # the server has recovered: only what failed is asked again
        again = list(paraphrase_all(sentences, config(server.url), tmp_path / "asked.jsonl"))
    assert [r.failure for r in again] == ["", "", "short", ""] and len(server.requests) == sent + 1
    assert tally(results) == {"sentences": 4, "paraphrases": 4, "rejected": 3, "failed_broken": 1, "failed_short": 1}


def test_a_server_that_is_gone_is_counted_and_soon_no_longer_asked(tmp_path: Path) -> None:
    with serving() as gone:
        pass
    sentences = [Sentence(text=f"look at thing {i}", keep=(f"thing {i}",)) for i in range(30)]
    settings = config(gone.url, give_up_after=3, concurrent=1)
    results = list(paraphrase_all(sentences, settings, tmp_path / "asked.jsonl"))
    assert tally(results) == {"sentences": 30, "paraphrases": 0, "rejected": 0, "failed_down": 30}
    assert len((tmp_path / "asked.jsonl").read_text().splitlines()) == 3
    with pytest.raises(ValueError, match="count 0"):
        paraphrase_all(sentences, config(gone.url, count=0), tmp_path / "asked.jsonl")


RUN = """
import sys
from pathlib import Path
from sapave.data.instructions.paraphrase import ParaphraseConfig, Sentence, paraphrase_all
settings = ParaphraseConfig(url=sys.argv[1], model="small", count=2, concurrent=1)
sentences = [Sentence(text=f"look at thing {i}", keep=(f"thing {i}",)) for i in range(12)]
for found in paraphrase_all(sentences, settings, Path(sys.argv[2])):
    print(found.sentence.text, found.texts, found.failure, flush=True)
"""


def test_a_killed_run_goes_on_without_asking_twice(tmp_path: Path) -> None:
    def slowly(request: dict[str, Any]) -> Says:
        return Says(text=rewrite(request), delay=0.15)

    with serving(slowly) as server:
        command = [sys.executable, "-c", RUN, server.url, str(tmp_path / "asked.jsonl")]
        first = subprocess.Popen(command, stdout=subprocess.PIPE)
        limit = time.monotonic() + 60
        while len(server.requests) < 5 and time.monotonic() < limit:
            time.sleep(0.01)
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL
        before = len(server.requests)
        assert 5 <= before < 12
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert second.returncode == 0, second.stderr
    lines = second.stdout.splitlines()
    assert len(lines) == 12 and all(f"please look at thing {i}'" in lines[i] for i in range(12))
    asked = Counter(instruction_of(request) for request in server.requests)
    assert len(asked) == 12 and sum(asked.values()) <= 13  # at most the one that was under way is asked again
