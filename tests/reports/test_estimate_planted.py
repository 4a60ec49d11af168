"""Planted effects are found, or not, at the stated rates; equals are rarely told apart.

The rates are those of `python -m bench planted`; here with fewer comparisons, the same code.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.planted import EFFECTS, Rates, compare, rates, table
from bench.planted_rows import NONE, Effect, Noise, make_rows, plant
from reports.estimate import QS, percentile, percentile_of


def consistent(share: float, comparisons: int, stated: float) -> bool:
    """Would a true rate as stated give this share in 99.9 % of simulations?"""
    low, high = stats.binom.interval(0.999, comparisons, stated)
    return bool(low <= round(share * comparisons) <= high)


@pytest.mark.parametrize("pairs", [4, 5, 10])
def test_of_200_comparisons_of_equals_at_most_7_percent_are_told_apart(pairs: int) -> None:
    found = rates(pairs, NONE, 200)
    assert max(found.different.values()) <= 0.07
    assert found.any_different <= 0.07, "of all three: Holm holds p95 and p99 together"


@pytest.mark.parametrize(("effect", "pairs", "comparisons", "stated"), [
    ("2×", 5, 60, {50.0: 0.92, 95.0: 0.88, 99.0: 0.85}),
    ("2×", 10, 40, {50.0: 0.999, 95.0: 0.999, 99.0: 0.98}),
    ("20 %", 10, 60, {50.0: 0.12, 95.0: 0.10, 99.0: 0.10}),
    ("20 %", 20, 40, {50.0: 0.47, 95.0: 0.35, 99.0: 0.28}),
    ("5 %", 10, 60, {50.0: 0.01, 95.0: 0.01, 99.0: 0.01}),
    ("2×, slowest 3 % only", 5, 60, {50.0: 0.02, 95.0: 0.01, 99.0: 0.84}),
])
def test_planted_effects_are_found_at_the_stated_rate(
        effect: str, pairs: int, comparisons: int, stated: dict[float, float]) -> None:
    found = rates(pairs, EFFECTS[effect], comparisons, seed=3)
    for q in QS:
        assert consistent(found.different[q], comparisons, stated[q]), (q, found.different[q])
    assert found.wrong_way == 0 or effect == "5 %"


def test_a_quiet_machine_finds_20_percent_in_ten_pairs() -> None:
    found = rates(10, EFFECTS["20 %"], 40, Noise().times(0.33))
    assert consistent(found.different[50.0], 40, 0.967)


def test_the_planted_noise_is_that_of_a_small_machine() -> None:
    """Trials differ by about 20 %, neighbours less than strangers."""
    rng = np.random.default_rng(4)
    levels = np.log([np.median(rows) for rows in make_rows(rng, 600, Noise())])
    assert levels.std() == pytest.approx(0.20, abs=0.02)
    assert np.corrcoef(levels[:-1], levels[1:])[0, 1] > 0.35


def test_the_planted_effect_is_exact() -> None:
    rows = make_rows(np.random.default_rng(5), 1, Noise())[0]
    tail, whole = rows.copy(), rows.copy()
    plant(tail, Effect(2.0, 0.97))
    plant(whole, Effect(1.2))
    assert percentile(tail, 50) == percentile(rows, 50)
    assert percentile(tail, 95) == percentile(rows, 95)
    assert percentile(tail, 99) == 2 * percentile(rows, 99)
    for q in QS:
        assert percentile(whole, q) == pytest.approx(1.2 * percentile(rows, q))


def test_single_requests_would_tell_equals_apart_most_of_the_time() -> None:
    """Why trials are the unit: intervals of requests know nothing of how trials differ."""
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(60):
        one, other = (percentile_of(rows, 50, "ms") for rows in make_rows(rng, 2, Noise()))
        assert one is not None
        assert other is not None
        assert None not in (one.low, one.high, other.low, other.high)
        alarms += one.low > other.high or other.low > one.high  # type: ignore[operator]
    assert alarms / 60 > 0.4


def test_p95_and_p99_carry_holms_p_and_the_median_none() -> None:
    said = compare(np.random.default_rng(7), 10, NONE)
    assert said[50.0].adjusted_p is None
    assert said[95.0].adjusted_p is not None
    assert said[99.0].adjusted_p is not None


def test_the_table_prints_per_cent_by_percentile() -> None:
    one = Rates({50.0: 0.5, 95.0: 0.25, 99.0: 0.005}, 0.6, 0.1, 0.0)
    lines = table({("none", 10): one, ("2×", 10): one}).splitlines()
    assert lines[2] == "| 10 (2) | 50 · 25 · 0.5 | 50 · 25 · 0.5 | 60 · 10 |"
    assert len({line.count("|") for line in lines}) == 1
