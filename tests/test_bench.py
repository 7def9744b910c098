"""Lists, rollouts, arms, evaluation and its resuming, on a tiny world that needs no simulator."""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench_fakes import FakeWorld, Looker, rows
from sapave.base.parallel import each
from sapave.base.seeds import SPLIT_RANGES
from sapave.base.types import N_OTHER, ActionChunk, EpisodeSpec
from sapave.bench import arms as arms_module
from sapave.bench import certify, evaluate, lists
from sapave.bench.arms import Arm
from sapave.bench.lists import EpisodeList, Listed
from sapave.bench.protocol import Stamp, current
from sapave.bench.rollout import FILM_EVERY, OUTSIDE_SIZE, play
from sapave.bench.summary import summarise
from sapave.policies.zero import Zero

SPEC = EpisodeSpec(task="pick", condition="out_of_view", seed=3)
TASKS, CONDITIONS = ("pick", "pick_and_place"), ("unoccluded", "out_of_view")


def listed(seed, task="pick", condition="out_of_view"):
    where = "left" if seed % 2 else "right"
    return Listed(
        task=task,
        condition=condition,
        seed=seed,
        attempt=0,
        scene="void",
        target="lamp",
        instruction=f"look {where}",
        target_at=(0.5 if seed % 2 else -0.5, 0.0, 0.0),
        expert_steps=60,
    )


@pytest.fixture
def fake(monkeypatch):
    """`play_arm` on the fake world: `active` looks, everyone else stands still."""
    played = []

    def play_arm(arm, episode, *, execute=8, film=False, axes=()):
        played.append((arm.name, getattr(episode, "seed", None)))
        spec = replace(episode, camera=arm.camera) if isinstance(episode, EpisodeSpec) else episode
        policy = Looker() if arm.name in ("active", "fixed", "expert") else Zero()
        return play(spec, policy, execute=execute, film=film, make=FakeWorld)

    for module in (arms_module, evaluate, certify, evaluate.film):
        monkeypatch.setattr(module, "play_arm", play_arm)
    monkeypatch.setattr(certify, "make_world", FakeWorld)
    return played


def test_play_records_success_and_visibility():
    record = play(SPEC, policy := Looker(), make=FakeWorld)
    assert record.outcome.success_held and record.instruction == "look left" and record.target == "lamp"
    assert policy.resets == [3]
    times = [t for t, _ in record.outcome.visibility]
    assert np.allclose(np.diff(times[:-1]), 8 * 0.04) and times[-1] == pytest.approx(record.outcome.steps * 0.04)
    assert record.outcome.visibility[0][1] == 0.0 and record.outcome.visibility[-1][1] == 1.0


def test_play_stops_at_the_limit_and_renders_only_on_demand():
    world = FakeWorld(SPEC)
    record = play(world, Zero(), needs_images=False)
    assert record.outcome.steps == world.max_steps and not record.outcome.success_ever
    assert world.observed == 0 and not world.closed
    assert play(SPEC, Zero(), max_seconds=0.4, make=FakeWorld).outcome.steps == 10


def test_filming_changes_nothing_and_every_second_tick_is_filmed():
    plain, filmed = play(SPEC, Looker(), make=FakeWorld), play(SPEC, Looker(), film=True, make=FakeWorld)
    assert plain.outcome == filmed.outcome and plain.film is None and filmed.film is not None
    assert len(filmed.film.times) == -(-filmed.outcome.steps // FILM_EVERY) == len(filmed.film.head)
    assert filmed.film.outside[0].shape == (OUTSIDE_SIZE[1], OUTSIDE_SIZE[0], 3)


def test_a_chunk_with_nothing_left_and_a_wrong_execute_are_refused():
    class Spent(Zero):
        def act(self, observation):
            return replace(super().act(observation), executed=16)

    with pytest.raises(ValueError, match="leaves none"):
        play(SPEC, Spent(), make=FakeWorld)
    with pytest.raises(ValueError, match="execute"):
        play(SPEC, Zero(), execute=0, make=FakeWorld)


def test_overlapping_chunks_start_after_the_executed_rows():
    class Late(Zero):
        def act(self, observation):
            head = np.zeros((16, 2))
            head[:4] = 9.0  # already executed: must not be played again
            return ActionChunk(head=head, other=np.zeros((16, N_OTHER)), executed=4)

    world = FakeWorld(SPEC)
    play(world, Late(), max_seconds=1.0)
    assert np.all(world.head == 0)


def test_certify_keeps_what_the_expert_holds_and_counts_the_rest(fake, monkeypatch, tmp_path):
    class Flaky(FakeWorld):
        def __init__(self, spec):
            if spec.seed % 5 == 0:
                raise ValueError("no layout")
            super().__init__(spec)
            if spec.seed % 3 == 0:
                self.max_steps = 10

    monkeypatch.setattr(certify, "make_world", Flaky)
    found = certify.certify(TASKS, CONDITIONS, (100, 140), per_cell=6)
    cell = [e.seed for e in found.episodes if (e.task, e.condition) == ("pick", "unoccluded")]
    assert cell == [101, 103, 104, 106, 107, 109] and len(found.episodes) == 24
    assert found.expert["pick/unoccluded"] == {"drawn": 10, "layouts": 8, "solved": 6}
    fake.clear()
    progress = tmp_path / "progress.jsonl"
    certify.certify(("pick",), ("unoccluded",), (100, 140), per_cell=3, progress=progress)
    again = certify.certify(("pick",), ("unoccluded",), (100, 140), per_cell=6, progress=progress)
    assert again.episodes == tuple(e for e in found.episodes if (e.task, e.condition) == ("pick", "unoccluded"))
    assert len(fake) == 8  # nothing was played twice
    with pytest.raises(ValueError, match="wider range"):
        certify.certify(TASKS, CONDITIONS, (100, 104), per_cell=6)


def test_lists_survive_the_disk_and_refuse_other_versions(tmp_path):
    made = EpisodeList(name="mine", stamp=current(), episodes=tuple(listed(s) for s in range(4)), expert={})
    lists.save(tmp_path / "mine.json", made)
    assert lists.load(str(tmp_path / "mine.json")) == made
    assert len(made.take(2)) == 2 and len(made.take(0)) == 4 and made.take(9, tasks=["pour"]) == ()
    for stamp, word in (
        (Stamp(protocol="0", mujoco=current().mujoco), "protocol 0"),
        (Stamp(protocol=current().protocol, mujoco="3.1.0"), "MuJoCo 3.1.0"),
    ):
        lists.save(tmp_path / "old.json", replace(made, stamp=stamp))
        with pytest.raises(ValueError, match=word):
            lists.load(str(tmp_path / "old.json"))
    (tmp_path / "bad.json").write_text('{"name": "x"')
    with pytest.raises(ValueError, match="not an episode list"):
        lists.load(str(tmp_path / "bad.json"))
    with pytest.raises(ValueError, match="no such file"):
        lists.load(str(tmp_path / "none.json"))


def test_committed_lists_are_whole():
    for name, path in lists.committed().items():
        raw = json.loads(path.read_text())
        assert raw["stamp"] == {"protocol": current().protocol, "mujoco": current().mujoco}, name
        cells = Counter((e["task"], e["condition"]) for e in raw["episodes"])
        assert len(cells) == 6
        assert all(n >= 100 for n in cells.values()), cells
        assert len({json.dumps(e, sort_keys=True) for e in raw["episodes"]}) == len(raw["episodes"])
        low, high = SPLIT_RANGES[name]
        assert all(low <= e["seed"] < high for e in raw["episodes"])


ARMS = [Arm(name="active", doc="", policy="zero"), Arm(name="fixed", doc="", policy="zero", camera="fixed")]


def test_run_resumes_after_a_kill(fake, tmp_path):
    path, episodes = tmp_path / "episodes.jsonl", [listed(s) for s in range(4)]
    whole = evaluate.run(ARMS, episodes, path, workers=0)
    assert [r["outcome"]["success_held"] for r in whole] == [True] * 4 + [False] * 4
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:40])  # killed in the middle of the fourth line
    fake.clear()
    again = evaluate.run(ARMS, episodes, path, workers=0)
    assert len(fake) == 5 and len(path.read_bytes().splitlines()) == 8

    def timeless(found):
        return [{k: v for k, v in r.items() if not k.endswith("_s")} for r in found]

    assert timeless(again) == timeless(whole)


def test_a_list_of_another_world_is_refused(fake, tmp_path):
    for change in ({"instruction": "look up"}, {"target_at": (0.51, 0.0, 0.0)}):
        with pytest.raises(ValueError, match="the world has changed"):
            wrong = replace(listed(1), **change)
            evaluate.run(ARMS, [wrong], tmp_path / "episodes.jsonl", workers=0)


def test_a_folder_of_another_comparison_is_refused(tmp_path):
    before = {"list": "test a", "weights": {"active": "1"}}
    (tmp_path / "identity.json").write_text(json.dumps(before))
    joined = {"list": "test a", "weights": {"zero": ""}}
    evaluate.check_identity(tmp_path, joined)
    assert joined["weights"] == {"active": "1", "zero": ""}
    for other in ({"list": "val b"}, {"weights": {"active": "2"}}):
        with pytest.raises(ValueError, match="another --out"):
            evaluate.check_identity(tmp_path, {**before, **other})


def test_seeds_are_certified_on_the_fly_once(fake, tmp_path):
    config = evaluate.EvalConfig(
        out=tmp_path, seeds="10:40", per_cell=3, workers=0, tasks=("pick",), conditions=("out_of_view",)
    )
    assert [e.seed for e in evaluate.episodes_of(config).episodes] == [10, 11, 12]
    fake.clear()
    assert len(evaluate.episodes_of(config).episodes) == 3 and not fake
    with pytest.raises(ValueError, match="A:B"):
        evaluate.episodes_of(replace(config, seeds="7"))


def test_summary_counts_pairs_and_pools():
    made = summarise(rows(n=30))
    cells = {(c["arm"], c["task"], c["condition"]): c for c in made["cells"]}
    assert len(cells) == 3 * 3 * 3
    pooled, one = cells["active", "all", "occluded"], cells["active", "pick", "occluded"]
    other = cells["active", "pick_and_place", "occluded"]
    assert pooled["n"] == 60 and pooled["held"]["successes"] == one["held"]["successes"] + other["held"]["successes"]
    assert sum(one["failures"].values()) == 30 - one["held"]["successes"]
    pair = next(p for p in made["paired"] if (p["b"], p["task"], p["condition"]) == ("fixed", "all", "out_of_view"))
    rate = cells["active", "all", "out_of_view"]["held"]["rate"] - cells["fixed", "all", "out_of_view"]["held"]["rate"]
    assert pair["difference"] == pytest.approx(rate) and pair["low"] > 0.4


def test_arms_answer_a_wrong_name_with_the_nearest():
    assert [a.name for a in arms_module.arms(("zero", "expert"))] == ["zero", "expert"]
    with pytest.raises(KeyError, match="did you mean 'expert'"):
        arms_module.arms(("expret",))


def _double(x):
    if x == 7:
        raise ValueError("seven")
    return 2 * x


def test_jobs_run_in_processes_and_errors_come_through():
    assert dict(each(_double, range(5), workers=1)) == dict(each(_double, range(5), workers=0))
    with pytest.raises(ValueError, match="seven"):
        list(each(_double, [1, 7], workers=1))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_end_when_their_parent_is_killed():
    code = "import time; from sapave.base.parallel import each; list(each(time.sleep, [60], workers=1))"
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        children: list[int] = []
        while not children and parent.poll() is None:
            time.sleep(0.2)
            children = [p for p in workers_of(parent.pid) if "spawn_main" in Path(f"/proc/{p}/cmdline").read_text()]
        time.sleep(1.0)
    finally:
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{p}").exists() for p in children) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert children and not any(Path(f"/proc/{p}").exists() for p in children)


def workers_of(parent):
    """Process ids whose parent is `parent` (Linux)."""
    return [int(p) for p in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
