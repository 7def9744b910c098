"""`sapave report`: make the page of a finished run anew, compare runs under different axes, or check a results.json."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from sapave.commands._command import Command, read_config

SUMMARY = "make the report of finished runs anew, or check results: sapave report [--check] RUN ..."


def results_of(path: Path) -> Path:
    """The results file of a run folder, or the file itself."""
    return path / "results.json" if path.is_dir() else path


def check(paths: tuple[Path, ...]) -> int:
    """Say for each file whether it keeps to the schema; the number of problems, each printed as one line."""
    from sapave.bench.schema import check_file

    count = 0
    for path in map(results_of, paths):
        problems = check_file(path)
        count += len(problems)
        for line in problems:
            print(f"sapave: {path}: {line}", file=sys.stderr)
        if not problems:
            print(f"{path}: sound")
    return count


def run(arguments: list[str]) -> None:
    """Check, or write the page of the first run with the others beside it."""
    import tyro

    # tyro reads these annotations as they stand here: this module must not postpone their evaluation
    @dataclass(frozen=True, kw_only=True)
    class ReportConfig:
        runs: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
        """Run folders of `sapave eval` (or results files); further ones are compared with the first."""
        check: bool = False
        """Only check that results keep to the schema; exit code 2 and a line per problem when they do not."""
        out: Path | None = None
        """The page; report.html in the first run folder by default."""

    config = read_config(ReportConfig, arguments, "report", SUMMARY)
    if not config.runs:
        raise ValueError("report: expected a run folder or a results.json, found none")
    if check(config.runs):
        raise SystemExit(2)
    if config.check:
        return
    from sapave.bench.report import report_runs

    page = config.out or results_of(config.runs[0]).parent / "report.html"
    print(report_runs(page, [results_of(path) for path in config.runs]))


COMMAND = Command(name="report", summary=SUMMARY, run=run)
