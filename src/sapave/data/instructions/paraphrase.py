"""Other wordings of an instruction by a language model behind an endpoint; what changes its meaning is turned away."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sapave.base.chat import Message
from sapave.base.endpoint import Endpoint, EndpointConfig


@dataclass(frozen=True, kw_only=True)
class ParaphraseConfig(EndpointConfig):
    """Which language model rewrites instructions, and how hard it tries."""

    temperature: float = 0.8
    count: int = 4
    """Paraphrases of each sentence."""
    asks: int = 3
    """So often a model is asked for what is still missing."""
    longest: int = 30
    """A paraphrase has at most so many words."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A sentence to be said otherwise."""

    text: str
    keep: tuple[str, ...] = ()
    """Words, or phrases of words in a row, that must stay: what the sentence refers to."""
    avoid: tuple[str, ...] = ()
    """Words or phrases that must not come in, such as the names of other things in the scene."""


@dataclass(frozen=True, kw_only=True)
class Paraphrased:
    """What came of a sentence."""

    sentence: Sentence
    texts: tuple[str, ...] = ()
    """At most `count`, all different, in the order in which they came."""
    rejected: tuple[tuple[str, str], ...] = ()
    """(paraphrase, why it was turned away)."""
    failure: str = ""
    """'' when all were found, `short` when some are missing, else why the endpoint did not answer (base/chat.py)."""
    detail: str = ""


PROMPT = """\
You rewrite instructions for a robot that turns its head to look at things.
Rewrite the instruction below in {count} different natural ways. Vary words and sentence structure: requests, \
questions, statements.
Rules:
- Keep the meaning exactly. Add no information and lose none.
- {keep}
- Do not say where the thing is unless the instruction says it. Do not add or change any direction.
- At most {longest} words each.
Answer with a JSON array of {count} strings and nothing else.

Instruction: {text}"""
AGAIN = """\
{problem}
Answer with a JSON array of {count} more strings, different from those before, and nothing else."""

SAME = {
    "leftward": "left",
    "leftwards": "left",
    "rightward": "right",
    "rightwards": "right",
    "upward": "up",
    "upwards": "up",
    "downward": "down",
    "downwards": "down",
}
DIRECTIONS = frozenset(
    "left right up down above below behind beside under beneath front back next near between inside higher lower "
    "top bottom north south east west clockwise".split()
)
"""A paraphrase has exactly those of these words that its sentence has: a direction is neither invented nor lost."""
NEGATIONS = frozenset("not don't dont never no without except avoid ignore isn't can't cannot".split())
"""Likewise."""


def words_of(text: str) -> list[str]:
    """Lower-case words; apostrophes and hyphens belong to them."""
    return re.findall(r"[a-z0-9]+(?:['-][a-z0-9]+)*", text.lower().replace("\u2019", "'"))


def problem(sentence: Sentence, text: str, longest: int) -> str:
    """Why `text` cannot stand for the sentence; '' when it can."""
    if not text.isprintable() or not text.strip():
        return "not one line of text"
    ours, theirs = words_of(sentence.text), words_of(text)
    if not theirs or theirs == ours:
        return "the same words"
    if len(theirs) > longest:
        return f"more than {longest} words"
    for phrase in sentence.keep:
        if not has(theirs, words_of(phrase)):
            return f"without '{phrase}'"
    for phrase in sentence.avoid:
        if has(theirs, words_of(phrase)):
            return f"with '{phrase}'"
    for name, special in (("direction", DIRECTIONS), ("negation", NEGATIONS)):
        changed = _only(ours, special) ^ _only(theirs, special)
        if changed:
            return f"{name} changed: {', '.join(sorted(changed))}"
    return ""


def has(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Does the phrase stand in the words, in a row? (An empty one does.)"""
    return any(list(words[i : i + len(phrase)]) == list(phrase) for i in range(len(words) - len(phrase) + 1))


def _only(words: Iterable[str], special: frozenset[str]) -> frozenset[str]:
    return frozenset(SAME.get(word, word) for word in words) & special


def read_array(answer: str) -> list[str] | None:
    """The strings of a JSON array, alone, in a code fence or behind words; None when there is no such array."""
    start, end = answer.find("["), answer.rfind("]")
    try:
        found = json.loads(answer[start : end + 1]) if 0 <= start < end else None
    except ValueError:
        return None
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        return None
    return [entry.strip() for entry in found]


def paraphrase(sentence: Sentence, endpoint: Endpoint, config: ParaphraseConfig) -> Paraphrased:
    """Up to `count` paraphrases of one sentence that pass every check; missing ones are asked for again."""
    keep = ", ".join(f'"{phrase}"' for phrase in sentence.keep)
    rule = f"Every version must contain, word for word: {keep}." if keep else "Keep every name of a thing."
    first = PROMPT.format(count=config.count, keep=rule, longest=config.longest, text=sentence.text)
    talk = [Message(role="user", text=first)]
    texts: dict[tuple[str, ...], str] = {}
    rejected: list[tuple[str, str]] = []
    for _ in range(config.asks):
        reply = endpoint.ask(talk)
        if not reply.ok:
            return _result(sentence, texts, rejected, reply.failure, reply.detail)
        offered = read_array(reply.text)
        turned_away = []
        for text in offered or ():
            why = problem(sentence, text, config.longest)
            if not why and tuple(words_of(text)) in texts:
                why = "said before"
            if why:
                turned_away.append((text, why))
            elif len(texts) < config.count:
                texts[tuple(words_of(text))] = text
        rejected += turned_away if offered is not None else [(reply.text[:200], "no JSON array of strings")]
        missing = config.count - len(texts)
        if not missing:
            return _result(sentence, texts, rejected, "", "")
        reasons = "; ".join(f"{text!r}: {why}" for text, why in turned_away) or "There were too few."
        problems = f"These do not fit. {reasons}" if offered is not None else "That was no JSON array of strings."
        talk += [
            Message(role="assistant", text=reply.text),
            Message(role="user", text=AGAIN.format(problem=problems, count=missing)),
        ]
    return _result(sentence, texts, rejected, "short", f"{len(texts)} of {config.count} after {config.asks} asks")


def _result(
    sentence: Sentence, texts: dict[tuple[str, ...], str], rejected: list[tuple[str, str]], failure: str, detail: str
) -> Paraphrased:
    return Paraphrased(
        sentence=sentence,
        texts=tuple(texts.values()),
        rejected=tuple(rejected),
        failure=failure,
        detail=detail,
    )


def paraphrase_all(
    sentences: Iterable[Sentence], config: ParaphraseConfig, transcript: Path, endpoint: Endpoint | None = None
) -> Iterator[Paraphrased]:
    """Each sentence's paraphrases, in order, several at a time; what fails is marked, and the rest goes on.

    Everything asked is kept in `transcript` (.jsonl): the same call after a kill asks only for what is missing.
    ValueError for settings that do not fit.
    """
    if config.count < 1 or config.asks < 1:
        raise ValueError(f"paraphrase: count {config.count}, asks {config.asks}; expected at least 1 of each")
    chosen = endpoint or Endpoint(config, transcript)
    return chosen.each(lambda sentence: paraphrase(sentence, chosen, config), sentences)


def tally(results: Iterable[Paraphrased]) -> dict[str, int]:
    """For a data set's card: sentences, paraphrases, rejected ones, and failures by kind."""
    counts: Counter[str] = Counter(sentences=0, paraphrases=0, rejected=0)
    for result in results:
        counts.update(sentences=1, paraphrases=len(result.texts), rejected=len(result.rejected))
        if result.failure:
            counts[f"failed_{result.failure}"] += 1
    return dict(counts)
