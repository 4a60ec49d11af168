"""Lost revenue is the matched run's money minus the run's with the fault, to the cent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scipy import stats
from synthetic import Planted, order_minor, write_run

from contract.run_record import TrialRecord
from reports.arms import find_arms, usable
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.parts.revenue import revenue_said, revenue_table
from reports.read import Run, read_run
from reports.revenue import OTHER_JOURNEYS, Revenue, revenue_of
from reports.words import money


def measured(run: Run) -> list[Revenue]:
    judged = judge(run.record, {})
    return revenue_of(measure_isolation(run, judged, find_arms(run.record)),
                      usable(judged, "isolation"))


def planted(folder: Path, **changes: object) -> Run:
    return read_run(write_run(folder, Planted(phases=("isolation",), **changes)))  # type: ignore


def sold(run: Run, trial: TrialRecord) -> int:
    """From the rows: every right order has the price of its cart."""
    rows = run.rows(trial)
    placed = rows[(rows["endpoint"] == "place_order") & rows["right"]]
    return sum(order_minor(int(journey)) for journey in placed["journey_no"])


def test_what_is_lost_is_the_money_that_the_matched_run_took_more(tmp_path: Path) -> None:
    run = planted(tmp_path)
    found = measured(run)
    assert len(found) == 6
    for one in found:
        own = [t for t in run.record.trials if t.topology == one.topology]
        clean = next(t for t in own if t.fault is None)
        broken = next(t for t in own if t.fault and t.fault.name == one.result.fault.name)
        lost = sold(run, clean) - sold(run, broken)
        assert lost > 0
        assert one.lost.value == lost
        assert one.lost.low is None
        assert one.lost_per_min.value == pytest.approx(lost / (8.02 - 4.01) * 60)


def test_repeats_give_an_interval_from_the_pairs_that_had_the_same_journeys(
        tmp_path: Path) -> None:
    run = planted(tmp_path, repeats=3)
    one = measured(run)[0]
    own = [t for t in run.record.trials if t.topology == one.topology]
    lost = [sold(run, next(t for t in own if t.fault is None and t.seed == seed))
            - sold(run, next(t for t in own if t.fault and t.seed == seed
                             and t.fault.name == one.result.fault.name))
            for seed in sorted({t.seed for t in own})]
    assert one.lost.n == 3
    assert one.lost.value == pytest.approx(sum(lost) / 3)
    low, high = stats.t.interval(0.95, 2, sum(lost) / 3, stats.sem(lost))
    assert (one.lost.low, one.lost.high) == pytest.approx((low, high))


def test_a_run_whose_matched_run_was_rejected_is_not_compared_with_another(
        tmp_path: Path) -> None:
    whole = planted(tmp_path, repeats=3)
    one = measured(whole)[0]
    gone = next(t for t in whole.record.trials
                if t.fault is None and t.topology == one.topology)
    gone.status = "rejected"
    gone.lag_max_ms = 1000.0
    left = next(r for r in measured(whole) if r.topology == one.topology)
    assert (one.lost.n, left.lost.n) == (3, 2)
    assert OTHER_JOURNEYS not in left.lost.caveats


def test_repeats_that_all_lost_the_same_show_no_spread(tmp_path: Path) -> None:
    run = planted(tmp_path, repeats=2)
    for trial in run.record.trials:
        trial.sold_minor = 5000 if trial.fault is None else 1000
    one = measured(run)[0]
    assert (one.lost.value, one.lost.n) == (4000, 2)
    assert one.lost.low is None


def test_other_journeys_in_the_matched_run_leave_no_interval(tmp_path: Path) -> None:
    run = planted(tmp_path, repeats=3)
    for trial in run.record.trials:
        if trial.fault is None:
            trial.seed += 1_000_000
    one = measured(run)[0]
    assert one.lost.low is None
    assert OTHER_JOURNEYS in one.lost.caveats
    assert OTHER_JOURNEYS in revenue_table([one])[0].caption


def test_a_run_that_recorded_no_sales_has_no_lost_revenue(tmp_path: Path) -> None:
    run = planted(tmp_path, sells=False)
    assert measured(run) == []
    assert revenue_table([]) == []
    assert revenue_said([], find_arms(run.record)) == []


def test_the_sentence_names_the_currency_once_for_a_value_and_its_interval(
        tmp_path: Path) -> None:
    run = planted(tmp_path, repeats=3)
    said, = revenue_said(measured(run), find_arms(run.record))
    assert len(re.findall(r"[\d,]+\.\d\d EUR \[−?[\d,]+\.\d\d, [\d,]+\.\d\d\] a minute of",
                          said)) == 2
    assert said.count("EUR") == 2


def test_the_sentence_names_the_dearest_fault_of_each_store(tmp_path: Path) -> None:
    run = planted(tmp_path)
    found = measured(run)
    said, = revenue_said(found, find_arms(run.record))
    for store in ("monolith", "microservices"):
        worst = max((one for one in found if one.topology == store),
                    key=lambda one: one.lost_per_min.value)
        assert f"{store} ~{money(worst.lost_per_min.value)} a minute of {worst.result.name}" in said


@pytest.mark.parametrize(("minor", "said"), [
    (0, "0.00 EUR"), (5, "0.05 EUR"), (123_450, "1,234.50 EUR"), (-7, "−0.07 EUR"),
    (99.6, "1.00 EUR"), (None, "–"),
])
def test_money_is_printed_to_the_cent(minor: float | None, said: str) -> None:
    assert money(minor) == said
