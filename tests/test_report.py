"""The report: one file, nothing from the network, every figure in it; films that decode."""

import json
import re
from fractions import Fraction
from html.parser import HTMLParser

import av
import numpy as np
import pytest

from bench_fakes import FakeWorld, Looker, rows
from sapave.base.types import EpisodeSpec
from sapave.bench import camera_work, charts, demo, film, kitchens
from sapave.bench.arms import Arm
from sapave.bench.evaluate import collect
from sapave.bench.lists import EpisodeList
from sapave.bench.protocol import current
from sapave.bench.report import write_report
from sapave.bench.rollout import play

ARMS = [Arm(name=n, doc=f"about {n} <b>", policy="zero") for n in ("active", "fixed", "held")]


@pytest.fixture(scope="module")
def results():
    expert = {"pick/occluded": {"drawn": 110, "layouts": 104, "solved": 100}}
    episodes = EpisodeList(name="test", stamp=current(), episodes=(), expert=expert)
    return collect(rows(n=20), ARMS, episodes, {"execute": 8, "weights": {"active": "0123456789ab"}})


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    record = play(EpisodeSpec(task="pick", condition="occluded", seed=1), Looker(), film=True, make=FakeWorld)
    assert record.film is not None
    path = tmp_path_factory.mktemp("films") / "a.mp4"
    path.write_bytes(film.encode(film.side_by_side(record.film)))
    return film.Clip(
        path=str(path),
        arm="active",
        task="pick",
        condition="occluded",
        seed=1,
        instruction="find <the> lamp",
        success=True,
        failure="",
        seconds=record.outcome.steps * 0.04,
        visibility=[list(v) for v in record.outcome.visibility],
    )


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.sources = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ("src", "href")]


def test_the_page_is_one_file_with_everything(results, clip, tmp_path):
    rate = {"successes": 8, "n": 10, "rate": 0.8, "low": 0.5, "high": 0.9}
    perceived = {"note": "unseen kitchens", "rows": [{"what": "one look", "rate": rate}]}
    shipped = {**results, "perception": perceived}
    text = write_report(tmp_path / "report.html", results, [clip], shipped=shipped).read_text()
    reader = Reader()
    reader.feed(text)
    assert reader.tags.count("video") == 1 and reader.sources and all(s.startswith("data:") for s in reader.sources)
    assert not re.search(r"https?://|@import|url\(", text)
    assert "find &lt;the&gt; lamp" in text and "about active &lt;b&gt;" in text and "$" not in text
    for c in results["cells"]:
        if c["task"] != "all":
            assert f"{100 * c['held']['rate']:.0f} % <span class=soft>" in text
    for word in ("out of view", "Tango", "McNemar", "0123456789ab", "unseen kitchens", "96.2 %", "MuJoCo"):
        assert word in text, word
    assert not list(tmp_path.glob("*.partial"))


def test_the_page_shows_arms_by_conditions_and_what_the_camera_did(results, tmp_path):
    from sapave.bench.comparison import pooled

    text = write_report(tmp_path / "report.html", results).read_text()
    rate = pooled(results, "active", results["tasks"], ("occluded",))
    assert rate is not None and rate.n == 40
    assert f"{100 * rate.rate:.0f}<small>{100 * rate.low:.0f}–{100 * rate.high:.0f}</small>" in text
    for word in ("active wrist", "not trained", "What the camera did", "needless", "Head travel and success"):
        assert word in text, word
    assert text.count("<polyline") >= 9 and "Not comparable" not in text and "Generalisation" not in text


def test_runs_under_axes_stand_beside_and_a_mismatch_is_seen(results, tmp_path):
    other = {**results, "axes": [{"name": "latency", "strength": 3.0, "doc": "late", "note": "a <remark>"}]}
    text = write_report(tmp_path / "report.html", results, beside=[other]).read_text()
    assert "Generalisation" in text and "latency 3" in text and "as listed" in text
    marked = {**other, "comparable": {"ok": False, "reasons": ["list of protocol 0 <here>"]}}
    text = write_report(tmp_path / "report.html", marked).read_text()
    assert "Not comparable" in text and "protocol 0 &lt;here&gt;" in text
    assert "Played under" in text and "a &lt;remark&gt;" in text


def test_results_are_plain_json(results):
    again = json.loads(json.dumps(results))
    assert again["protocol"]["version"] and again["versions"]["mujoco"] and again["seeds"]["pick/occluded"]


def test_one_arm_and_one_task_make_a_page_too(tmp_path):
    episodes = EpisodeList(name="test", stamp=current(), episodes=(), expert={})
    made = collect(rows(arms=("expert",), tasks=("pick",)), ARMS[:1], episodes, {"execute": 8, "weights": {}})
    text = write_report(tmp_path / "r.html", made).read_text()
    assert "Differences" not in text and "expert" in text


def test_films_decode_at_real_time(clip):
    with av.open(clip.path) as container:
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
        assert container.streams.video[0].average_rate == Fraction(25, 2)
    assert len(frames) == pytest.approx(clip.seconds * 12.5, abs=1)
    assert frames[0].shape == (film.HEIGHT, 396 + film.GAP + 384, 3)
    assert np.abs(frames[0][:, -300:].astype(int) - 90).mean() < 8
    with pytest.raises(ValueError, match="0 frames"):
        film.encode([])


def test_scaling_keeps_proportion():
    assert film.scaled(np.zeros((128, 176, 3), np.uint8)).shape == (288, 396, 3)


def test_charts_are_well_formed(results):
    from xml.etree import ElementTree

    cells = [c for c in results["cells"] if c["task"] == "pick"]
    for text in (
        charts.rates(cells, results["arms"], results["conditions"], "pick"),
        charts.forest(results["paired"], results["arms"]),
        charts.stacked({"success": 3, "never_saw": 1}, 5, {"success": "#000", "never_saw": "#fff"}),
        charts.visibility([], 0.0, "#000"),
        camera_work.curves(cells, results["arms"]),
        camera_work.curves([], results["arms"]),
        camera_work.scatter(cells, results["arms"], results["conditions"]),
        *(camera_work.mark(kind, 1, 1, "#000", "a & b") for kind in camera_work.MARKS),
    ):
        ElementTree.fromstring(text)
    assert charts.colour("pi0", ["active", "pi0"]) != charts.colour("gr00t", ["active", "pi0", "gr00t"])


@pytest.mark.parametrize(
    ("text", "family", "colour"),
    [
        ("Please hand me the BLUE mug", "mug", "blue"),
        ("can you take the mug", "mug", ""),
        ("can you open the can", "can", ""),
        ("take the green tin can", "can", "green"),
        ("put the red box of tea on the tray", "tea_box", "red"),
        ("apples", "apple", ""),
    ],
)
def test_what_the_words_of_a_user_name(text, family, colour):
    assert kitchens.named(text) == (family, colour)


def test_words_that_name_nothing_are_refused_with_what_exists():
    with pytest.raises(ValueError, match="objects are: apple, bottle"):
        kitchens.named("pick up the banana")
    with pytest.raises(ValueError, match="no blue apple; it comes in: red"):
        kitchens.named("the blue apple")


def test_a_kitchen_holds_what_was_named_and_measures_as_asked():
    world = kitchens.kitchen("put the white cup on the tray", 3, "out_of_view")
    assert (world.target.family.name, world.target.colour) == ("cup", "white") and world.spec.task == "pick_and_place"
    assert world.visible_fraction() == 0.0 and world.instruction == "put the white cup on the tray"
    world.close()


def test_a_demo_of_other_weights_starts_afresh(tmp_path):
    identity = {"weights": {"active": "1"}}
    (tmp_path / "identity.json").write_text(json.dumps(identity))
    (tmp_path / "episodes.jsonl").write_text("{}\n")
    demo.forget(tmp_path, identity, again=False)
    assert (tmp_path / "episodes.jsonl").exists()
    demo.forget(tmp_path, {"weights": {"active": "2"}}, again=False)
    assert not (tmp_path / "episodes.jsonl").exists()


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 10**7}, {"condition": "hidden"}])
def test_a_demo_that_cannot_be_played_is_refused(wrong, tmp_path):
    with pytest.raises(ValueError, match="expected"):
        demo.demo(demo.DemoConfig(instruction="the mug", out=tmp_path, **wrong))
