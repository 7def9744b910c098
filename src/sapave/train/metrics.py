"""What a line of metrics.jsonl is made of: means over the steps since the line before, and the speed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Window:
    """Sums over the steps since the last line; part of the saved state, so that a killed run writes the same lines."""

    mark: int = 0
    """The last line's step."""
    sums: dict[str, float] = field(default_factory=dict)
    dropped: int = 0
    """Steps without an update; they are in no mean."""

    def add(self, terms: dict[str, float]) -> None:
        """Count a step's values in."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def close(self, step: int) -> dict[str, Any]:
        """The means up to `step`, and how many steps were dropped if any were; the next window begins."""
        n = step - self.mark - self.dropped
        row: dict[str, Any] = {"step": step, **{name: total / n for name, total in self.sums.items()}}
        if self.dropped:
            row["dropped_steps"] = self.dropped
        self.mark, self.sums, self.dropped = step, {}, 0
        return row
