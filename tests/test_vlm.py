"""Vision-language models asked where to look: prompts, signs, answers that cannot be read, and the wire with images."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from chat_server import Says, serving, text_of
from sapave.base import geometry
from sapave.base.shelf import pick, shelf
from sapave.base.types import N_OTHER, ActionChunk, Geometry, Observation, Policy
from sapave.policies._questions import (
    PROTOCOLS,
    QuestionConfig,
    candidates,
    degrees,
    places,
    read_degrees,
    read_number,
)
from sapave.policies._questions import choose as choose_view
from sapave.policies._vlm import FOLDER, KEY, MODEL, URL, NoAnswer, settings
from sapave.policies._vlm_models import MODELS
from sapave.sim.robots.g1 import HEAD_LIMITS

LOW, HIGH = np.transpose(HEAD_LIMITS)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (URL, MODEL, KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(FOLDER, str(tmp_path))


def seen(head: tuple[float, float] = (0.0, -0.9), words: str = "look at the red mug", seed: int = 0) -> Observation:
    """A head image of noise."""
    pose = np.array(head, np.float32)
    rgb = np.random.default_rng(seed).integers(0, 256, (128, 176, 3), dtype=np.uint8)
    matrix = geometry.intrinsics(176, 128, np.deg2rad(65.0))
    return Observation(
        rgb={"head": rgb},
        geometry={"head": Geometry(intrinsics=matrix.astype(np.float32))},
        head=pose,
        head_target=pose,
        other=np.zeros(N_OTHER, np.float32),
        other_target=np.zeros(N_OTHER, np.float32),
        instruction=words,
        time=0.0,
    )


def after(observation: Observation, chunk: ActionChunk, rows: int | None = None) -> Observation:
    """The head once `rows` of a chunk were played."""
    pose = (observation.head_target + chunk.head[:rows].sum(0)).astype(np.float32)
    return replace(observation, head=pose, head_target=pose)


def number_for(prompt: str, yaw: float, pitch: float) -> int:
    """What a reader of the prompt's table answers for a turn in degrees."""
    lines = [line.split(" | ") for line in prompt.splitlines() if " | " in line]
    column = lines[0].index(f"left {yaw:.0f}" if yaw > 0 else f"right {-yaw:.0f}" if yaw < 0 else "0")
    side = f"up {pitch:.0f}" if pitch > 0 else f"down {-pitch:.0f}" if pitch < 0 else "0"
    return int(next(line for line in lines[1:] if line[0] == side)[column])


@pytest.mark.parametrize("name", ["vlm", "vlm_degrees"])
def test_without_an_endpoint_one_line_says_how_to_set_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pick("sapave.policies", "POLICY", name)
    assert URL in entry.missing() and MODEL in entry.missing() and "docs/rivals.md" in entry.missing()
    with pytest.raises(ValueError, match=f"{URL} and {MODEL}") as error:
        entry.make()
    assert "\n" not in str(error.value)
    monkeypatch.setenv(URL, "http://127.0.0.1:9/v1")
    with pytest.raises(ValueError, match=f"set {MODEL} "):
        entry.make()
    monkeypatch.setenv(MODEL, "gemini-2.5-pro")
    policy = entry.make()
    assert entry.missing() == "" and isinstance(policy, Policy)
    assert policy.config.protocol == {"vlm": "choose", "vlm_degrees": "degrees"}[name]


def test_other_policies_miss_nothing() -> None:
    entries = shelf("sapave.policies", "POLICY").values()
    assert {entry.name for entry in entries if entry.missing()} == {"vlm", "vlm_degrees"}


def test_models_of_the_paper_go_by_short_names() -> None:
    for short, compared in MODELS.items():
        assert settings(url="http://127.0.0.1:9/v1", model=short).model == compared.model and len(compared.paper) == 3
    assert settings(url="http://127.0.0.1:9/v1", model="mine").model == "mine"
    with pytest.raises(KeyError, match="did you mean 'choose'"):
        settings(url="http://127.0.0.1:9/v1", model="mine", protocol="chose")
    with pytest.raises(ValueError, match="asks is 0"):
        settings(url="http://127.0.0.1:9/v1", model="mine", asks=0)


def test_a_chosen_view_becomes_a_head_motion() -> None:
    with serving(lambda request: f"Answer: {number_for(text_of(request), 40, 20)}") as server:
        policy = pick("sapave.policies", "POLICY", "vlm").make(url=server.url, model="small")
        policy.reset(0)
        chunk = policy.act(seen())
    assert not isinstance(chunk, NoAnswer) and not chunk.other.any() and chunk.head.shape == (16, 2)
    assert np.allclose(np.rad2deg(chunk.head.sum(0)), (40, 20)) and np.abs(chunk.head).max() <= 0.12 + 1e-9
    prompt = text_of(server.requests[0])
    assert '"look at the red mug"' in prompt and "82 degrees wide and 65 degrees high" in prompt
    assert "52 degrees down" in prompt and policy.counts == {"answered": 1}


def test_degrees_have_the_signs_of_the_document() -> None:
    with serving(lambda request: 'It is up on the right.\n```json\n{"pitch": 10, "yaw": -20.5}\n```') as server:
        chunk = pick("sapave.policies", "POLICY", "vlm_degrees").make(url=server.url, model="small").act(seen())
    assert np.allclose(np.rad2deg(chunk.head.sum(0)), (-20.5, 10))
    prompt = text_of(server.requests[0])
    assert "positive looks up" in prompt and "positive looks left" in prompt


def test_every_reachable_pose_has_a_candidate_within_half_a_step() -> None:
    g = np.random.default_rng(0)
    for head in (LOW, HIGH, np.array([0.3, -0.9]), *g.uniform(LOW, HIGH, (20, 2))):
        axes = [head[i] + np.deg2rad(turns) for i, turns in enumerate(candidates(head, 10.0))]
        assert all(0.0 in np.round(turns, 9) for turns in candidates(head, 10.0))
        for pose in g.uniform(LOW, HIGH, (50, 2)):
            away = [np.abs(np.clip(axes[i], LOW[i], HIGH[i]) - pose[i]).min() for i in range(2)]
            assert max(away) <= np.deg2rad(5.0) + 1e-9


def test_marks_stand_where_the_views_are_and_are_drawn() -> None:
    observation = seen()
    left, up, stay, far = places(observation, np.deg2rad([(20, 0), (0, 15), (0, 0), (80, 0)]))
    assert np.allclose(stay, (88, 64), atol=1e-6) and np.isnan(far).all()
    assert left[0] < 60 and up[1] < 40 and abs(up[0] - 88) < 1e-6
    plain = choose_view(observation, QuestionConfig(marks=False))
    drawn = choose_view(observation, QuestionConfig())
    assert plain.image.shape == drawn.image.shape == (512, 704, 3) and "numbers stand" in drawn.prompt
    u, v = (4 * left).astype(int)
    patch = np.s_[v - 12 : v + 12, u - 16 : u + 16]
    assert np.any(plain.image[patch] != drawn.image[patch]) and np.array_equal(plain.image[:30], drawn.image[:30])


def test_what_cannot_be_read_is_asked_again_and_then_counted() -> None:
    with serving(script=[Says(text="Hard to say."), Says(text="9999"), Says(text="162")]) as server:
        policy = pick("sapave.policies", "POLICY", "vlm").make(url=server.url, model="small")
        assert not isinstance(policy.act(seen()), NoAnswer)
    roles = [[m["role"] for m in request["messages"]] for request in server.requests]
    assert roles == [["user"], ["user", "assistant", "user"], ["user", "assistant", "user", "assistant", "user"]]
    assert "1 to 187" in text_of(server.requests[1])
    with serving(lambda request: "Somewhere left, 20 or 30.") as server:
        policy = pick("sapave.policies", "POLICY", "vlm_degrees").make(url=server.url, model="small")
        chunk = policy.act(seen())
        assert isinstance(chunk, NoAnswer) and chunk.why == "unreadable" and "Somewhere" in chunk.detail
        assert not chunk.head.any() and not chunk.other.any() and len(server.requests) == 3
        policy.reset(1)
        policy.act(seen())  # the transcript knows the whole conversation
        assert policy.counts == {"unreadable": 2} and len(server.requests) == 3


def test_a_server_that_fails_is_counted_by_its_failure() -> None:
    with serving(lambda request: Says(status=401)) as server:
        policy = pick("sapave.policies", "POLICY", "vlm").make(url=server.url, model="small")
        chunk = policy.act(seen())
    assert isinstance(chunk, NoAnswer) and chunk.why == "refused" and KEY in chunk.detail
    with serving() as gone:
        pass
    policy = pick("sapave.policies", "POLICY", "vlm").make(url=gone.url, model="other", retries=1, backoff=0.01)
    chunk = policy.act(seen())
    assert isinstance(chunk, NoAnswer) and chunk.why == "down" and policy.counts == {"down": 1}


def test_one_look_per_instruction_unless_more_are_allowed() -> None:
    with serving(lambda request: '{"pitch": 0, "yaw": 120}') as server:
        policy = pick("sapave.policies", "POLICY", "vlm_degrees").make(url=server.url, model="small")
        here = seen(head=(-1.2, -0.9))
        chunk = policy.act(here)
        assert len(chunk.head) == 18 and np.allclose(chunk.head.sum(0), (np.deg2rad(120), 0), atol=1e-6)
        here = after(here, chunk, 8)
        chunk = policy.act(here)  # on the way: goes on without a question
        here = after(here, chunk)
        assert np.allclose(here.head, (-1.2 + np.deg2rad(120), -0.9), atol=1e-5) and len(server.requests) == 1
        assert np.abs(policy.act(here).head).max() < 1e-6 and len(server.requests) == 1
        chunk = policy.act(replace(here, instruction="look at the tray"))
        assert len(server.requests) == 2 and np.isclose(chunk.head.sum(0)[0], HIGH[0] - here.head[0])
        policy = pick("sapave.policies", "POLICY", "vlm_degrees").make(url=server.url, model="small", looks=2)
        first = policy.act(seen(seed=5))
        policy.act(after(seen(seed=6), first))
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("17", 17),
        (" **17**.\n", 17),
        ("The mug is left of 12, so not 13.\n\nAnswer: 17", 17),
        ("Final answer: **17**", 17),
        ("The answer is view 17.", 17),
        ("```\n17\n```", 17),
        ("17 or 18", None),
        ("17.5", None),
        ("-17", None),
        ("I would choose view 17", None),
        ("seventeen", None),
        ("", None),
    ],
)
def test_numbers_are_read_or_not_but_never_guessed(answer: str, number: int | None) -> None:
    assert read_number(answer) == number


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"pitch": -5.0, "yaw": 12.5}', (12.5, -5.0)),
        ('First {"pitch": 1, "yaw": 1}, no: {"yaw": 3, "pitch": 2}', (3.0, 2.0)),
        ("pitch: \u22124\u00b0, yaw = +30 degrees", (30.0, -4.0)),
        ("Yaw -30 deg, pitch 0", (-30.0, 0.0)),
        ('{"pitch": "-5", "yaw": 12}', None),
        ('{"pitch": true, "yaw": 12}', None),
        ('{"pitch": NaN, "yaw": 12}', None),
        ('{"pitch": -5}', None),
        ('{"pitch": -5, "yaw": 200}', None),
        ('{"pitch": -5, "yaw": 12} or so, I am not sure', None),
        ("pitch 3 yaw 4 or yaw 5", None),
        ("12.5, -5", None),
        ("{pitch: 3, yaw: 4}", None),
    ],
)
def test_degrees_are_read_or_not_but_never_guessed(answer: str, expected: tuple[float, float] | None) -> None:
    found = read_degrees(answer)
    assert found is None if expected is None else found is not None and np.allclose(np.rad2deg(found), expected)


class Small:
    """A tiny random SmolVLM of transformers that answers requests of the protocol, images and all."""

    def __init__(self) -> None:
        from sapave.model.config import TINY_TEST
        from sapave.model.tokenizer import Tokenizer

        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.core: Any = pick("sapave.model.backbones", "BACKBONE", "smolvlm").build(TINY_TEST).core.eval()
        self.image_token = TINY_TEST.vocab_size - 1
        self.tokenizer = Tokenizer.build(["answer with the number of one view"], TINY_TEST.vocab_size - 1)

    def two_digits(self, image: np.ndarray, text: str) -> str:
        """The two digits that the model finds likeliest behind image and text, one after the other."""
        small = np.array(Image.fromarray(image).resize((64, 64)))
        pixels = torch.from_numpy(small).permute(2, 0, 1)[None, None].float() / 127.5 - 1
        words = self.tokenizer.core.encode(text).ids
        digits = [self.tokenizer.core.token_to_id(d) for d in "0123456789"]
        answer = ""
        for _ in range(2):
            written = [digits[int(d)] for d in answer]
            ids = torch.tensor([[*words, *[self.image_token] * 64, *written]])
            with torch.no_grad():
                logits = self.core(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels).logits
            answer += str(int(logits[0, -1, digits].argmax()))
        return answer

    def __call__(self, request: dict[str, Any]) -> str:
        image, text = request["messages"][-1]["content"]
        data = image["image_url"]["url"].removeprefix("data:image/png;base64,")
        return self.two_digits(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), text["text"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_of_transformers_behind_the_protocol_steers_the_head(protocol: str, tmp_path: Path) -> None:
    small = Small()
    dark, bright = (replace(seen(), rgb={"head": np.full((128, 176, 3), level, np.uint8)}) for level in (10, 245))

    def answer(request: dict[str, Any]) -> str:
        said = small(request)
        return said if protocol == "choose" else json.dumps({"pitch": -int(said[0]), "yaw": int(said[1])})

    motions = []
    with serving(answer) as server:
        policy = pick("sapave.policies", "POLICY", "vlm").make(url=server.url, model="tiny", protocol=protocol)
        for observation in (dark, bright):
            policy.reset(0)
            question = PROTOCOLS[protocol](observation, policy.config)
            said = small.two_digits(question.image, question.prompt)
            expected = question.read(said) if protocol == "choose" else np.deg2rad([int(said[1]), -int(said[0])])
            motions.append(policy.act(observation).head.sum(0))
            goal = np.clip(observation.head + expected, LOW, HIGH)
            assert np.allclose(observation.head + motions[-1], goal, atol=1e-6)
    assert policy.counts == {"answered": 2}
    assert not np.allclose(*motions)  # the picture reached the model
    (path,) = tmp_path.glob("*.jsonl")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert path.name == f"tiny-{protocol}.jsonl" and len(rows) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", *row["prompt"][0]["images"]) for row in rows)
    assert degrees(dark, QuestionConfig()).image.max() == 10
