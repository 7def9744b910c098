"""The command line: fast help, near names for typos, one line and exit code 2 for what the user got wrong."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from sapave import __version__, cli
from sapave.commands import list as list_command


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "sapave", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_help_is_fast_and_names_every_command() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = call("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # half a second is promised, 0.07 s measured (benchmarks/speed.py); CPU time, since a test machine may be loaded
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 0.5
    assert done.returncode == 0
    for name in ("demo", "sim", "collect", "views", "train", "eval", "list"):
        assert f"\n  {name} " in done.stdout


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, sapave.cli; sapave.cli.main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    for name in ("numpy", "torch", "mujoco", "transformers", "gymnasium"):
        assert f"'{name}'" not in done.stderr


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"sapave {__version__}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["evall"], "did you mean 'eval'?"),
        (["list", "object"], "did you mean 'objects'?"),
        (["list"], "expected one kind"),
        (["train", "stge1"], "did you mean 'stage1'?"),
        (["train", "--steps", "3"], "the preset comes first"),
        (["eval", "--arms", "expart", "--seeds", "0:1"], "did you mean 'expert'?"),
        (["sim", "--task", "pik"], "did you mean 'pick'?"),
    ],
)
def test_wrong_names_get_one_clear_line(words: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("sapave: ")
    assert expected in lines[0]


def test_unknown_option_exits_2() -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["list", "objects", "--jsn"])
    assert stop.value.code == 2


@pytest.mark.parametrize("kind", list_command.SHELVES)
def test_list(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", kind, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found, f"nothing on the shelf {kind}"
    for row in found:
        assert row["name"] and row["doc"], row
    assert cli.main(["list", kind]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(found)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyError("unknown x 'y'"), 2, "sapave: unknown x 'y'"),
        (ValueError("two\nlines"), 2, "sapave: two lines"),
        (FileNotFoundError(2, "No such file or directory", "a/b"), 2, "sapave: a/b: no such file or directory"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, "sapave: the package 'torch' is not"),
        (KeyboardInterrupt(), 130, "sapave: interrupted"),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: list[str]) -> None:
        raise error

    broken = cli.Command(name="broken", summary="fails", run=fail)
    monkeypatch.setattr(cli, "commands", lambda: {"broken": broken})
    assert cli.main(["broken"]) == code
    assert capsys.readouterr().err.startswith(line)


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: list[str]) -> None:
        raise ValueError("inside")

    monkeypatch.setattr(cli, "commands", lambda: {"broken": cli.Command(name="broken", summary="", run=fail)})
    with pytest.raises(ValueError, match="inside"):
        cli.main(["broken", "--debug"])
