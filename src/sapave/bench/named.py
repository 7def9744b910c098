"""Options of the form NAME=FOLDER: the rows of a table and what each is of."""

from __future__ import annotations

from collections.abc import Sequence


def named(items: Sequence[str], what: str) -> dict[str, str]:
    """Folders by name, in order; ValueError for none, or a name that is missing or not unique. `what`: "checkpoint"."""
    out: dict[str, str] = {}
    for item in items:
        name, sign, folder = item.partition("=")
        if not sign or not folder or not name.replace("-", "_").isidentifier() or name in out:
            raise ValueError(f"{what} '{item}': expected NAME=FOLDER, each name once, for example ours=runs/stage1")
        out[name] = folder
    if not out:
        raise ValueError(f"{what}s: none given, expected NAME=FOLDER of each; the first is what others differ from")
    return out
