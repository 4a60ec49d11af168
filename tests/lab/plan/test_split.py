"""How a budget is split: by what parts work idle and a journey, never by the idle part alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.run_record import PartCost, TrialRecord
from lab.plan import Plan, PlannedTrial
from lab.plan.split import LEAST_CORES, Work, split, works_of
from tests.lab.plan.rehearsal import Rehearsal

works = st.dictionaries(
    st.sampled_from(["envoy", "postgres", "search", "catalog", "orders"]),
    st.builds(Work, st.floats(0, 0.05), st.floats(0, 0.01)), min_size=1)


@given(works, st.floats(0.4, 4))
def test_all_parts_come_to_their_end_at_one_rate(known: dict[str, Work], cpus: float) -> None:
    shares = split(known, cpus)
    assert sum(shares.values()) == pytest.approx(cpus)
    rates = {part: (shares[part] - work.idle) / work.slope for part, work in known.items()
             if work.slope > 1e-6}
    busy = {part: rate for part, rate in rates.items() if shares[part] > LEAST_CORES * 1.001}
    carried = min(rates.values(), default=0.0)
    assert all(rate == pytest.approx(carried, rel=1e-3) for rate in busy.values())


@given(works, st.floats(0.001, 4))
def test_a_split_is_of_the_whole_budget_however_small(known: dict[str, Work],
                                                      cpus: float) -> None:
    shares = split(known, cpus)
    assert sum(shares.values()) == pytest.approx(cpus)
    assert min(shares.values()) > 0


def test_what_a_store_works_while_nobody_comes_is_no_work_of_its_journeys(
        plan_of: Callable[..., Plan]) -> None:
    """At five journeys a second seven idle programs look busier than the one that is hot."""
    truth = {"postgres": Work(0.002, 0.0014), "search": Work(0.008, 0.0018),
             "catalog": Work(0.012, 0.0001), "envoy": Work(0.004, 0.0003)}

    def world(planned: PlannedTrial, record: TrialRecord) -> None:
        rate = planned.rate_profile[-1][1]
        record.cost = {part: PartCost(cpu_s=(work.idle + work.slope * rate) * record.measure_s,
                                      memory_bytes=1) for part, work in truth.items()}
        record.cost["total"] = PartCost(cpu_s=sum(c.cpu_s for c in record.cost.values()),
                                        memory_bytes=1)
        if record.probe:
            record.probe.holds = rate < 200

    hot = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9,
           "hot_part": {"monolith": "monolith", "microservices": "search"}}
    done = Rehearsal(plan_of(hot_parts=[hot]), world).run()
    first, second = ({t.rate_profile[-1][1] for t in done.recorded if t.probe is None
                      and t.pair == pair} for pair in (0, 1))
    assert first == {5.0}
    at_five = sum(work.idle + work.slope * 5 for work in truth.values()) / 5
    assert list(second) == [pytest.approx(0.6 * 0.9 / at_five)]
    shares = next(t.shares for t in done.recorded if t.scaled == "hot_part" and t.probe)
    assert shares == pytest.approx(split(truth, 0.9), rel=1e-3)
    assert shares["postgres"] / shares["search"] == pytest.approx(1.4 / 1.8, rel=0.05)


@pytest.mark.parametrize(("points", "work"), [
    (((5, 0.004), (100, 0.140)), Work(0.0, 0.144 / 105)),  # a line below 0 at rate 0
    (((5, 0.030), (100, 0.020)), Work(0.020, 0.0)),  # hardly asked: noise alone falls
    (((20, 0.10), (20, 0.12)), Work(0.0, 0.0055))])
def test_a_part_whose_line_makes_no_sense_is_not_believed(
        points: tuple[tuple[float, float], ...], work: Work) -> None:
    found = works_of([calibration(rate, cores) for rate, cores in points])["monolith"]
    assert (found.idle, found.slope) == (pytest.approx(work.idle), pytest.approx(work.slope))


def calibration(rate: float, cores: float, status: str = "ok") -> TrialRecord:
    return TrialRecord.model_validate({
        "id": 0, "phase": "hot", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(1, rate), (10, rate)], "seed": 1, "warmup_s": 1,
        "measure_s": 10, "cpu_budget": 0.9, "slo_ms": 250, "status": status,
        "cost": {"monolith": {"cpu_s": cores * 10, "memory_bytes": 1}}})


def test_a_rejected_calibration_counts_where_its_rate_has_no_other() -> None:
    """Without the second rate idle work would count as the journeys', in one store alone."""
    only = [calibration(5, 0.03), calibration(50, 0.12, "rejected")]
    assert works_of(only)["monolith"] == Work(pytest.approx(0.02), pytest.approx(0.002))
    again = [*only, calibration(50, 0.21)]
    assert works_of(again)["monolith"] == Work(pytest.approx(0.01), pytest.approx(0.004))


def test_a_split_of_one_part_is_the_whole_budget() -> None:
    """49 · (1 / 49) is less than 1 in doubles: the end of the bracket must lie beyond."""
    assert split({"envoy": Work(0.0, 49 / 8192)}, 1.0) == {"envoy": pytest.approx(1.0)}


def test_one_rate_alone_is_all_the_journeys_work() -> None:
    trial = TrialRecord.model_validate({
        "id": 0, "phase": "hot", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(1, 5), (10, 5)], "seed": 1, "warmup_s": 1,
        "measure_s": 10, "cpu_budget": 0.9, "slo_ms": 250,
        "cost": {"monolith": {"cpu_s": 1.0, "memory_bytes": 1}}})
    assert works_of([trial]) == {"monolith": Work(0.0, pytest.approx(0.02))}
    assert works_of([]) == {}
    assert split({}, 1.0) == {}
