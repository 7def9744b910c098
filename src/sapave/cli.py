"""The command line: finds the command, runs it, turns what the user got wrong into one clear line and exit code 2."""

from __future__ import annotations

import os
import sys

from sapave import __version__
from sapave.base.shelf import choose, shelf
from sapave.commands._command import Command

DEBUG = "--debug"


def commands() -> dict[str, Command]:
    """Every command by its name; reading the shelf imports no room."""
    return shelf("sapave.commands", "COMMAND")


def help_text() -> str:
    """What `sapave --help` prints."""
    lines = ["usage: sapave COMMAND [OPTIONS]", "", "A robot that looks before and while it acts.", "", "commands:"]
    lines += [f"  {name:9s}{command.summary}" for name, command in commands().items()]
    lines += [
        "",
        "options:",
        "  -h, --help   this text; `sapave COMMAND --help` for one command's options",
        "  --version    the version",
        f"  {DEBUG}      show the whole traceback of an error",
    ]
    return "\n".join(lines)


def explain(error: BaseException) -> str:
    """One line that says what was wrong."""
    if isinstance(error, KeyError):
        return str(error.args[0]) if error.args else "unknown name"
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"the package '{error.name.split('.')[0]}' is not installed; run: pip install 'sapave[sim,model]'"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {(error.strerror or 'cannot be used').lower()}"
    return " ".join(str(error).split())


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when it went well, 2 for what the user got wrong, 130 when interrupted."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG in words
    words = [word for word in words if word != DEBUG]
    if not words or words[0] in ("-h", "--help", "help"):
        print(help_text())
        return 0
    if words[0] == "--version":
        print(f"sapave {__version__}")
        return 0
    try:
        choose(commands(), words[0], "command").run(words[1:])
    except KeyboardInterrupt:
        print("sapave: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output left (`| head`): no fault, but Python would complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, KeyError, OSError, ModuleNotFoundError) as error:
        if debug or (isinstance(error, ModuleNotFoundError) and (error.name or "sapave").startswith("sapave")):
            raise
        print(f"sapave: {explain(error)}", file=sys.stderr)
        return 2
    return 0
