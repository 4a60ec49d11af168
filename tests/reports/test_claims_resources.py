"""Rows about resources: what a curve, two budgets or two searches may be said to show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from reports.capacity import Axis, Curve
from reports.claims.claim import Row
from reports.claims.evidence import Evidence
from reports.claims.resource_rows import scale_out
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
