"""A whole journey is what a visitor waited in all, from arrival to the last right answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic import Planted, no_effect, write_run

from reports.arms import find_arms
from reports.document import Document
from reports.guards import judge
from reports.journeys import journey_ms
from reports.latency import Latency, measure_latency, measure_series
from reports.read import read_run


def measured(folder: Path, planted: Planted) -> list[Latency]:
    run = read_run(write_run(folder, planted))
    return measure_series(run, judge(run.record, {}), find_arms(run.record))


def test_a_journey_is_the_sum_of_its_waits_and_one_wrong_answer_spoils_it() -> None:
    rows = pd.DataFrame({
        "journey_no": [3, 1, 1, 2, 2, 4], "arrival_s": [0.5, 2.0, 2.0, 3.0, 3.0, 4.0],
        "latency_ms": [9.0, 4.0, 6.0, 5.0, np.inf, 7.0]})
    assert journey_ms(rows, warmup_s=1.0).tolist() == [7.0, 10.0, np.inf]


def test_a_planted_difference_of_whole_journeys_is_found(tmp_path: Path) -> None:
    (found,) = measured(tmp_path, Planted(
        phases=("latency",), pairs=6, rate=80.0, slower=2.0, hop_ms=0.0, noise=0.01))
    assert found.journeys is not None
    for q, ratio in found.journeys.ratios.items():
        assert ratio is not None, q
        assert ratio.low is not None
        assert ratio.high is not None
        assert ratio.low <= 2.0 <= ratio.high
        assert ratio.value == pytest.approx(2.0, rel=0.05)
    assert found.journeys.bands[50.0] is not None
    assert {"journey p50", "journey p95"} <= set(found.adjusted)


def test_where_a_journey_is_one_request_it_is_not_told_twice(tmp_path: Path) -> None:
    (found,) = measured(tmp_path, Planted(phases=("latency",), series=(("product_read", 60.0),)))
    assert found.journeys is None


def test_the_headline_begins_with_whole_journeys(described: Callable[..., Document]) -> None:
    document = described(Planted(phases=("latency",), pairs=6, rate=60.0))
    headline = dict(document.headlines)["Latency"]
    assert headline.startswith("Whole journeys, median time waited: microservices slower than")
    assert "Median response time: microservices slower" in headline
    assert any(table.name == "latency_journeys" for part in document.parts
               for table in part.tables)


def test_equal_stores_have_equal_journeys(described: Callable[..., Document]) -> None:
    document = described(no_effect(phases=("latency",), pairs=6, rate=60.0))
    said = dict(document.headlines)["Latency"]
    assert said.startswith(("Whole journeys, median time waited: no difference shown",
                            "Whole journeys, median time waited: equivalent"))


def test_what_was_good_in_a_pair_that_was_measured_again_counts_once(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path, Planted(phases=("latency",), pairs=4, rejected=(1,))))
    arms = find_arms(run.record)
    once = {trial.id for trial in measure_latency(run, judge(run.record, {}), arms).trials}
    assert {0} <= once
    again = [run.record.trials[place].model_copy(update={
        "attempt": 1, "status": "ok", "reasons": [], "lag_max_ms": 0.4, "pair": 0,
        "id": run.record.trials[place].id}) for place in (2, 3)]
    run.record.trials[2:4] = again
    found = {trial.id for trial in measure_latency(run, judge(run.record, {}), arms).trials}
    assert 0 not in found
    assert {trial.id for trial in again} <= found
