"""What one command of the command line is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Config = TypeVar("Config")


@dataclass(frozen=True, kw_only=True)
class Command:
    """One subcommand of `sapave`."""

    name: str
    summary: str
    """One line for `sapave --help`."""
    run: Callable[[list[str]], None]
    """Takes the arguments after the command's name."""


def read_config(config: type[Config], arguments: list[str], command: str, summary: str, default: Any = None) -> Config:
    """Fill a config dataclass from `arguments`; tyro prints help and exits on its own (2 on a wrong option)."""
    import tyro

    options: dict[str, Any] = {} if default is None else {"default": default}
    return tyro.cli(config, args=arguments, prog=f"sapave {command}", description=summary, **options)


def gather(arguments: list[str], option: str) -> list[str]:
    """`--axis a --axis b` as `--axis a b`: an option of several values may also be given several times."""
    rest: list[str] = []
    values: list[str] = []
    words = iter(enumerate(arguments))
    for index, word in words:
        name, equals, value = word.partition("=")
        if name != option:
            rest.append(word)
            continue
        values += [value] if equals else []
        following = arguments[index + 1 :] if not equals else []
        for value in following:
            if value.startswith("-"):
                break
            values.append(value)
            next(words)
    return [*rest, option, *values] if values else rest
