"""The plan: pure, seeded, interleaved, at equal total budget."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from lab.plan import PlannedTrial, forecast_s, plan
from lab.scenario import ScenarioFile
from lab.scenario_file import read_scenarios

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shipped() -> ScenarioFile:
    return read_scenarios(ROOT / "scenarios.yaml")


def _pairs(trials: list[PlannedTrial]) -> list[list[PlannedTrial]]:
    return [list(group) for _, group in groupby(trials, key=lambda trial: trial.pair)]


def test_the_same_scenario_gives_the_same_plan(shipped: ScenarioFile) -> None:
    assert plan(shipped, "demo") == plan(shipped, "demo")


def test_another_seed_gives_another_order_of_the_same_trials(shipped: ScenarioFile) -> None:
    def seeded(seed: int) -> list[PlannedTrial]:
        scenario = shipped.scenarios["demo"].model_copy(update={"seed": seed})
        return plan(shipped.model_copy(update={"scenarios": {"demo": scenario}}), "demo")

    orders = {tuple(trial.topology for trial in seeded(seed)) for seed in range(20)}
    assert len(orders) > 10
    assert len({len(order) for order in orders}) == 1


def test_trials_of_a_pair_are_adjacent_and_share_seed_and_schedule(shipped: ScenarioFile) -> None:
    trials = plan(shipped, "demo")
    assert [trial.pair for trial in trials] == sorted(trial.pair for trial in trials)
    for pair in _pairs(trials):
        assert len({trial.seed for trial in pair}) == 1
        if pair[0].phase in ("latency", "isolation"):
            assert len({trial.rate_profile for trial in pair}) == 1
            assert {trial.topology for trial in pair} == {"monolith", "microservices"}


def test_both_orders_of_the_arms_occur(shipped: ScenarioFile) -> None:
    first = {pair[0].topology for pair in _pairs(plan(shipped, "demo"))}
    assert first == {"monolith", "microservices"}


def test_every_fifth_latency_pair_is_the_same_store_twice(shipped: ScenarioFile) -> None:
    demo = shipped.scenarios["demo"]
    assert demo.latency
    longer = demo.model_copy(update={"latency": demo.latency.model_copy(update={"pairs": 10})})
    trials = plan(shipped.model_copy(update={"scenarios": {"demo": longer}}), "demo")
    pairs = [pair for pair in _pairs(trials) if pair[0].phase == "latency"]
    twice = [pair for pair in pairs if pair[0].is_aa]
    assert [pair[0].pair for pair in twice] == [4, 9]
    for pair in twice:
        assert pair[0].topology == pair[1].topology
        assert [trial.arm for trial in pair] == ["a", "b"]


def test_ways_of_scaling_are_compared_at_equal_total_budget(shipped: ScenarioFile) -> None:
    hot = [trial for trial in plan(shipped, "demo") if trial.phase == "hot"]
    assert {(trial.topology, trial.scaled) for trial in hot} == {
        ("monolith", "everything"), ("microservices", "everything"),
        ("microservices", "hot_part")}
    for trial in hot:
        assert trial.budget.cpus is not None
        assert sum(trial.budget.shares.values()) == pytest.approx(trial.budget.cpus)


def test_a_fault_stands_inside_the_measured_window(shipped: ScenarioFile) -> None:
    for trial in plan(shipped, "demo"):
        if trial.fault:
            assert trial.warmup_s < trial.fault.at_s
            assert trial.fault.at_s + trial.fault.for_s < trial.load_s


def test_the_forecast_counts_load_and_overhead(shipped: ScenarioFile) -> None:
    trials = plan(shipped, "demo")
    assert forecast_s(trials) > sum(trial.load_s for trial in trials)
