"""What a line of metrics.jsonl is made of: means over the steps since the line before, and the speed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sapave.train.flops import utilisation


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


@dataclass
class Speed:
    """How fast it goes, by the clock, since the last line or since the process began."""

    flops_per_row: float = 0.0
    peak_tflops: float = 0.0
    """Of all processes together; 0: no MFU."""
    rows: int = 0
    steps: int = 0
    waited: float = 0.0
    """Time in which the loop had no batch to work on [s]."""
    since: float = field(default_factory=time.monotonic)

    def add(self, rows: int, waited: float) -> None:
        """Count a step of `rows` rows whose batch came `waited` seconds after it was asked for."""
        self.rows, self.steps, self.waited = self.rows + rows, self.steps + 1, self.waited + waited

    def close(self) -> dict[str, float]:
        """`rows_per_s`, `data_s` (seconds per step spent waiting for data) and `mfu`; the next window begins."""
        now = time.monotonic()
        rate = self.rows / (now - self.since)
        row = {"rows_per_s": round(rate, 2), "data_s": round(self.waited / max(1, self.steps), 4)}
        if self.peak_tflops:
            row["mfu"] = float(f"{utilisation(self.flops_per_row, rate, self.peak_tflops):.3g}")
        self.rows, self.steps, self.waited, self.since = 0, 0, 0.0, now
        return row
