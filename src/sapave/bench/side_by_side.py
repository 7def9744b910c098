"""Several evaluations of the same episodes as one table: rates with intervals, and differences in pairs from the first.

    python -m sapave.bench.side_by_side --runs ours=runs/ablate/eval/ours pi0=runs/ablate/eval/pi0

`sapave eval` compares arms; this puts runs of one arm each, which differ in their checkpoint, side by side. All must
have played the same episodes under the same protocol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sapave.base.runs import start_run, versions, write_json
from sapave.bench.named import named
from sapave.bench.statistics import PairedDifference, Rate, paired, wilson
from sapave.bench.summary import Row, key, read_rows

SAME = ("protocol", "suite", "list", "execute", "axes", "served")
"""What of identity.json has to be the same in all runs."""


@dataclass(frozen=True, kw_only=True)
class SideBySideConfig:
    """What is put side by side."""

    runs: tuple[str, ...]
    """NAME=FOLDER of each, folders that `sapave eval` wrote with one arm; all are compared with the first."""
    out: Path = Path("runs/side_by_side")
    """Folder for results.json and table.md."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One run of the table."""

    name: str
    rates: dict[str, Rate]
    """Success held by condition, and over `all`."""
    ever: Rate
    """Success at any moment, over all."""
    saw: Rate
    """Target seen at any moment, over all."""
    difference: PairedDifference | None
    """It minus the first in success held, over all; None for the first."""


def compare(config: SideBySideConfig) -> list[Line]:
    """Read all runs, write the folder; ValueError for runs that did not play the same episodes in the same way."""
    found = lines({name: played(Path(folder)) for name, folder in alike(named(config.runs, "run")).items()})
    logger = start_run(config.out, config)
    write_json(config.out / "results.json", {"rows": [asdict(line) for line in found], "versions": versions()})
    (config.out / "table.md").write_text(markdown(found))
    logger.info("\n%s", markdown(found))
    return found


def alike(folders: Mapping[str, str]) -> Mapping[str, str]:
    """The folders; ValueError where one is no evaluation, or of another protocol, list or way of playing."""
    first: dict[str, Any] = {}
    for name, folder in folders.items():
        path = Path(folder) / "identity.json"
        if not path.is_file():
            raise ValueError(f"{folder}: found no identity.json, expected a folder that `sapave eval` wrote")
        identity = json.loads(path.read_text())
        first = first or identity
        for what in SAME:
            if identity.get(what) != first.get(what):
                raise ValueError(
                    f"run '{name}': {what} is {identity.get(what)}, expected {first.get(what)} as the first"
                )
    return folders


def played(folder: Path) -> list[Row]:
    """Its episodes; ValueError for none, or of more than one arm."""
    rows = read_rows(folder / "episodes.jsonl")
    arms = sorted({row["arm"] for row in rows})
    if len(arms) != 1:
        raise ValueError(f"{folder}: found episodes of {len(arms)} arms, expected one; play the others elsewhere")
    return rows


def lines(runs: Mapping[str, Sequence[Row]]) -> list[Line]:
    """Rates of each run, and its difference from the first; ValueError where episodes are not the first's."""
    tables = {name: {key(row): row for row in rows} for name, rows in runs.items()}
    first = next(iter(tables.values()))
    conditions = list(dict.fromkeys(condition for _, condition, _, _ in first))
    out = []
    for name, table in tables.items():
        if table.keys() != first.keys():
            odd = len(table.keys() ^ first.keys())
            raise ValueError(f"run '{name}': {odd} episodes are not in both it and the first; play the same list")
        groups = {c: [k for k in first if k[1] == c] for c in conditions} | {"all": list(first)}
        mine, firsts = ([_held(found[k]) for k in first] for found in (table, first))
        out.append(
            Line(
                name=name,
                rates={group: _rate([_held(table[k]) for k in keys]) for group, keys in groups.items()},
                ever=_rate([bool(row["outcome"]["success_ever"]) for row in table.values()]),
                saw=_rate([row["outcome"]["time_to_first_sight"] is not None for row in table.values()]),
                difference=None if table is first else paired(mine, firsts),
            )
        )
    return out


def _held(row: Row) -> bool:
    return bool(row["outcome"]["success_held"])


def _rate(found: Sequence[bool]) -> Rate:
    return wilson(sum(found), len(found))


def markdown(found: Sequence[Line]) -> str:
    """The table; rates and differences in percent with their 95 % intervals."""
    first = found[0]
    heads = ["", *(f"{group.replace('_', ' ')} (n {rate.n})" for group, rate in first.rates.items())]
    heads += ["ever", "saw the target", f"minus {first.name}", "p"]
    out = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for line in found:
        cells = [line.name, *(rate.text() for rate in line.rates.values()), line.ever.text(), line.saw.text()]
        out.append(f"| {' | '.join([*cells, *against(line.difference)])} |")
    return "\n".join(out) + "\n"


def against(found: PairedDifference | None) -> tuple[str, str]:
    """The difference with its interval, and McNemar's p; empty for the first."""
    return ("", "") if found is None else (found.text(), f"{found.p:.2g}")


def main() -> None:
    """Read options, compare."""
    import tyro

    compare(tyro.cli(SideBySideConfig, description=__doc__))


if __name__ == "__main__":
    main()
