"""Intervals for success rates: Wilson for one arm, Tango's score interval and McNemar's exact test for paired arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A success rate with its interval."""

    successes: int
    n: int
    rate: float
    """successes / n; 0 when n is 0."""
    low: float
    high: float

    def text(self) -> str:
        """`36.3 (33.8 to 38.9)`: the rate and its interval in percent."""
        return f"{100 * self.rate:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})"


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Arm `a` minus arm `b` on the same episodes."""

    n: int
    only_a: int
    """Episodes that only `a` solved."""
    only_b: int
    """Episodes that only `b` solved."""
    difference: float
    low: float
    high: float
    p: float
    """Exact two-sided McNemar p value."""

    def text(self) -> str:
        """`-6.8 (-9.0 to -4.7)`: the difference and its interval in points."""
        return f"{100 * self.difference:+.1f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


def z_value(confidence: float) -> float:
    """Two-sided normal quantile: 1.96 for 0.95; ValueError outside (0, 1)."""
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence {confidence}: expected a number between 0 and 1, such as 0.95")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Rate:
    """Wilson's score interval; the whole of [0, 1] when n is 0."""
    if not 0 <= successes <= n:
        raise ValueError(f"rate: found {successes} successes in {n} episodes; expected 0 <= successes <= n")
    if n == 0:
        return Rate(successes=0, n=0, rate=0.0, low=0.0, high=1.0)
    z2 = z_value(confidence) ** 2
    p = successes / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Rate(successes=successes, n=n, rate=p, low=low, high=high)


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p: under no difference the discordant episodes fall on either side like a fair coin."""
    n = only_a + only_b
    tail = sum(math.comb(n, i) for i in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / 2**n)


def _score(only_a: int, only_b: int, n: int, delta: float) -> float:
    """Tango's score statistic of the hypothesis `difference == delta` (positive when delta is too small)."""
    gap = only_a - only_b - n * delta
    b = -only_a - only_b + (2 * n - only_a + only_b) * delta
    c = -only_b * delta * (1 - delta)
    q = (math.sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * q + delta * (1 - delta))
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)


def _solve(only_a: int, only_b: int, n: int, level: float, low: float, high: float) -> float:
    """The delta in [low, high] at which the (falling) score crosses `level`."""
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _score(only_a, only_b, n, middle) > level:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def paired(a: Sequence[bool], b: Sequence[bool], confidence: float = 0.95) -> PairedDifference:
    """Difference of two arms over the same episodes in the same order, with Tango's (1998) score interval."""
    if len(a) != len(b):
        raise ValueError(f"paired difference: arm a has {len(a)} episodes, arm b {len(b)}; expected the same ones")
    n = len(a)
    if n == 0:
        return PairedDifference(n=0, only_a=0, only_b=0, difference=0.0, low=-1.0, high=1.0, p=1.0)
    only_a = sum(bool(x) and not y for x, y in zip(a, b, strict=True))
    only_b = sum(bool(y) and not x for x, y in zip(a, b, strict=True))
    difference = (only_a - only_b) / n
    z = z_value(confidence)
    return PairedDifference(
        n=n,
        only_a=only_a,
        only_b=only_b,
        difference=difference,
        low=-1.0 if only_b == n else _solve(only_a, only_b, n, z, -1.0, difference),
        high=1.0 if only_a == n else _solve(only_a, only_b, n, -z, difference, 1.0),
        p=mcnemar(only_a, only_b),
    )
