"""What `sapave demo` does: play the shipped policy on held-out episodes, or one instruction of the user's, on film."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sapave.base.runs import start_run, write_json
from sapave.base.types import CONTROL_DT
from sapave.bench import evaluate, film, lists
from sapave.bench.arms import arms, play_arm, weights_digest
from sapave.bench.kitchens import kitchen
from sapave.bench.protocol import EXECUTE, PROTOCOL_VERSION
from sapave.bench.report import write_film, write_report


@dataclass(frozen=True, kw_only=True)
class DemoConfig:
    """What `sapave demo` plays."""

    instruction: str = ""
    """One instruction to play and film, such as "pick up the red mug"; empty plays held-out episodes."""
    seed: int = 0
    """With --instruction: number of the kitchen, among those kept for testing."""
    condition: str = "out_of_view"
    """With --instruction: how the thing is hidden at the start (unoccluded | occluded | out_of_view)."""
    out: Path = Path("runs/demo")
    """Folder of report.html and the films."""
    checkpoint: Path | None = None
    """A checkpoint folder; the shipped one by default."""
    episodes: str = "test"
    """A committed list (val, test) or the path of a list file."""
    per_cell: int = 4
    """Episodes per task and condition."""
    films: int = 1
    """Successes and failures filmed per task and condition."""
    workers: int = 2
    """Processes of one core each; 0 runs in this one."""
    again: bool = False
    """Play the episodes again even where `out` has them."""


def demo(config: DemoConfig) -> Path:
    """Play and film; returns the page written. ValueError or KeyError for what cannot be played."""
    return play_words(config) if config.instruction.strip() else play_episodes(config)


def play_episodes(config: DemoConfig) -> Path:
    """The first episodes of a list: rates, films, and the shipped full evaluation beside them."""
    chosen = arms(("active",), config.checkpoint)
    episodes = lists.load(config.episodes)
    listed = episodes.take(config.per_cell)
    identity = {
        "protocol": PROTOCOL_VERSION,
        "list": f"{episodes.name} {episodes.digest}",
        "execute": EXECUTE,
        "weights": {arm.name: weights_digest(arm) for arm in chosen},
    }
    forget(config.out, identity, config.again)
    logger = start_run(config.out, config)
    write_json(config.out / "identity.json", identity)
    rows = evaluate.run(chosen, listed, config.out / "episodes.jsonl", workers=config.workers)
    results = evaluate.collect(rows, chosen, episodes, identity)
    write_json(config.out / "results.json", results)
    shots = evaluate.choose_films(rows, chosen, config.films)
    clips = film.shoot(shots, config.out / "films", config.workers)
    full = full_results(Path(chosen[0].checkpoint), identity["weights"]["active"])
    page = write_report(config.out / "report.html", results, clips, shipped=full)
    for line in evaluate.table(results):
        logger.info(line)
    logger.info("report: %s", page)
    return page


def forget(out: Path, identity: dict[str, Any], again: bool) -> None:
    """Drop what an earlier demo left in `out` when it is of another checkpoint or list, or when asked."""
    path = out / "identity.json"
    if not path.is_file() or (json.loads(path.read_text()) == identity and not again):
        return
    for stale in (path, out / "episodes.jsonl", *(out / "films").glob("*.json"), *(out / "films").glob("*.mp4")):
        stale.unlink(missing_ok=True)


def full_results(checkpoint: Path, weights: str) -> dict[str, Any] | None:
    """Results of the full evaluation that travel with a checkpoint; None without, or when of other weights."""
    path = checkpoint / "results.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text())
    return found if found["weights"].get("active") == weights else None


def play_words(config: DemoConfig) -> Path:
    """One instruction in the words of the user, in a kitchen kept for testing."""
    text = config.instruction.strip()
    world = kitchen(text, config.seed, config.condition)
    arm = arms(("active",), config.checkpoint)[0]
    record = play_arm(arm, world, film=True)
    assert record.film is not None
    config.out.mkdir(parents=True, exist_ok=True)
    name = config.out / f"instruction-{config.seed}"
    name.with_suffix(".mp4").write_bytes(film.encode(film.side_by_side(record.film)))
    outcome = record.outcome
    clip = film.Clip(
        path=str(name.with_suffix(".mp4")),
        arm=arm.name,
        task=record.spec.task,
        condition=config.condition,
        seed=record.spec.seed,
        instruction=text,
        success=outcome.success_held,
        failure=outcome.failure,
        seconds=round(outcome.steps * CONTROL_DT, 2),
        visibility=[[round(t, 2), round(f, 3)] for t, f in outcome.visibility],
    )
    write_json(
        name.with_suffix(".json"), {"outcome": asdict(outcome), "spec": asdict(record.spec), "instruction": text}
    )
    result = "done" if outcome.success_held else f"not done ({outcome.failure.replace('_', ' ')})"
    lead = f"Target: {record.target}. {result.capitalize()} after {clip.seconds:.1f} s."
    page = write_film(name.with_suffix(".html"), clip, lead)
    print(f"{lead}\nfilm: {page}")
    return page
