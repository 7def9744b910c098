"""Texts for stage 0: captions, referring expressions, questions and pointing, answered by the simulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sapave.base.shelf import shelf
from sapave.data.instructions.looking import looking, noun_of

MIN_PIXELS = 12
"""A thing with fewer pixels is not said to be visible."""


def stage0_task(
    rng: np.random.Generator, objects: Sequence[dict[str, Any]], split: str = "train"
) -> tuple[str, int, int, str]:
    """(text, target id, goal id, answer) about one image; ids are 0 and answer is '' where there is none."""
    seen = [o for o in objects if o["pixels"] >= MIN_PIXELS]
    things = [o for o in objects if _is_thing(o)]
    trays = [o for o in objects if o["family"] == "tray"]
    kind = float(rng.uniform())
    pool = seen if seen and rng.uniform() < 0.8 else list(objects)
    thing = pool[int(rng.integers(len(pool)))]
    if kind < 0.30 and _is_thing(thing):
        return _task(rng, thing, trays, split)
    if kind < 0.72:
        text, _ = looking(thing, [o for o in things if o is not thing], (0.0, 0.0), split, rng)
        return text, thing["id"], 0, ""
    if kind < 0.82:
        place = thing.get("place_words", "")
        answer = place if place else "on the counter"
        return f"say where the {noun_of(thing, split, rng)} is", thing["id"], 0, answer
    if kind < 0.90 and _is_thing(thing):
        family = thing["family"].replace("_", " ")
        return f"what colour is the {family}", thing["id"] if _unique(thing, things) else 0, 0, thing["colour"]
    if kind < 0.95 and _is_thing(thing):
        return f"what is the {thing['colour']} thing", thing["id"], 0, thing["family"].replace("_", " ")
    names = sorted(f"{o['colour']} {o['family'].replace('_', ' ')}".strip() for o in seen)
    return "describe the picture", 0, 0, " , ".join(names[:4]) if names else "nothing"


def _is_thing(entry: dict[str, Any]) -> bool:
    """Neither the tray nor a drawer or cabinet."""
    return entry["family"] != "tray" and entry.get("kind", "thing") == "thing"


def _unique(thing: dict[str, Any], things: Sequence[dict[str, Any]]) -> bool:
    return sum(o["family"] == thing["family"] for o in things) == 1


def _task(
    rng: np.random.Generator, thing: dict[str, Any], trays: Sequence[dict[str, Any]], split: str
) -> tuple[str, int, int, str]:
    tasks = shelf("sapave.sim.tasks", "TASK")
    task = tasks["pick_and_place" if trays and rng.uniform() < 0.6 else "pick"]
    templates = task.templates[split]
    text = templates[int(rng.integers(len(templates)))]
    goal = trays[0]["id"] if task.has_goal else 0
    return text.format(object=noun_of(thing, split, rng), goal="tray"), thing["id"], goal, ""
