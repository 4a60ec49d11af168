"""Planted effects are found at their size; where nothing was planted, nothing is claimed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from synthetic import Planted, no_effect, write_run

from reports.arms import find_arms
from reports.document import Document, Drawing, Note
from reports.guards import judge
from reports.isolation import measure_isolation
from reports.latency import measure_latency, medians_ms
from reports.read import Run, UnreadableRun, read_run
from reports.scaling import Capacity, Step, capacity_of, measure_ramp, measure_scaling
from reports.strips import recovery_s

Describe = Callable[..., Document]


def headline(document: Document, label: str) -> str:
    return dict(document.headlines)[label]


def load(folder: Path, **planted: object) -> Run:
    return read_run(write_run(folder, Planted(**planted)))  # type: ignore[arg-type]


def test_a_planted_slowdown_is_found_at_its_size(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("latency",), pairs=8, slower=2.0, hop_ms=0.0, rate=150.0,
               aa_every=99)
    judged = judge(run.record, medians_ms(run))
    latency = measure_latency(run, judged, find_arms(run.record))
    for q in (50.0, 95.0):
        ratio = latency.ratios[q]
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        assert ratio.low <= 2.0 <= ratio.high
        assert ratio.low > 1.8


def test_the_price_of_a_call_is_found(described: Describe) -> None:
    document = described(no_effect(hop_ms=6.0, pairs=6, phases=("latency",), rate=60.0))
    conclusion = next(d.conclusion for part in document.parts for d in part.drawings
                      if d.name == "latency_hops")
    assert "Each further call between services comes with" in conclusion
    assert float(conclusion.split("with ")[1].split(" ms")[0]) == pytest.approx(6.0, rel=0.15)


def test_where_stores_are_equal_no_difference_is_shown(described: Describe) -> None:
    document = described(no_effect(capacity={"monolith": 40.0, "microservices": 40.0},
                                   first_rate={"monolith": 20.0, "microservices": 20.0}))
    assert "no difference shown" in headline(document, "Latency")
    assert "no difference shown" in headline(document, "Scaling")
    assert "no difference shown" in headline(document, "Failure isolation")


def test_aa_pairs_become_the_noise_floor_and_are_not_compared(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("latency",), pairs=5)
    latency = measure_latency(run, judge(run.record, {}), find_arms(run.record))
    assert latency.pairs == 4
    band = latency.bands[50.0]
    assert band is not None
    assert band.n == 1


def test_a_rejected_trial_takes_its_whole_pair_along(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("latency",), pairs=3, rejected=(0,))
    latency = measure_latency(run, judge(run.record, {}), find_arms(run.record))
    ratio = latency.ratios[50.0]
    assert ratio is not None
    assert ratio.n == 2
    assert [t.id for t in latency.trials] == [1, 2, 3, 4, 5]


def test_percentiles_are_those_of_the_rows_in_the_file(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("latency",), pairs=1, rate=100.0)
    latency = measure_latency(run, judge(run.record, {}), find_arms(run.record))
    rows = pq.read_table(tmp_path / "requests.parquet").to_pandas()
    own = rows[(rows.trial == 0) & (rows.step == 0) & (rows.intended_s >= 2.0)]
    ms = ((own.end_s - own.intended_s) * 1000).to_numpy()
    assert np.percentile(latency.samples["monolith"][0].first, 95, method="inverted_cdf") == (
        pytest.approx(np.percentile(ms, 95, method="inverted_cdf"), rel=1e-12))


def test_capacity_is_the_last_step_before_the_first_failure() -> None:
    def steps(*shares: float) -> list[Step]:
        return [Step(10.0 * k, 1000, int(1000 * s), False) for k, s in enumerate(shares, 1)]

    assert capacity_of(steps(1, 1, 0.98, 1)) == Capacity(20.0, 30.0, 1)
    assert capacity_of(steps(0.5, 1)) == Capacity(None, 10.0, 1)
    assert capacity_of(steps(1, 0.99)) == Capacity(20.0, None, 1)
    assert capacity_of([]) == Capacity(None, None, 1)
    assert not Step(10.0, 1000, 1000, True).holds


def test_a_step_with_hardly_any_rows_says_nothing() -> None:
    few, many = Step(10.0, 5, 0, False), Step(20.0, 1000, 1000, False)
    assert capacity_of([few, many]) == Capacity(20.0, None, 1)


def test_one_unlucky_request_bounds_no_capacity_from_above() -> None:
    lucky, unlucky, clear = (Step(10.0, 60, 60, False), Step(20.0, 60, 59, False),
                             Step(30.0, 60, 10, False))
    assert capacity_of([lucky, unlucky, clear]) == Capacity(10.0, 30.0, 1)


@pytest.mark.parametrize(("last_s", "expected"), [
    (3.9, Capacity(30.0, 37.5, 1)),  # left in the second step, though that looks good
    (1.0, Capacity(None, 30.0, 1)),  # left in the warm-up
])
def test_the_step_in_which_a_ramp_was_left_does_not_hold(
        tmp_path: Path, last_s: float, expected: Capacity) -> None:
    run = load(tmp_path, phases=("capacity",), cpus=(1.0,), topologies=("monolith",),
               first_rate={"monolith": 30.0})
    kept = replace(run, requests=run.requests[run.requests["arrival_s"] <= last_s])
    trial = run.record.trials[0].model_copy(update={"stopped_early": True})
    assert measure_ramp(kept, trial).capacity == expected


def test_planted_capacities_lie_within_their_intervals(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("capacity",), cpus=(0.3, 0.6, 0.9),
               first_rate={"monolith": 30.0, "microservices": 14.0})
    scaling = measure_scaling(run, judge(run.record, {}), find_arms(run.record))
    truth = Planted().capacity
    assert len(scaling.curve) == 6
    for row in scaling.curve:
        low, high, cpus = row.capacity.low, row.capacity.high, row.cpus
        assert low is not None
        assert high is not None
        assert cpus is not None
        assert low <= truth[row.topology] * cpus * 1.02
        assert high >= truth[row.topology] * cpus * 0.98
    at = {(row.topology, row.cpus): row.capacity for row in scaling.curve}
    for ratio in scaling.ratios:
        base, rival = at["monolith", ratio.cpus], at["microservices", ratio.cpus]
        assert ratio.low == pytest.approx((base.low or 0) / (rival.high or 0) / 1.1), (
            "a ramp is a single search: 10 % are allowed for its repetition")
        assert ratio.high == pytest.approx((base.high or 0) / (rival.low or 0) * 1.1)


def test_a_ramp_without_an_end_says_below_or_at_least(described: Describe) -> None:
    document = described(phases=("capacity",), first_rate={"monolith": 5.0,
                                                           "microservices": 90.0})
    said = headline(document, "Scaling")
    assert "monolith carried at least" in said
    assert "microservices fewer than" in said


def test_collateral_is_found_where_it_was_planted(tmp_path: Path) -> None:
    run = load(tmp_path, phases=("isolation",))
    for result in measure_isolation(run, judge(run.record, {}), find_arms(run.record)):
        assert result.void is None
        high, low = result.losses["monolith"], result.losses["microservices"]
        assert high.collateral is not None
        assert low.collateral is not None
        assert 0.35 <= high.collateral.value <= 0.6
        assert low.collateral.value == pytest.approx(0, abs=0.01)
        assert low.blast is not None
        assert low.blast.value == pytest.approx(low.expected, abs=0.01)
        assert low.recover_s is not None
        assert low.recover_s < 1.5


def test_a_fault_that_did_not_fire_voids_its_comparison(described: Describe) -> None:
    document = described(phases=("isolation",), fired=0)
    assert headline(document, "Failure isolation").startswith("Not measured")
    assert any("did not fire in monolith, microservices" in s for s in document.parts[3].lead)


def test_a_red_audit_voids_the_speed_headlines(described: Describe) -> None:
    document = described(red=("microservices",), phases=("latency", "capacity"))
    for label in ("Latency", "Scaling"):
        assert headline(document, label).startswith("Void: ")
        assert "microservices (I2)" in headline(document, label)
    notes = [b for b in document.parts[0].blocks if isinstance(b, Note) and b.kind == "alarm"]
    assert "I2" in notes[0].text


@pytest.mark.parametrize("phases", [(), ("latency",), ("capacity",), ("hot",), ("isolation",)])
def test_phases_that_were_not_run_are_named(described: Describe,
                                            phases: tuple[str, ...]) -> None:
    document = described(phases=phases)
    for label, phase in (("Latency", "latency"), ("Scaling", "capacity"),
                         ("Failure isolation", "isolation")):
        assert headline(document, label).startswith("Not measured") == (phase not in phases)


def test_failures_everywhere_leave_no_number_to_misread(described: Describe) -> None:
    document = described(all_fail=True)
    said = headline(document, "Latency")
    assert said.startswith("Whole journeys, median time waited: not compared, for in 3 of 3 pairs")
    assert ("Median response time: not compared, for in 3 of 3 pairs fewer than 50 % of the first "
            "requests of a trial were answered rightly.") in said
    assert "no pair of trials can be compared" not in said
    assert "their ratio can't be bounded" in headline(document, "Scaling")


def test_one_pair_and_one_topology_still_make_a_report(described: Describe) -> None:
    assert "one pair has no interval" in headline(described(pairs=1), "Latency")


def test_a_single_store_is_described_but_not_compared(described: Describe) -> None:
    document = described(topologies=("monolith",))
    assert all(text.startswith("Not measured") for _, text in document.headlines)
    assert any(isinstance(b, Drawing) for b in document.parts[1].blocks)


def test_a_control_topology_is_shown_beside_the_two(described: Describe) -> None:
    document = described(topologies=("monolith", "colocated", "microservices"))
    assert "microservices slower than monolith" in headline(document, "Latency")
    table = next(t for t in document.parts[1].tables if t.name == "latency_endpoints")
    assert {row[2] for row in table.raw} == {"monolith", "colocated", "microservices"}


@pytest.mark.parametrize("spoil", ["absent", "version", "column", "broken", "unknown"])
def test_files_that_cannot_be_read_are_refused_in_words(tmp_path: Path, spoil: str) -> None:
    write_run(tmp_path, Planted(phases=("latency",), pairs=1))
    record = tmp_path / "run.json"
    document = json.loads(record.read_text())
    expected = {"absent": "has no run.json", "version": "schema version 99, this report reads 2",
                "column": "lacks the columns step", "broken": "is not JSON",
                "unknown": "surprise"}[spoil]
    if spoil == "absent":
        record.unlink()
    elif spoil == "version":
        record.write_text(json.dumps(document | {"schema_version": 99}))
    elif spoil == "broken":
        record.write_text("{")
    elif spoil == "unknown":
        record.write_text(json.dumps(document | {"surprise": 1}))
    else:
        table = pq.read_table(tmp_path / "requests.parquet").drop_columns(["step"])
        pq.write_table(table, tmp_path / "requests.parquet")
    with pytest.raises(UnreadableRun, match=expected):
        read_run(tmp_path)


def test_a_matched_run_that_failed_too_gives_no_loss(described: Describe) -> None:
    document = described(phases=("isolation",), all_fail=True)
    assert all("no matched run without fault that worked" in s for s in document.parts[3].lead)
    table = next(t for t in document.parts[3].tables if t.name == "isolation_losses")
    assert all(row[4] == "–" for row in table.cells)


def test_a_feature_that_stays_dead_is_not_recovered_however_well_the_others_do() -> None:
    rows = pd.DataFrame({
        "intended_s": [9.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0],
        "feature": ["browse", "checkout", "browse", "checkout", "browse", "browse", "browse"],
        "good": [True, False, True, False, True, True, True],
    })
    assert recovery_s(rows, cleared_s=10.0) is None
    back = pd.concat([rows, pd.DataFrame({"intended_s": [14.0, 14.5], "feature": "checkout",
                                          "good": True})])
    assert recovery_s(back, cleared_s=10.0) == pytest.approx(1.5)
    assert recovery_s(rows[rows["feature"] == "browse"], cleared_s=10.0) == 0
