"""What a module on the policies' shelf offers: a name, a sentence, and how to make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from sapave.base.types import Policy


@dataclass(frozen=True, kw_only=True)
class PolicyEntry:
    """One policy of the shelf."""

    name: str
    doc: str
    """One sentence for `sapave list policies`."""
    make: Callable[..., Policy]
    """Makes a policy from keyword arguments; each module says which it takes."""
    needs_images: bool = True
    """False: `act` never looks at the observation, so nothing is rendered and it is given None."""
    learned: bool = False
    """True: `make` takes `checkpoint`, a folder; the shipped one by default."""
    suites: Callable[[], tuple[str, ...]] = tuple
    """Suites of scenes for which `make` takes `suite`; none: it is the same for all."""
    missing: Callable[[], str] = str
    """One line on what must be set before `make` works without arguments; '' when nothing."""
    asks: Callable[[], str] = str
    """The model that `make` asks when it is given no arguments; '' for a policy that asks none."""


@runtime_checkable
class Privileged(Protocol):
    """A policy that reads the simulator itself (an expert, an oracle)."""

    def bind(self, world: Any) -> None:
        """Hand over the world of the episode that begins; called after `reset`."""
        ...
