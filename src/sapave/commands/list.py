"""`sapave list`: what stands on the shelves."""

from __future__ import annotations

import importlib
import importlib.util
import json
from dataclasses import dataclass
from typing import Any

from sapave.commands._command import Command, read_config

SUMMARY = "list tasks, objects, scenes, robots, policies, backbones, recipes ..."

SHELVES = {
    "tasks": ("sapave.sim.tasks", "TASK"),
    "objects": ("sapave.sim.objects", "FAMILY"),
    "scenes": ("sapave.sim.scenes", "SCENE"),
    "axes": ("sapave.sim.axes", "AXIS"),
    "robots": ("sapave.sim.robots", "ROBOT"),
    "policies": ("sapave.policies", "POLICY"),
    "models": ("sapave.model.kinds", "MODEL"),
    "backbones": ("sapave.model.backbones", "BACKBONE"),
    "spatial_encoders": ("sapave.model.spatial_encoders", "SPATIAL_ENCODER"),
    "recipes": ("sapave.train.recipes", "RECIPE"),
}


def first_line(text: str | None) -> str:
    """The first sentence-like line of a docstring, without its full stop."""
    return (text or "").strip().split("\n")[0].rstrip(".")


def describe(package: str, name: str, value: Any) -> str:
    """One line about a thing on a shelf: its own `doc`, else its module's docstring."""
    own = getattr(value, "doc", None)
    if isinstance(own, str) and own:
        return first_line(own)
    for info in (f"{package}.{name}", getattr(value, "__module__", "")):
        if info and importlib.util.find_spec(info) is not None:
            return first_line(importlib.import_module(info).__doc__)
    return ""


def rows(kind: str) -> list[dict[str, Any]]:
    """Name, one line and, where a thing has them, `details()` of everything on the shelf `kind`; KeyError with the
    nearest kind."""
    from sapave.base.shelf import choose, shelf
    from sapave.sim.gl import ensure_gl

    package, attribute = choose(SHELVES, kind, "kind of thing")
    ensure_gl(required=False)
    found = shelf(package, attribute)
    return [
        {"name": name, "doc": describe(package, name, value), **getattr(value, "details", dict)()}
        for name, value in found.items()
    ]


@dataclass(frozen=True)
class ListConfig:
    """Options of `sapave list KIND`."""

    json: bool = False
    """Print JSON: a list of {name, doc}, and of objects all that is known of them."""


def run(arguments: list[str]) -> None:
    """Print one shelf as a table or as JSON."""
    kinds = [word for word in arguments if not word.startswith("-")]
    if len(kinds) != 1 and not {"-h", "--help"} & set(arguments):
        raise ValueError(f"list: expected one kind, found {len(kinds)} (there are: {', '.join(SHELVES)})")
    options = [word for word in arguments if word.startswith("-")]
    config = read_config(ListConfig, options, f"list {'|'.join(SHELVES)}", SUMMARY)
    found = rows(kinds[0])
    if config.json:
        print(json.dumps(found, indent=1))
        return
    width = max((len(row["name"]) for row in found), default=0)
    for row in found:
        members = ", ".join(member["name"] for member in row.get("objects", ()))
        print(f"{row['name']:{width}s}  {row['doc']}{': ' if members else ''}{members}".rstrip())


COMMAND = Command(name="list", summary=SUMMARY, run=run)
