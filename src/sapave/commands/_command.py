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
