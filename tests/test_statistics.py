"""Intervals: known values, and properties that must hold for every count."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sapave.bench.statistics import _score, mcnemar, paired, wilson, z_value

counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=120)
quick = settings(derandomize=True, max_examples=150, deadline=None)


def test_wilson_known_values():
    rate = wilson(85, 100)
    assert (round(rate.low, 4), round(rate.high, 4)) == (0.7672, 0.9069)
    assert wilson(0, 10).low == 0.0 and round(wilson(0, 10).high, 4) == 0.2775
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@quick
@given(counts)
def test_wilson_holds_the_rate_and_mirrors(case):
    k, n = case
    rate, mirror = wilson(k, n), wilson(n - k, n)
    assert 0.0 <= rate.low <= rate.rate <= rate.high <= 1.0
    assert math.isclose(rate.low, 1 - mirror.high, abs_tol=1e-12)
    more = wilson(4 * k, 4 * n)
    assert more.high - more.low < rate.high - rate.low


def test_wilson_covers_on_average():
    chance = np.random.default_rng(0)
    rates = chance.uniform(0.05, 0.95, size=3000)
    found = [wilson(int(k), 60) for k in chance.binomial(60, rates)]
    inside = np.mean([f.low <= rate <= f.high for f, rate in zip(found, rates, strict=True)])
    assert 0.94 < inside < 0.965


def test_mcnemar_known_values():
    assert mcnemar(0, 0) == 1.0
    assert math.isclose(mcnemar(10, 0), 2 / 1024)
    assert math.isclose(mcnemar(8, 2), mcnemar(2, 8))
    assert math.isclose(mcnemar(1, 5), 2 * (1 + 6) / 64)


@pytest.mark.parametrize(("n", "only_a", "only_b", "delta"), [(44, 9, 3, 0.05), (100, 0, 1, -0.04), (30, 20, 2, 0.3)])
def test_score_uses_the_most_likely_nuisance_value(n, only_a, only_b, delta):
    """The closed form of the constrained estimate, against a grid search over the likelihood."""
    q = np.linspace(max(0, -delta), (1 - delta) / 2, 400_001)[1:-1]
    log_likelihood = only_a * np.log(q + delta) + only_b * np.log(q) + (n - only_a - only_b) * np.log(1 - 2 * q - delta)
    best = q[np.argmax(log_likelihood)]
    expected = (only_a - only_b - n * delta) / math.sqrt(n * (2 * best + delta - delta**2))
    assert math.isclose(_score(only_a, only_b, n, delta), expected, rel_tol=1e-3)


@quick
@given(pairs)
def test_paired_properties(rows):
    a, b = [x for x, _ in rows], [y for _, y in rows]
    forward, backward = paired(a, b), paired(b, a)
    assert -1 <= forward.low <= forward.difference <= forward.high <= 1
    assert math.isclose(forward.low, -backward.high, abs_tol=1e-9)
    assert forward.p == backward.p and 0 < forward.p <= 1
    for limit, level in ((forward.low, z_value(0.95)), (forward.high, -z_value(0.95))):
        if -0.999 < limit < 0.999:
            assert abs(_score(forward.only_a, forward.only_b, forward.n, limit) - level) < 1e-4


def test_paired_covers():
    chance = np.random.default_rng(1)
    inside = 0
    for _ in range(600):
        kinds = chance.choice(4, size=80, p=[0.45, 0.3, 0.1, 0.15])  # both, only a, only b, none: difference 0.2
        found = paired([k in (0, 1) for k in kinds], [k in (0, 2) for k in kinds])
        inside += found.low <= 0.2 <= found.high
    assert 0.92 < inside / 600 < 0.98


@pytest.mark.parametrize("call", [lambda: wilson(3, 2), lambda: wilson(-1, 2), lambda: paired([True], [])])
def test_wrong_counts_are_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
