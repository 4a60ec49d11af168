"""What a call and a millisecond of distance cost is found where it was planted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from scipy import stats
from sentences import agrees
from synthetic import CALLS, Planted, write_run

from reports.arms import find_arms
from reports.distance import ALL, Distance, measure_distance
from reports.document import Document
from reports.guards import judge
from reports.hops import CallCosts, measure_calls
from reports.latency import headline_of, measure_series
from reports.parts.calls import framework_said
from reports.read import read_run


def calls(folder: Path, **planted: object) -> CallCosts:
    run = read_run(write_run(folder, Planted(phases=("latency",), **planted)))  # type: ignore
    found, arms = judge(run.record, {}), find_arms(run.record)
    series = measure_series(run, found, arms)
    return measure_calls(run, found, series, headline_of(series, arms))


def distance(folder: Path, **planted: object) -> list[Distance]:
    run = read_run(write_run(folder, Planted(phases=(), **planted)))  # type: ignore[arg-type]
    return measure_distance(run, judge(run.record, {}))


def test_the_same_code_in_one_process_shows_the_call_without_the_framework(
        tmp_path: Path) -> None:
    (found,) = calls(tmp_path, pairs=6, series=(("shop", 80.0),), in_one_process=("shop",),
                     slower=1.2, hop_ms=5.0, noise=0.01).hops
    gap = found.gap("microservices", "colocated")
    assert gap is not None
    assert gap.slope_ms.low is not None
    assert gap.slope_ms.high is not None
    assert gap.slope_ms.low <= 5.0 <= gap.slope_ms.high
    assert gap.slope_ms.value == pytest.approx(5.0, rel=0.2)
    lines = [line.name for line in found.lines]
    assert len(lines) == len(set(lines)) == 6


def test_a_series_with_the_same_code_in_one_process_stands_beside_the_headline(
        tmp_path: Path, described: Callable[..., Document]) -> None:
    planted = {"pairs": 6, "series": (("shop", 80.0), ("checkout", 40.0)),
               "in_one_process": ("checkout",), "slower": 1.2, "hop_ms": 5.0, "noise": 0.01}
    headline, beside = calls(tmp_path, **planted).hops
    assert headline.gap("microservices", "colocated") is None
    gap = beside.gap("microservices", "colocated")
    assert beside.series == "checkout@40"
    assert gap is not None
    assert gap.slope_ms.value == pytest.approx(5.0, rel=0.2)
    drawings = {d.name: d for part in described(phases=("latency",), **planted).parts
                for d in part.drawings}
    said = drawings["latency_hops_same_code"].conclusion
    assert "checkout@40: Each further call between services comes with " in said
    assert re.search(r"Each further call between services adds 5\.\d+ ms \[\S+ \S+\] against "
                     r"colocated; ", said), said


def test_how_badly_endpoints_lie_on_a_line_is_in_its_interval(tmp_path: Path) -> None:
    """All pairs go through the same endpoints, so their own scatter can't show it."""
    found, = calls(tmp_path, pairs=6, series=(("shop", 80.0),), slower=1.8, hop_ms=1.5,
                   noise=0.001).hops
    gap = found.gap("microservices", "monolith")
    assert gap is not None
    assert gap.slope_ms.low is not None
    assert gap.slope_ms.high is not None
    points = [(one.calls, one.medians_ms["microservices"] - one.medians_ms["monolith"])
              for one in found.points]
    fit = stats.linregress(*zip(*points, strict=True))
    half = stats.t.ppf(0.975, len(points) - 2) * fit.stderr
    assert gap.slope_ms.high - gap.slope_ms.value == pytest.approx(half, rel=0.3)
    assert gap.slope_ms.value - gap.slope_ms.low == pytest.approx(half, rel=0.3)


LINE = re.compile(r"(Each further call between services comes with|No price of a call between "
                  r"services shown.*?:) .+? ms.*? \((?P<pairs>\d+) pairs?, a line through "
                  r"(?P<endpoints>\d+) endpoints\)\.")


def test_a_price_of_a_call_says_through_how_many_endpoints_its_line_goes(
        described: Callable[..., Document]) -> None:
    document = described(phases=("latency",), pairs=4, rate=60.0, hop_ms=5.0)
    tables = {table.name: table for part in document.parts for table in part.tables}
    drawing = next(d for part in document.parts for d in part.drawings if d.name == "latency_hops")
    match = LINE.search(drawing.conclusion)
    assert match, drawing.conclusion
    assert int(match["pairs"]) == 4
    assert int(match["endpoints"]) == len(tables["latency_hops"].raw) == 7
    assert {row[2] for row in tables["latency_hop_lines"].raw} == {7}


def test_two_endpoints_have_differences_and_no_line(
        tmp_path: Path, described: Callable[..., Document],
        monkeypatch: pytest.MonkeyPatch) -> None:
    """A line through two points has no residual: intercept and slope would only look fitted."""
    monkeypatch.setattr(synthetic, "JOURNEYS", {"check_out": ["show_cart", "place_order"]})
    planted = {"pairs": 6, "rate": 40.0, "slower": 1.0, "hop_ms": 5.0, "noise": 0.01}
    (found,) = calls(tmp_path, **planted).hops
    assert found.lines == []
    differences = {one.endpoint: one for one in found.differences}
    assert set(differences) == {"show_cart", "place_order"}
    for name, one in differences.items():
        assert one.calls == CALLS[name]
        assert one.ms.value == pytest.approx(5.0 * CALLS[name], rel=0.2)
        assert one.ms.n == 5, "one of six pairs is A/A"
    document = described(phases=("latency",), **planted)
    drawing = next(d for part in document.parts for d in part.drawings if d.name == "latency_hops")
    match = re.fullmatch(
        r": No price of a call, for 2 endpoints are too few for a line\. "
        r"microservices − monolith: place_order (\S+) \[(\S+), (\S+)\] ms at 5\.00 calls "
        r"\(5 pairs\); show_cart (\S+) \[(\S+), (\S+)\] ms at 2\.00 calls \(5 pairs\)\.",
        drawing.conclusion)
    assert match, drawing.conclusion
    ends = [end for name in ("place_order", "show_cart") for end in (
        differences[name].ms.value, differences[name].ms.low, differences[name].ms.high)]
    assert all(agrees(printed, truth or 0) for printed, truth in zip(match.groups(), ends,
                                                                     strict=True))
    tables = {table.name for part in document.parts for table in part.tables}
    assert "latency_hop_differences" in tables
    assert "latency_hop_lines" not in tables
    assert set(drawing.tables) <= tables
    assert "tick" not in drawing.reading


def test_cpu_of_a_call_is_the_difference_by_call(tmp_path: Path) -> None:
    """Planted: 4.0 and 2.5 CPU ms an answer, in which one call is needed."""
    found = calls(tmp_path, pairs=6, series=(("product_read", 60.0),),
                 in_one_process=("product_read",))
    row = next(row for row in found.cpu if row.base == "colocated")
    assert row.calls == pytest.approx(1.0)
    assert row.rival_ms.value == pytest.approx(4.0 * 1.23, rel=0.08)  # rows of the warm-up too
    assert row.per_call_ms is not None
    assert row.per_call_ms.value == pytest.approx(1.5 * 1.23, rel=0.15)
    assert row.per_call_ms.low is not None
    assert row.per_call_ms.low > 0
    assert not row.is_net_of_idle


def test_the_framework_is_what_stores_without_calls_differ_by(tmp_path: Path) -> None:
    """Planted: 1.8 CPU ms an answer in the monolith, 2.5 in the same services in one process."""
    found = calls(tmp_path, pairs=6, series=(("product_read", 60.0),),
                 in_one_process=("product_read",))
    row, = [row for row in found.cpu if row.per_call_ms is None]
    assert (row.base, row.rival, row.calls) == ("monolith", "colocated", 0.0)
    gap = row.difference_ms
    assert gap.value == pytest.approx(0.7 * 1.23, rel=0.15)
    said = framework_said(row)
    match = re.fullmatch(
        r"product_read@60: without calls between services colocated takes (\S+) ms "
        r"\[(\S+), (\S+)\] of CPU an answer more than monolith \(5 pairs\): the framework, "
        r"and what the split asks for in one process\.", said)
    assert match, said
    assert all(agrees(printed, truth or 0) for printed, truth in zip(
        match.groups(), (gap.value, gap.low, gap.high), strict=True))
    turned = replace(row, base="colocated", rival="monolith", difference_ms=replace(
        gap, value=-gap.value, low=-(gap.high or 0), high=-(gap.low or 0)))
    assert framework_said(turned) == said
    nothing = replace(row, difference_ms=replace(gap, low=-0.1))
    assert framework_said(nothing).startswith("product_read@60: no difference in CPU without calls")
    single = replace(row, difference_ms=replace(gap, low=None, high=None, n=1))
    assert "no CPU of the framework shown" in framework_said(single)


def test_a_store_that_calls_is_no_framework(tmp_path: Path) -> None:
    found = calls(tmp_path, pairs=4, series=(("product_read", 60.0),))
    assert all(row.per_call_ms for row in found.cpu)


def test_what_a_store_uses_while_nobody_comes_is_no_price_of_a_call(tmp_path: Path) -> None:
    idle = {"monolith": 0.0, "colocated": 0.0, "microservices": 0.2}
    plain = calls(tmp_path / "a", pairs=4, series=(("product_read", 60.0),))
    taxed = calls(tmp_path / "b", pairs=4, series=(("product_read", 60.0),), idle_cores=idle)
    assert taxed.cpu[0].is_net_of_idle
    taxes, prices = taxed.cpu[0].per_call_ms, plain.cpu[0].per_call_ms
    assert taxes is not None
    assert prices is not None
    assert taxes.value == pytest.approx(prices.value, rel=0.05)


def test_series_whose_answers_need_no_call_have_no_price(tmp_path: Path) -> None:
    assert calls(tmp_path, pairs=2, series=(("sign_in", 20.0),)).cpu == []


def test_the_slope_of_distance_is_the_calls_that_wait_for_one_another(tmp_path: Path) -> None:
    (found,) = distance(tmp_path, distances=(0.0, 0.5, 2.0, 10.0), measure_s=30.0, noise=0.005)
    assert found.groups == 3
    assert found.is_measured
    for path in found.paths:
        if path.what != ALL:
            assert path.calls == CALLS[path.what]
            assert path.p50.value == pytest.approx(CALLS[path.what], abs=0.6)
    order = next(path for path in found.paths if path.what == "place_order")
    assert order.p50.low is not None
    assert order.p50.high is not None
    assert order.p50.low <= 5 <= order.p50.high
    assert [round(a.measured_ms.value, 3) if a.measured_ms else None for a in found.acted] == [
        0.0, 0.505, 2.02, 10.1]


def test_the_page_tells_the_endpoint_with_the_most_calls(
        described: Callable[..., Document]) -> None:
    document = described(phases=(), distances=(0.0, 10.0), measure_s=30.0, noise=0.005)
    (drawing,) = (d for part in document.parts for d in part.drawings if d.name == "distance")
    assert "to the median place_order, whose answers report 5.00 calls" in drawing.conclusion


def test_one_distance_alone_has_no_slope(tmp_path: Path) -> None:
    (found,) = distance(tmp_path, distances=(2.0,))
    assert found.paths == []
    assert found.marks
