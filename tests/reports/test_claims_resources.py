"""Rows about resources: what a curve, two budgets or two searches may be said to show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.capacity import Axis, Curve, PointRatio
from reports.claims.claim import Row
from reports.claims.evidence import Evidence
from reports.claims.growth_rows import break_even, scale_out
from reports.threshold_ratio import ThresholdRatio
from reports.usl import fit_usl

SIZES = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0]
TURNS = [100.0, 150, 160, 155, 130, 110]
RISES = [100.0, 199, 297, 398, 596, 799]
FALLS = [150.0, 75, 50, 37, 25, 18]


def scaled(*curves: tuple[str, Axis, list[float]], sizes: list[float] | None = None) -> Row:
    """B6 by curves of (topology, axis, throughputs)."""
    found = [Curve(name, "shop", axis, 0.9, [], fit_usl(sizes or SIZES, x))
             for name, axis, x in curves]
    return scale_out(cast(Evidence, SimpleNamespace(
        scaling=SimpleNamespace(searched=SimpleNamespace(curves=found)))))


@pytest.mark.parametrize(("curves", "word"), [
    ([TURNS], "supported"), ([RISES], "contradicted"), ([FALLS], "no difference shown"),
    ([TURNS, TURNS], "supported"), ([TURNS, RISES], "contradicted"),
    ([TURNS, FALLS], "no difference shown")])
def test_scale_out_turns_back_only_where_the_whole_peak_was_measured(
        curves: list[list[float]], word: str) -> None:
    row = scaled(*((f"store{n}", "machines", x) for n, x in enumerate(curves)))
    assert row.word == word
    assert len(row.effects) == sum(x is TURNS for x in curves)
    assert "share one CPU budget" not in row.caveat
    assert ("rises up to the largest measured, N = 8" in row.caveat) == (RISES in curves)


def test_a_peak_without_an_end_supports_nothing() -> None:
    """The input of which 97.5 % of refits had no peak that could be computed."""
    row = scaled(("monolith", "replicas", [150.0, 155, 140, 120]), sizes=[1.0, 2, 3, 4])
    assert row.word == "no difference shown"
    assert row.effects == ()
    assert "throughput may fall from the start" in row.caveat


def test_a_peak_beyond_what_was_measured_supports_nothing() -> None:
    row = scaled(("monolith", "replicas", [100.0, 180, 236, 268]), sizes=[1.0, 2, 3, 4])
    assert row.word != "supported"


def test_replicas_of_one_budget_are_called_no_scale_out() -> None:
    row = scaled(("monolith", "replicas", TURNS))
    assert row.word == "supported"
    assert "share one CPU budget: this is no scale-out as published" in row.caveat
    both = scaled(("monolith", "replicas", RISES), ("monolith", "machines", TURNS))
    assert both.word == "supported", "where each replica brought its own, that decides"


def budgets(*found: tuple[float, float]) -> Row:
    """A13 by intervals of base ÷ rival, from 0.45 to 0.9 CPU."""
    step = 0.45 / max(len(found) - 1, 1)
    ratios = [PointRatio(("shop", 0.45 + step * n, 1),
                         ThresholdRatio((low * high) ** 0.5, low, high, 4, 4, "pairs"))
              for n, (low, high) in enumerate(found)]
    return break_even(cast(Evidence, SimpleNamespace(
        base="monolith", rival="microservices", scaling=SimpleNamespace(
            searched=SimpleNamespace(ratios=ratios), ratios=[], break_even=None))))


def test_a_rival_that_is_ahead_on_the_largest_budget_has_its_own_sentence() -> None:
    row = budgets((0.9, 1.2), (0.5, 0.8))
    assert row.word == "no difference shown"
    assert row.missing == ""
    assert row.caveat.startswith("no difference is shown on 0.45 CPU and microservices carries "
                                 "more on 0.9 CPU: ")


pairs_of_ends = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)).map(
    lambda two: (min(two), max(two) * 1.001))


@given(st.lists(pairs_of_ends, min_size=2, max_size=4))
def test_the_row_on_large_apps_says_of_both_ends_what_they_show(
        found: list[tuple[float, float]]) -> None:
    row = budgets(*found)
    (first_low, first_high), (last_low, last_high) = found[0], found[-1]
    said = f"{row.caveat} {row.missing}"
    assert (row.word == "contradicted") == (first_high < 1)
    assert (row.word == "supported") == (first_low > 1 and last_high < 1)
    assert ("was not shown to overtake" in said) == (row.word == "not testable here")
    if any(high < 1 for _, high in found):
        assert "overtake" not in said
    if "was not shown to overtake" in said:
        assert ("monolith carries more there too" in said) == (last_low > 1)
    if row.word == "no difference shown":
        assert ("microservices carries more on 0.9 CPU" in said) == (last_high < 1)
        assert ("monolith carries more on 0.45 CPU" in said) == (first_low > 1)
