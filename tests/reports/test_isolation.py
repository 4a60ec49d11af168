"""The chapter on failure isolation: predictions, places a store does not have, many faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import Planted, write_run
from synthetic_faults import write_many_faults

from reports.arms import find_arms
from reports.compose import compose
from reports.guards import judge
from reports.headlines import isolation_headline
from reports.impact import _tail
from reports.isolation import FaultResult, measure_isolation
from reports.parts.isolation import isolation_part, most_telling
from reports.read import read_run


def measure(folder: Path) -> list[FaultResult]:
    run = read_run(folder)
    return measure_isolation(run, judge(run.record, {}), find_arms(run.record))


def test_excess_is_what_was_planted_beyond_the_graph(tmp_path: Path) -> None:
    for result in measure(write_run(tmp_path, Planted(phases=("isolation",)))):
        high, low = result.losses["monolith"].excess, result.losses["microservices"].excess
        assert high is not None
        assert low is not None
        assert low.value == pytest.approx(0, abs=0.01)
        assert 0.35 <= high.value <= 0.6
        checkout = next(a for a in result.availability if a.feature == "checkout")
        assert checkout.expected == 1.0


def test_times_and_costs_of_a_fault_are_found(tmp_path: Path) -> None:
    results = measure(write_run(tmp_path, Planted(phases=("isolation",))))
    impact = results[0].losses["monolith"].impacts[0]
    assert impact.hurt_s == pytest.approx(0.1, abs=0.2)
    assert impact.seen_s == 1.0
    assert impact.signal_s is not None
    assert impact.good_run_s is not None
    assert 0 <= impact.good_run_s < 2
    assert impact.budget > 5
    assert impact.orders_lost is not None
    assert impact.orders_lost > 0
    assert results[1].losses["microservices"].impacts[0].signal_s is None  # a hang is silent


def test_a_second_is_below_the_objective_only_by_more_than_chance() -> None:
    assert _tail(0, 40) == 1.0
    assert _tail(1, 40) == pytest.approx(1 - 0.99 ** 40)
    assert _tail(4, 40) < 0.001 < _tail(3, 40)


def test_a_place_that_a_store_does_not_have_is_no_win(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = measure(write_many_faults(tmp_path, monkeypatch))
    cut = next(result for result in results if result.fault.name == "orders-network_cut")
    assert cut.void is None
    assert not cut.is_comparable
    assert cut.losses["monolith"].blast is None
    arms = find_arms(read_run(tmp_path).record)
    assert "network_cut" not in isolation_headline(results, arms)
    part = isolation_part([cut], arms)
    assert "monolith has no such place" in part.lead[0]
    assert any(row[-1] == "can't happen here" for table in part.tables for row in table.cells)


def test_of_many_faults_the_three_with_most_excess_are_told(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = measure(write_many_faults(tmp_path, monkeypatch))
    told = most_telling(results)
    assert len(results) == 30
    assert len(told) == 3
    least = min(max(loss.excess.value for loss in one.losses.values() if loss.excess)
                for one in told)
    others = [loss.excess.value for one in results if one not in told
              for loss in one.losses.values() if loss.excess]
    assert least >= np.max(others)


def test_the_same_rows_give_the_same_bytes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_many_faults(tmp_path, monkeypatch)
    first = compose(tmp_path, lambda _: None).html.read_bytes()
    assert compose(tmp_path, lambda _: None).html.read_bytes() == first
