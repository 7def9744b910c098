"""A shelf: a package in which every module offers one named value; no central list."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from typing import Any


@cache
def shelf(package: str, attribute: str) -> dict[str, Any]:
    """Read every public module of `package`: its name -> its value `attribute`.

    The key is the value's own `name` when it has one, else the module's name. Modules whose
    names start with an underscore are helpers and are left out.
    """
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.name.startswith("_"):
            continue
        value = getattr(importlib.import_module(f"{package}.{info.name}"), attribute)
        found[getattr(value, "name", info.name)] = value
    return dict(sorted(found.items()))


def pick(package: str, attribute: str, name: str) -> Any:
    """The value called `name`, or KeyError with the nearest right name."""
    return choose(shelf(package, attribute), name, attribute.lower())


def choose(options: dict[str, Any], name: str, kind: str) -> Any:
    """`options[name]`, or KeyError that names what exists and the nearest right one."""
    if name in options:
        return options[name]
    near = difflib.get_close_matches(name, options, n=1, cutoff=0.4)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise KeyError(f"unknown {kind} '{name}'{hint} (there are: {', '.join(options)})")
