"""Searched capacities: read from probes as they are, and true to a world that is known."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from synthetic_search import COST, MONOLITH, SHOP, World, trial, write_search_run

import reports
from contract.probe_record import ProbeRecord
from reports.arms import Arms, find_arms
from reports.break_even import crossing, find_break_even
from reports.demand import LoadPoint, demand_line
from reports.document import Drawing
from reports.figures.style import drawing_style
from reports.guards import Judged, judge
from reports.parts.scaling import scaling_part
from reports.price import PriceList
from reports.read import Run, read_run
from reports.scaling import Scaling, measure_scaling
from reports.search import (
    Probe,
    Search,
    Threshold,
    find_searches,
    merge,
    threshold_of,
)
from reports.search_words import threshold_text, threshold_verdict
from reports.threshold_ratio import ThresholdRatio, ratio_of_searches
from reports.usl import Refusal, Usl
from reports.words import number

Measure = Callable[..., tuple[Run, Scaling, Arms]]
CALM = World(cost_noise=0.0, idle_cores={"monolith": 0.0, "microservices": 0.0})


@pytest.fixture
def measured(tmp_path: Path) -> Measure:
    """Compute part two of a known world."""

    def measure(world: World, **parts: Any) -> tuple[Run, Scaling, Arms]:
        run = read_run(write_search_run(tmp_path / "run", world, **parts))
        arms = find_arms(run.record)
        return run, measure_scaling(run, judge(run.record, {}), arms), arms

    return measure


def probes(*asked: tuple[float, str, bool]) -> list[Probe]:
    return [Probe(trial(), value, step, 100, 100 if holds else 50, holds)
            for value, step, holds in asked]


def search(value: float, high: float, repeat: int = 0) -> Search:
    return Search(f"s/{repeat}", "rate", repeat, probes((value, "confirm", True)), 0,
                  Threshold(value, value, high, 1))


def searches(values: tuple[float, ...]) -> list[Search]:
    return [search(value, value * 1.05, repeat) for repeat, value in enumerate(values)]


@pytest.mark.parametrize(("asked", "expected"), [
    ([(10, "ramp", True), (20, "ramp", False), (14, "bisect", True), (14, "confirm", True)],
     (14, 14, 20)),
    ([(10, "ramp", True), (20, "ramp", False), (14, "bisect", True), (14, "confirm", False),
      (12, "bisect", True), (12, "confirm", True)], (12, 12, 14)),
    ([(10, "ramp", True), (20, "ramp", False)], (None, 10, 20)),
    ([(10, "ramp", False), (5, "ramp", False)], (None, None, 5)),
    ([(10, "ramp", True), (15, "confirm", True)], (15, 15, None)),
    ([(10, "ramp", True), (15, "ramp", False), (15, "bisect", True), (15, "confirm", True),
      (20, "ramp", False)], (15, 15, 20)),
    ([(10, "confirm", True), (15, "bisect", True), (15, "confirm", False)], (10, 10, 15)),
    ([(10, "confirm", True), (30, "confirm", True), (20, "bisect", False)], (10, 10, 20)),
])
def test_a_capacity_is_what_was_confirmed_below_the_lowest_failure(
        asked: list[tuple[float, str, bool]],
        expected: tuple[float | None, float | None, float | None]) -> None:
    assert threshold_of(probes(*asked), "rate") == Threshold(*expected, 1)


def test_the_fewest_cores_are_read_the_other_way_round() -> None:
    found = threshold_of(probes((0.9, "ramp", True), (0.4, "ramp", False), (0.6, "bisect", True),
                                (0.6, "confirm", True)), "cpus")
    assert found == Threshold(0.6, 0.4, 0.6, 1, "cpus")
    assert threshold_text(found) == "0.600 (0.400, 0.600]"


def test_a_rejected_confirmation_confirms_nothing() -> None:
    def judged(value: float, step: str, status: str, holds: bool) -> Judged:
        asked = ProbeRecord(search="shop/monolith/3", variable="rate", value=value,
                            step=step, scheduled=100, good=100, holds=holds)  # type: ignore
        return Judged(trial(probe=asked), status, ())  # type: ignore[arg-type]

    found, = find_searches([judged(10, "ramp", "ok", True), judged(12, "ramp", "flagged", False),
                            judged(10, "confirm", "rejected", True)], "search")
    assert found.threshold == Threshold(None, 10, 12, 1)
    assert (found.rejected, found.repeat, len(found.probes)) == (1, 3, 2)
    assert threshold_text(found.threshold) == "between 10.0 and 12.0 (not confirmed)"


def test_several_searches_give_their_median_their_spread_and_the_outermost_ends() -> None:
    found = merge([Threshold(10, 10, 11, 1), Threshold(12, 12, 13, 1), Threshold(11, 11, 12, 1)])
    assert found == Threshold(11, 10, 13, 3, "rate", pytest.approx(2 / 11))
    assert merge([Threshold(10, 10, 11, 1), Threshold(None, None, 9, 1)]).value is None


def test_single_searches_are_divided_end_by_end_and_repeats_by_pairs() -> None:
    alone = ratio_of_searches([search(10, 11)], [search(5, 5.5)])
    assert alone == ThresholdRatio(2.0, pytest.approx(10 / 5.5 / 1.1), pytest.approx(2.2 * 1.1),
                                   2, 2, "ends")
    paired = ratio_of_searches(searches((10, 12, 11)), searches((5, 6, 5.5)))
    assert (paired.by, paired.n, paired.value) == ("pairs", 3, pytest.approx(2.0))
    assert (paired.low, paired.high) == (pytest.approx(2.0 / 1.05), pytest.approx(2.0 * 1.05))


@pytest.mark.parametrize(("low", "high", "said"), [
    (1.1, 1.3, "a carries more than b, ×1.20 [1.10, 1.30]"),
    (0.5, 0.625, "b carries more than a, ×1.78 [1.60, 2.00]"),
    (0.9, 1.2, "no difference shown between a and b (ratio between ×0.900 and ×1.20"),
    (1.5, None, "a carries more than b, at least ×1.50"),
    (0.8, None, "no difference shown between a and b (ratio above ×0.800"),
    (None, None, "can't be told apart"),
])
def test_a_verdict_says_no_more_than_its_ends(low: float | None, high: float | None,
                                              said: str) -> None:
    value = (low + high) / 2 if low and high else None
    ratio = ThresholdRatio(value, low, high, 2, 2, "ends")
    assert said in threshold_verdict(ratio, "a", "b", "carries more")


def test_planted_capacities_and_their_ratio_are_found(measured: Measure) -> None:
    _, scaling, _ = measured(CALM, **SHOP)
    assert len(scaling.searched.points) == 6
    for point in scaling.searched.points:
        truth = CALM.capacity(point.searches[0].trial)
        assert point.capacity.low is not None
        assert point.capacity.high is not None
        assert point.capacity.low <= truth < point.capacity.high
        assert point.capacity.high / point.capacity.low <= 1.0501
    sums = [sum(CALM.demand[name]["shop"].values()) for name in ("microservices", "monolith")]
    for one in scaling.searched.ratios:
        assert one.ratio.low is not None
        assert one.ratio.high is not None
        assert one.ratio.low <= sums[0] / sums[1] <= one.ratio.high


def test_where_stores_are_equal_no_difference_is_shown(measured: Measure) -> None:
    same = replace(CALM, demand={"monolith": MONOLITH, "microservices": MONOLITH}, noise=0.03)
    parts = {"search": [{**SHOP["search"][0], "repeats": 4}]}
    _, scaling, arms = measured(same, **parts)
    assert scaling.searched.points[0].capacity.spread
    for one in scaling.searched.ratios:
        assert one.ratio.by == "pairs"
        assert "no difference shown" in threshold_verdict(
            one.ratio, arms.base, arms.rival or "", "carries more")


def test_the_bound_is_cores_over_demand_and_capacity_its_planted_share(
        measured: Measure) -> None:
    _, scaling, _ = measured(CALM, **SHOP)
    for point in scaling.searched.points:
        demand = CALM.demand[point.topology]["shop"]
        assert point.bound is not None
        assert point.bound.rate == pytest.approx(point.cpus / sum(demand.values()), rel=0.02)
        assert (point.bound.part, point.bound.greatest) == ("total", max(demand, key=demand.get))
        assert point.capacity.value is not None
        assert point.capacity.value / point.bound.rate == pytest.approx(CALM.yields, rel=0.06)


def test_efficiency_and_contention_are_found_along_every_axis(measured: Measure) -> None:
    world = replace(CALM, contention=0.2)
    points = [*({"cpus": 0.3 * n} for n in (1, 2, 3, 4)), {"cpus": 0.6, "replicas": 2}]
    _, scaling, _ = measured(world, search=[{**SHOP["search"][0], "points": points,
                                             "resolution": 0.01, "probe_s": 2, "warmup_s": 0.5}])
    curves = {(c.topology, c.axis, c.fixed): c for c in scaling.searched.curves}
    up = curves["monolith", "cpus", 1]
    for stop in up.stops[1:]:
        truth = 1 / (1 + 0.2 * (stop.size - 1))
        assert stop.efficiency.low is not None
        assert stop.efficiency.high is not None
        assert stop.efficiency.low <= truth <= stop.efficiency.high
    assert isinstance(up.usl, Usl)
    assert up.usl.alpha.value == pytest.approx(0.2, abs=0.03)
    out = curves["monolith", "machines", 0.3]
    assert [stop.size for stop in out.stops] == [1, 2]
    assert isinstance(out.usl, Refusal)
    within = curves["monolith", "replicas", 0.6]
    assert [stop.size for stop in within.stops] == [1, 2]
    equal, = [one for one in scaling.searched.big_small if one.big.topology == "monolith"]
    assert (equal.big.replicas, equal.small.replicas) == (1, 2)
    assert equal.ratio.low is not None
    assert equal.ratio.high is not None
    assert equal.ratio.low <= 1.4 / 1.2 <= equal.ratio.high
    assert equal.ratio.is_apart, "each number of replicas is a point of its own"
    assert all(stop.efficiency.is_apart for stop in up.stops[1:])


def test_demand_against_load_gives_back_idle_and_work(measured: Measure) -> None:
    world = replace(CALM, idle_cores={"monolith": 0.02, "microservices": 0.05})
    _, scaling, _ = measured(world, **SHOP, **COST)
    for line in scaling.lines:
        demand = sum(world.demand[line.topology]["shop"].values())
        assert line.slope.value == pytest.approx(demand, rel=0.02)
        assert line.idle.value == pytest.approx(world.idle_cores[line.topology], rel=0.02)
    assert {point.trial.phase for point in scaling.loads} == {"latency", "search", "idle"}
    assert scaling.break_even is not None
    assert scaling.break_even.cheaper == "monolith"


def point_of(rate: float, cores: float, cpus: float | None = 0.9, **changes: Any) -> LoadPoint:
    return LoadPoint(trial(cpu_budget=cpus, **changes), rate, cores, 0.2, None)


def test_a_line_of_demand_is_of_one_budget() -> None:
    """On less of a core a journey works otherwise: a line through both is true of neither."""
    whole = [point_of(rate, 0.02 + 0.0034 * rate) for rate in (30, 60, 150, 250)]
    half = [point_of(rate, 0.0050 * rate, 0.45) for rate in (10, 40, 74)]
    idle = [point_of(0, 0.02, phase="idle"), point_of(0, 0.02, 0.45, phase="idle")]
    line = demand_line("monolith", [*half, *whole, *idle])
    assert line is not None
    assert (line.slope.value, line.cpus) == (pytest.approx(0.0034), 0.9)
    assert line.slope.n == 6
    unlimited = demand_line("monolith", [*half, *(point_of(p.rate, p.cores, None) for p in whole)])
    assert unlimited is not None
    assert (unlimited.slope.n, unlimited.cpus) == (4, None)


def test_the_interval_of_a_line_of_demand_is_students_over_its_residuals() -> None:
    noise = np.random.default_rng(2).normal(0, 0.02, 9)
    rates = np.linspace(10, 90, 9)
    cores = 0.05 + 0.004 * rates + noise
    line = demand_line("monolith", [point_of(*pair) for pair in zip(rates, cores, strict=True)])
    assert line is not None
    off = cores - np.polyval(np.polyfit(rates, cores, 1), rates)
    spread = math.sqrt(float((off**2).sum()) / 7)
    t = float(stats.t.ppf(0.975, 7))
    wide = float(((rates - rates.mean())**2).sum())
    for found, error in ((line.slope, spread / math.sqrt(wide)),
                         (line.idle, spread * math.sqrt(1 / 9 + rates.mean()**2 / wide))):
        assert found.low is not None
        assert found.high is not None
        assert (found.high - found.low) / 2 == pytest.approx(t * error)


def test_what_one_store_uses_beyond_the_others_reach_lays_out_no_break_even() -> None:
    prices = PriceList("EUR", 1.0, 0.0, 0.0, 0.0)
    rival = [point_of(rate, 0.10 + 0.005 * rate, topology="microservices")
             for rate in (10, 20, 40, 58)]
    base = [point_of(rate, 0.02 + 0.008 * rate) for rate in (10, 30, 58)]
    alone = find_break_even([*base, *rival], "monolith", "microservices", prices)
    beyond = [point_of(rate, 0.5 + 0.001 * rate) for rate in (150, 250)]
    found = find_break_even([*base, *beyond, *rival], "monolith", "microservices", prices)
    assert alone is not None
    assert found == alone


def test_the_load_at_which_the_cheaper_store_changes_is_found(measured: Measure) -> None:
    cheap = {"shop": {"envoy": 0.001, "storefront": 0.004}}
    world = replace(CALM, demand={"monolith": MONOLITH, "microservices": cheap},
                    idle_cores={"monolith": 0.01, "microservices": 0.10})
    prices = {"core_hour": 1.0, "gb_hour": 0.0, "connection_hour": 0.0, "gb_sent": 0.0}
    _, scaling, _ = measured(world, **SHOP, **COST, prices=prices)
    assert scaling.break_even is not None
    assert scaling.break_even.cheaper is None
    rate = scaling.break_even.rate
    assert rate is not None
    assert rate.value == pytest.approx(0.09 / (0.008 - 0.005), rel=0.02)
    assert rate.low is not None
    assert rate.high is not None
    assert scaling.break_even.least_rate < rate.low < rate.value < rate.high
    assert rate.high < scaling.break_even.most_rate


def test_a_break_even_holds_the_truth_as_often_as_its_interval_says() -> None:
    """Two known lines that meet at 30 journeys/s, measured with noise."""
    rng, held, x = np.random.default_rng(4), 0, np.linspace(0, 60, 12)
    for _ in range(400):
        base = x, 0.02 + 0.006 * x + rng.normal(0, 0.02, x.size)
        rival = x, 0.11 + 0.003 * x + rng.normal(0, 0.02, x.size)
        rate = crossing(base, rival, 0, 60)
        assert rate.low is not None
        assert rate.high is not None
        held += rate.low <= 30 <= rate.high
    assert 0.92 <= held / 400 <= 0.98


def test_a_searched_run_becomes_a_page_twice_the_same_and_its_headline_has_its_numbers(
        tmp_path: Path) -> None:
    write_search_run(tmp_path / "run", World(noise=0.02), **SHOP, **COST)
    digests = []
    for _ in range(2):
        report = reports.build(tmp_path / "run")
        digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                        for path in sorted(report.html.parent.rglob("*")) if path.is_file()})
    assert digests[0] == digests[1]
    headline = next(line for line in report.headlines if line.startswith("Scaling: On 0.9 CPU"))
    tables = report.html.parent / "tables"
    with (tables / "scaling_points.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["cpus"] == "0.9"]
    for row in rows:
        value, high = number(float(row["capacity_per_s"])), number(float(row["high"]))
        assert f"{row['topology']} {value} [{value}, {high})" in headline
    with (tables / "scaling_point_ratios.csv").open(newline="") as file:
        ratio = next(row for row in csv.DictReader(file) if row["cpus"] == "0.9")
    assert f"×{number(float(ratio['ratio']))} [{number(float(ratio['low']))}, " in headline


def test_phases_that_were_not_run_are_one_sentence_and_no_figure(measured: Measure) -> None:
    _, scaling, arms = measured(CALM)
    with drawing_style():
        part = scaling_part(scaling, arms, None)
    assert not any(isinstance(block, Drawing) for block in part.blocks)
    said = " ".join(getattr(block, "text", "") for block in part.blocks)
    for what in ("Capacity was not searched in this run.", "was not measured in this run.",
                 "Ways of scaling a hot part were not searched in this run.",
                 "No cost was recorded", "standing idle was not measured"):
        assert what in said
    assert part.tables == []
