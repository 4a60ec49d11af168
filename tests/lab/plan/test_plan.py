"""The plan: pure, seeded, interleaved, at equal total budget, and it can go on anywhere."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import astuple
from itertools import groupby

import pytest

from contract.run_record import TrialRecord
from lab.plan import Plan
from lab.plan.trials import PlannedTrial, forecast_s
from lab.scenario import ScenarioFile
from reports.guards import Evidence, Thresholds, check_fault
from tests.lab.plan.rehearsal import KnownStores, Rehearsal, nothing

LATENCY = {"workload": "shop", "rate_per_s": 20, "pairs": 10, "warmup_s": 1, "measure_s": 5}
SEARCH = {"workload": "shop", "points": [{"cpus": 0.5}, {"cpus": 0.9}]}
HOT = {"workload": "hot_search", "ordinary": "shop", "cpus": 0.9, "rate_per_s": 20, "tune": [1.3],
       "hot_part": {"monolith": "monolith", "microservices": "microservices"}}
STORES = KnownStores({"monolith": 0.006, "microservices": 0.015})


def _demo(shipped: ScenarioFile, **changed: object) -> Plan:
    scenario = shipped.scenarios["demo"].model_copy(update=changed)
    return Plan(shipped.model_copy(update={"scenarios": {"demo": scenario}}), "demo")


def _groups(trials: list[PlannedTrial]) -> list[list[PlannedTrial]]:
    return [list(group) for _, group in groupby(trials, key=lambda t: (t.pair, t.attempt))]


def test_the_same_scenario_gives_the_same_plan(shipped: ScenarioFile) -> None:
    first, second = (Rehearsal(_demo(shipped), nothing).run() for _ in range(2))
    assert first.planned == second.planned
    assert len(first.planned) == len(first.plan.outlook())


def test_another_seed_gives_another_order_of_the_same_trials(shipped: ScenarioFile) -> None:
    orders = {tuple(t.topology for t in Rehearsal(_demo(shipped, seed=seed), nothing).run().planned)
              for seed in range(20)}
    assert len(orders) > 10
    assert len({len(order) for order in orders}) == 1


def test_trials_of_a_pair_are_adjacent_and_share_seed_and_schedule(shipped: ScenarioFile) -> None:
    planned = Rehearsal(_demo(shipped), nothing).run().planned
    assert [trial.pair for trial in planned] == sorted(trial.pair for trial in planned)
    for group in _groups(planned):
        assert len({trial.seed for trial in group}) == 1
        if group[0].phase in ("latency", "isolation"):
            assert len({trial.rate_profile for trial in group}) == 1
            assert len({trial.topology for trial in group}) == (1 if group[0].is_aa else 2)
    assert sum(trial.is_aa for trial in planned) == 2, "the fifth pair is a store against itself"


def test_a_fault_is_met_by_the_journeys_of_its_matched_run(plan_of: Callable[..., Plan]) -> None:
    planned = Rehearsal(plan_of(isolation={
        "workload": "shop", "rate_per_s": 9, "faults": ["payments-crash", "bank-slow"],
        "warmup_s": 1, "before_s": 1, "fault_s": 2, "after_s": 2, "repeats": 2,
        "postures": ["raw", "resilient"]}), nothing).run().planned
    assert len(planned) == 2 * 2 * 3 * 2
    first, second = planned[:12], planned[12:]
    assert {trial.fault.name if trial.fault else "" for trial in first} == {
        "", "payments-crash", "bank-slow"}
    assert len({trial.seed for trial in first}) == 1
    assert len({trial.seed for trial in second}) == 1
    assert first[0].seed != second[0].seed


def test_the_run_that_faults_are_compared_with_is_worth_more_patience(
        plan_of: Callable[..., Plan]) -> None:
    def spoil_all(_planned: PlannedTrial, record: TrialRecord) -> None:
        record.status = "rejected"

    planned = Rehearsal(plan_of(guards={"retries": 2}, isolation={
        "workload": "shop", "rate_per_s": 9, "faults": ["bank-slow"], "warmup_s": 1,
        "before_s": 1, "fault_s": 2, "after_s": 2}), spoil_all).run().planned
    attempts = [(trial.fault is not None, trial.attempt) for trial in planned]
    assert attempts == [(False, n // 2) for n in range(2 * 11)] + [
        (True, n // 2) for n in range(2 * 3)]


def test_all_trials_of_part_three_have_the_replicas_that_it_asks_for(
        shipped: ScenarioFile) -> None:
    planned = Rehearsal(Plan(shipped, "replicated"), nothing).run().planned
    assert {trial.replicas for trial in planned} == {2}
    assert {trial.topology for trial in planned} == {"monolith", "microservices"}


def test_both_orders_of_the_arms_occur(shipped: ScenarioFile) -> None:
    planned = Rehearsal(_demo(shipped), nothing).run().planned
    assert {group[0].topology for group in _groups(planned)} == {"monolith", "microservices"}


def test_every_fifth_pair_of_a_series_is_one_store_twice(plan_of: Callable[..., Plan]) -> None:
    planned = Rehearsal(plan_of(latency=[LATENCY]), nothing).run().planned
    twice = [group for group in _groups(planned) if group[0].is_aa]
    assert [group[0].pair for group in twice] == [4, 9]
    for group in twice:
        assert group[0].topology == group[1].topology
        assert [trial.arm for trial in group] == ["a", "b"]


def test_a_series_may_be_the_noise_floor_itself(plan_of: Callable[..., Plan]) -> None:
    planned = Rehearsal(plan_of(latency=[{**LATENCY, "aa": True}]), nothing).run().planned
    assert len(planned) == 20
    assert {(trial.topology, trial.is_aa) for trial in planned} == {("monolith", True)}


def test_all_faults_are_those_of_the_file(shipped: ScenarioFile) -> None:
    planned = Rehearsal(Plan(shipped, "chaos"), nothing).run().planned
    seen = {(t.fault.name, t.topology, t.posture) for t in planned if t.fault}
    assert seen == {(name, topology, posture) for name in shipped.faults
                    for topology in ("monolith", "microservices")
                    for posture in ("raw", "resilient")}


def test_a_fault_that_proved_nothing_is_measured_again_in_both_stores(
        plan_of: Callable[..., Plan]) -> None:
    def void_at_first(planned: PlannedTrial, record: TrialRecord) -> None:
        if record.fault and not planned.attempt:
            record.fault.void = "it did not act"
        found = check_fault(Evidence(record, Thresholds(), 5.0, 0.0, []))
        record.status = next((status for status, _ in found), "ok")

    broken = {"workload": "shop", "rate_per_s": 20, "faults": ["payments-crash"],
              "warmup_s": 1, "before_s": 1, "fault_s": 1, "after_s": 1}
    groups = _groups(Rehearsal(plan_of(isolation=broken), void_at_first).run().planned)
    assert [(group[0].fault is not None, group[0].attempt, len(group)) for group in groups] == [
        (False, 0, 2), (True, 0, 2), (True, 1, 2)]
    first, again = groups[1:]
    assert first[0].seed != again[0].seed == again[1].seed  # other journeys, equal in both arms


def test_a_fault_that_acted_in_a_rejected_trial_meets_the_same_journeys_again(
        plan_of: Callable[..., Plan]) -> None:
    """Otherwise it would be compared with a matched run that had others."""
    def late_at_first(planned: PlannedTrial, record: TrialRecord) -> None:
        record.status = "rejected" if record.fault and not planned.attempt else "ok"

    broken = {"workload": "shop", "rate_per_s": 20, "faults": ["payments-crash"],
              "warmup_s": 1, "before_s": 1, "fault_s": 1, "after_s": 1}
    planned = Rehearsal(plan_of(isolation=broken), late_at_first).run().planned
    assert [trial.attempt for trial in planned] == [0, 0, 0, 0, 1, 1]
    assert len({trial.seed for trial in planned}) == 1


def test_a_rejected_pair_is_measured_again_in_both_arms(plan_of: Callable[..., Plan]) -> None:
    def spoil_the_second_trial(_planned: PlannedTrial, record: TrialRecord) -> None:
        record.status = "rejected" if record.id == 2 else "ok"

    groups = _groups(Rehearsal(plan_of(latency=[LATENCY]), spoil_the_second_trial).run().planned)
    first, again = groups[:2]
    assert (first[0].pair, first[0].attempt) == (0, 0)
    assert (again[0].pair, again[0].attempt) == (0, 1)
    assert [t.topology for t in first] == [t.topology for t in again]
    assert len(groups) == 11


def test_a_pair_is_not_measured_again_for_ever(plan_of: Callable[..., Plan]) -> None:
    def spoil_all(_planned: PlannedTrial, record: TrialRecord) -> None:
        record.status = "rejected"

    plan = plan_of(latency=[LATENCY], guards={"retries": 2})
    assert len(Rehearsal(plan, spoil_all).run().planned) == 10 * 2 * 3


@pytest.mark.parametrize("parts", [
    {"latency": [LATENCY]},
    {"search": [SEARCH]},
    {"hot_parts": [HOT]},
    {"latency": [LATENCY | {"pairs": 2}], "search": [SEARCH], "hot_parts": [HOT],
     "idle": {"measure_s": 5},
     "distance": {"workload": "shop", "rate_per_s": 9, "hop_ms": [0, 2], "groups": 2,
                  "warmup_s": 1, "measure_s": 4}},
])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not_been(
        plan_of: Callable[..., Plan], parts: dict[str, object]) -> None:
    def world(planned: PlannedTrial, record: TrialRecord) -> None:
        STORES(planned, record)
        record.status = "rejected" if record.id % 17 == 4 else "ok"

    whole = Rehearsal(plan_of(**parts), world).run()
    for cut in range(0, len(whole.planned), 3):
        kept = deepcopy((whole.planned[:cut], whole.recorded[:cut]))
        resumed = Rehearsal(plan_of(**parts), world, *kept).run()
        assert [astuple(trial) for trial in resumed.planned] == [
            astuple(trial) for trial in whole.planned], cut


def test_every_store_of_a_latency_series_is_watched_while_nobody_comes(
        plan_of: Callable[..., Plan]) -> None:
    series = LATENCY | {"topologies": ["monolith", "microservices", "colocated"], "pairs": 1}
    planned = Rehearsal(plan_of(latency=[series], idle={"measure_s": 5}), nothing).run().planned
    idle = {trial.topology for trial in planned if trial.phase == "idle"}
    assert idle == {"monolith", "microservices", "colocated"}


def test_a_time_budget_lets_no_further_group_begin(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(latency=[LATENCY], time_budget_s=100)
    begun = Rehearsal(plan, nothing).run(3)
    late = begun.run(elapsed_s=101)
    assert len(late.planned) == 4  # the second pair had begun
    assert not Rehearsal(plan, nothing).run(elapsed_s=101).planned


@pytest.mark.parametrize("parts", [{"search": [SEARCH | {"repeats": 2}]}, {"hot_parts": [HOT]}])
@pytest.mark.parametrize("begun", [1, 5, 9])
def test_a_search_that_had_begun_is_answered_after_the_time_budget(
        plan_of: Callable[..., Plan], parts: dict[str, object], begun: int) -> None:
    plan = plan_of(**parts, time_budget_s=100)
    known = sum(len(group) for group in plan.groups_of(plan.blocks[0]))
    run = Rehearsal(plan, STORES).run(known)
    together = {trial.probe.search for trial in plan.next(run.recorded) if trial.probe}
    late = _names_of_searches(run.run(known + begun).run(elapsed_s=101))
    assert late == together  # no other point, repeat or question begins
    confirmed = {trial.probe.search for trial in run.recorded
                 if trial.probe and trial.probe.step == "confirm" and trial.probe.holds}
    assert confirmed == late
    assert not _names_of_searches(Rehearsal(plan, STORES).run(known).run(elapsed_s=101))


def _names_of_searches(rehearsal: Rehearsal) -> set[str]:
    return {trial.probe.search for trial in rehearsal.planned if trial.probe}


@pytest.mark.parametrize(("spread", "pairs"), [(0.0, 9), (0.5, 20)])
def test_a_series_stops_on_the_width_of_its_interval_not_on_its_sign(
        plan_of: Callable[..., Plan], spread: float, pairs: int) -> None:
    def world(planned: PlannedTrial, record: TrialRecord) -> None:
        slower = 3.0 if planned.topology == "microservices" else 1.0
        record.p50_ms = 5.0 * slower * (1 + spread * (record.pair % 2)
                                        * (planned.topology == "monolith"))

    stop = {"p50": 0.05, "least_pairs": 8}
    planned = Rehearsal(plan_of(latency=[{**LATENCY, "pairs": 20, "stop": stop}]), world
                        ).run().planned
    assert len(_groups(planned)) == pairs  # eight pairs of two stores, one A/A among them


def test_a_series_stops_when_its_time_is_over(plan_of: Callable[..., Plan]) -> None:
    stop = {"seconds": 60}
    planned = Rehearsal(plan_of(latency=[{**LATENCY, "pairs": 20, "stop": stop}]), nothing
                        ).run().planned
    assert 40 < forecast_s(planned) <= 60


def test_ways_of_scaling_are_compared_at_equal_total_budget(shipped: ScenarioFile) -> None:
    hot = [trial for trial in Rehearsal(_demo(shipped), nothing).run().planned
           if trial.phase == "hot"]
    assert {(trial.topology, trial.scaled) for trial in hot} == {
        ("monolith", "everything"), ("microservices", "everything"),
        ("microservices", "hot_part")}
    for trial in hot:
        assert trial.budget.cpus is not None
        assert sum(trial.budget.shares.values()) == pytest.approx(trial.budget.cpus)


def test_a_fault_stands_inside_the_measured_window(shipped: ScenarioFile) -> None:
    for trial in Rehearsal(_demo(shipped), nothing).run().planned:
        if trial.fault:
            assert trial.warmup_s < trial.fault.at_s
            assert trial.fault.at_s + trial.fault.for_s < trial.load_s


def test_the_forecast_counts_load_and_overhead(shipped: ScenarioFile) -> None:
    plan = _demo(shipped)
    assert plan.forecast_s() > sum(trial.load_s for trial in plan.outlook())
