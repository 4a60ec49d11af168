"""Planted confounds are found and named; clean runs are left in peace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from synthetic import Planted, write_run

from contract.run_record import PartCost, PoolUse, TrialRecord
from reports.arms import find_arms
from reports.confounds.drift import Drift, drift_of
from reports.confounds.find import Confounds, find_confounds
from reports.confounds.little import PoolLoad, check_pools
from reports.confounds.utilisation import find_bottlenecks
from reports.document import Document
from reports.guards import Judged, judge
from reports.latency import measure_series
from reports.read import read_run

Describe = Callable[..., Document]
LATENCY = ("latency",)


def trial(**keys: object) -> TrialRecord:
    defaults: dict[str, object] = {
        "id": 1, "phase": "latency", "pair": 0, "topology": "monolith", "store": "monolith",
        "workload": "shop", "rate_profile": [(1.0, 20.0), (10.0, 20.0)], "seed": 1,
        "warmup_s": 1.0, "measure_s": 10.0, "cpu_budget": 1.0, "slo_ms": 250.0}
    return TrialRecord.model_validate(defaults | keys)


def judged(**keys: object) -> list[Judged]:
    return [Judged(trial(**keys), "ok", ())]


def confounds(folder: Path, **planted: object) -> Confounds:
    run = read_run(write_run(folder, Planted(phases=LATENCY, **planted)))  # type: ignore[arg-type]
    found, arms = judge(run.record, {}), find_arms(run.record)
    return find_confounds(run, found, arms, measure_series(run, found, arms))


def test_the_published_mistake_is_named() -> None:
    """Ten connections held 0.1 s each: at most 100 a second, 107.5 were measured (METHOD §6)."""
    load = PoolLoad("monolith", "latency shop", "monolith/connections", 10, 0.1, 107.5, 0.0, 0.0)
    assert load.ceiling_per_s == pytest.approx(100)
    assert load.is_exhausted
    assert "carries at most 100 a second and carried 108 (108 %)" in load.sentence


def pool(busy: float, waited: int = 0, size: int = 10) -> dict[str, PoolUse]:
    return {"monolith/connections": PoolUse(size=size, busy_mean=busy, taken=1000, waited=waited,
                                            wait_s=waited * 0.02)}


def test_holding_time_and_ceiling_follow_from_the_counters() -> None:
    (load,) = check_pools(judged(pools=pool(9.5)))
    assert load.per_s == pytest.approx(100)
    assert load.hold_s == pytest.approx(0.095)
    assert load.ceiling_per_s == pytest.approx(105.3, rel=1e-3)
    assert load.busy == pytest.approx(0.95)
    assert load.is_exhausted


def test_the_same_pool_in_another_layout_is_another_pool() -> None:
    idle = {"total": PartCost(cpu_s=1.0, memory_bytes=1)}
    layouts: list[dict[str, object]] = [
        {"phase": "search", "series": "shop/cpus=0.9/replicas=1"},
        {"phase": "search", "series": "shop/cpus=0.9/replicas=2", "replicas": 2},
        {"phase": "hot", "series": "hot_search/parts", "scaled": "hot_part"},
        {"phase": "hot", "series": "hot_search/parts", "scaled": "replicas_of_hot_part",
         "replicas": 2, "replicated": "search"}]
    loads = check_pools([one for keys in layouts
                         for one in judged(pools=pool(2.0), cost=idle, **keys)])
    assert {load.where for load in loads} == {
        "search shop", "search shop × 2", "hot hot_search, hot part",
        "hot hot_search × 2, replicas of hot part"}


@pytest.mark.parametrize(("busy", "waited", "found"), [
    (8.9, 0, False), (9.0, 0, True), (5.0, 49, False), (5.0, 50, True), (0.2, 1, False)])
def test_a_pool_is_named_when_it_is_full_or_waited_for(busy: float, waited: int,
                                                       found: bool) -> None:
    (load,) = check_pools(judged(pools=pool(busy, waited)))
    assert load.is_found is found


@pytest.mark.parametrize(("phase", "cpu_s", "found"), [
    ("search", 5.0, True), ("search", 8.6, False), ("latency", 8.6, False),
    ("latency", 5.0, True)])
def test_where_the_processor_is_used_up_a_full_pool_is_no_news(phase: str, cpu_s: float,
                                                               found: bool) -> None:
    cost = {"total": PartCost(cpu_s=cpu_s, memory_bytes=1)}
    assert bool(check_pools(judged(phase=phase, pools=pool(10.0), cost=cost))) is found


@pytest.mark.parametrize("phase", ["search", "hot", "capacity"])
def test_a_trial_that_was_left_early_says_nothing_about_pools(phase: str) -> None:
    """Three seconds at full CPU in a window planned for ten: 30 %, and yet there was no time."""
    cost = {"total": PartCost(cpu_s=3.0, memory_bytes=1)}
    whole = judged(phase=phase, pools=pool(10.0), cost=cost)
    assert check_pools(whole)
    assert check_pools(judged(phase=phase, pools=pool(10.0), cost=cost, stopped_early=True)) == []


@pytest.mark.parametrize(("search_s", "mode", "found"), [
    (1.0, "partitioned", False), (0.86, "partitioned", False), (0.8, "partitioned", True),
    (1.0, "pooled", True)])
def test_a_part_that_used_its_share_fills_the_pools_of_all_who_ask_it(search_s: float, mode: str,
                                                                     found: bool) -> None:
    """`search` at 100 % of 0.1 cores, the whole budget at 56 %: its size does not decide."""
    cost = {name: PartCost(cpu_s=cpu_s, memory_bytes=1) for name, cpu_s in (
        ("search", search_s), ("storefront", 4.6), ("total", 5.6))}
    for part in ("search", "storefront"):
        pools = {f"{part}/threads": pool(10.0)["monolith/connections"]}
        assert bool(check_pools(judged(
            phase="hot", pools=pools, cost=cost, budget_mode=mode,
            shares={"search": 0.1, "storefront": 0.9}))) is found


@pytest.mark.parametrize(("phase", "holds", "found"), [
    ("latency", None, True), ("capacity", None, False), ("search", True, True),
    ("search", False, False)])
def test_waiting_counts_only_where_the_store_was_meant_to_cope(
        phase: str, holds: bool | None, found: bool) -> None:
    probe = {"search": "s", "variable": "rate", "value": 20.0, "step": "ramp", "holds": holds}
    (load,) = check_pools(judged(
        phase=phase, pools=pool(5.0, waited=300), probe=probe if phase == "search" else None,
        cost={"total": PartCost(cpu_s=1.0, memory_bytes=1)}))
    assert load.is_found is found


def test_a_ramp_without_a_budget_says_nothing_about_pools() -> None:
    assert check_pools(judged(phase="capacity", pools=pool(10.0), cpu_budget=None)) == []
    assert check_pools(judged(phase="latency", pools=pool(10.0), cpu_budget=None))


def test_rejected_and_broken_trials_are_not_asked() -> None:
    assert check_pools([Judged(trial(pools=pool(10.0)), "rejected", ())]) == []
    fault = {"name": "f", "module": "payments", "kind": "hang", "dose": 1, "delay_ms": 0,
             "at_s": 1, "for_s": 1}
    assert check_pools(judged(phase="isolation", pools=pool(10.0), fault=fault)) == []


def answered(n: int) -> SimpleNamespace:
    """A run whose every trial has n right answers."""
    return SimpleNamespace(ended=lambda _: {"right": np.ones(n, bool)})


def parts(**cpu_s: float) -> dict[str, PartCost]:
    return {name: PartCost(cpu_s=value, memory_bytes=1) for name, value in cpu_s.items()}


def test_in_one_pool_the_part_with_the_largest_demand_is_the_bottleneck() -> None:
    cost = parts(envoy=1.0, postgres=2.0, monolith=3.0, total=6.2)
    (found,) = find_bottlenecks(answered(1000), judged(cost=cost))  # type: ignore[arg-type]
    assert found.name == "monolith"
    assert found.parts[0].demand_ms == pytest.approx(3.0)
    assert found.utilisation == pytest.approx(0.62)
    assert not found.is_found
    assert "bottleneck is monolith, 3.00 CPU ms an answer; 62 % of the budget" in found.sentence


def test_in_a_split_budget_the_fullest_share_is_the_bottleneck() -> None:
    cost = parts(envoy=1.9, postgres=2.0, monolith=3.0, total=6.9)
    shares = {"envoy": 0.2, "postgres": 0.4, "monolith": 0.4}
    (found,) = find_bottlenecks(answered(1000), judged(  # type: ignore[arg-type]
        cost=cost, budget_mode="partitioned", shares=shares))
    assert found.name == "envoy"
    assert found.utilisation == pytest.approx(0.95)
    assert found.is_found


def test_without_a_budget_the_part_is_named_and_nothing_is_found() -> None:
    (found,) = find_bottlenecks(answered(10), judged(  # type: ignore[arg-type]
        cost=parts(envoy=1.0, total=1.0), cpu_budget=None))
    assert found.utilisation is None
    assert not found.is_found


def series(medians: list[float], first: int = 0) -> list[tuple[float, float]]:
    return [(float(first + place), ms) for place, ms in enumerate(medians)]


def drift(*found: list[tuple[float, float]]) -> Drift:
    one = drift_of("monolith", found)
    assert one is not None
    return one


def test_a_steady_rise_is_a_drift_of_its_size() -> None:
    found = drift(series([10 * 1.03**k for k in range(11)]))
    assert found.change == pytest.approx(1.03**10)
    assert found.is_found
    assert "drifted slower" in found.sentence


def test_a_trend_within_series_is_not_drawn_out_over_the_run() -> None:
    """Ten series, each a little slow at first: nothing changed from the first to the last."""
    found = drift(*(series([10 * 0.99**k for k in range(6)], 6 * n) for n in range(10)))
    assert found.change == pytest.approx(0.99**5)


def test_one_odd_trial_is_no_drift() -> None:
    steady = drift(series([10.0, 10.1, 9.9, 10.05, 9.95, 10.1, 9.9, 60.0]))
    assert not steady.is_found


def test_workloads_of_different_weight_are_no_drift() -> None:
    light = [10.0, 10.1, 9.9, 10.05, 9.95, 10.0, 10.1, 9.9, 10.0]
    assert not drift(series(light), series([9 * ms for ms in light], 9)).is_found
    merged = drift(series([*light, *(9 * ms for ms in light)]))
    assert merged.is_found  # the same medians, taken for one series


def test_too_few_trials_or_unanswered_ones_show_no_drift() -> None:
    assert drift_of("monolith", [series([1.0, 2.0, 3.0, 4.0, 5.0])]) is None
    assert drift_of("monolith", [series([1.0, 2.0, 3.0, 4.0, 5.0, np.inf])]) is None


def test_noise_alone_is_rarely_called_drift() -> None:
    rng = np.random.default_rng(3)
    found = [drift(*(series(list(rng.lognormal(0, 0.2, 7)), 7 * k) for k in range(3)))
             for _ in range(300)]
    assert np.mean([one.p < 0.05 for one in found]) <= 0.07
    assert np.mean([one.low > 1 or one.high < 1 for one in found]) <= 0.07


def test_a_planted_drift_is_found_in_its_store_only(tmp_path: Path) -> None:
    found = confounds(tmp_path, drift=1.8, pairs=12, rate=40.0)
    by_store = {one.topology: one for one in found.drifts}
    assert by_store["monolith"].is_found
    assert by_store["monolith"].low <= 1.8 <= by_store["monolith"].high
    assert not by_store["microservices"].is_found


def test_a_warm_up_that_is_not_over_is_found_in_its_store_only(tmp_path: Path) -> None:
    found = confounds(tmp_path, cold=1.5, pairs=6, rate=60.0)
    verdicts = {one.topology: one.verdict for one in found.warmups}
    assert verdicts == {"monolith": "still warming up", "microservices": "steady"}
    monolith = next(one for one in found.warmups if one.topology == "monolith")
    assert monolith.ratio.value == pytest.approx(1.5, rel=0.15)


def test_a_store_that_falls_behind_is_told_from_one_that_warms_up(tmp_path: Path) -> None:
    found = confounds(tmp_path, cold=0.6, pairs=6, rate=60.0)
    assert {one.topology: one.verdict for one in found.warmups}["monolith"] == "falling behind"


def test_nothing_is_found_in_a_clean_run(tmp_path: Path) -> None:
    found = confounds(tmp_path, pairs=8, rate=40.0, pools=pool(4.0))
    assert found.pools
    assert found.bottlenecks
    assert found.drifts
    assert found.warmups
    assert found.sentences == []


def test_what_is_found_stands_on_page_one_once_for_all_series(described: Describe) -> None:
    document = described(phases=LATENCY, series=(("shop", 20.0), ("product_read", 20.0)),
                         pools=pool(9.9))
    (label,) = document.labels
    assert label.startswith("Confound: monolith, latency")
    assert "pool monolith/connections of 10 was exhausted" in label
    assert "The same under latency" in label


def test_a_waived_suite_and_a_cut_run_are_labelled_on_page_one(described: Describe) -> None:
    document = described(phases=LATENCY, finished=False, contract_suite="")
    assert [label.split(":")[0] for label in document.labels] == ["Unfinished", "Unverified"]


def test_a_disturbed_machine_stands_on_page_one(described: Describe) -> None:
    labels = described(phases=LATENCY, pairs=5, flagged=(0, 1, 4), rejected=(5,)).labels
    (said,) = (label for label in labels if label.startswith("Disturbed"))
    assert said.startswith("Disturbed: 4 of 10 trials were flagged or rejected by the guards")
    assert "up to ×1.0" in said
    assert not any(label.startswith("Disturbed") for label in
                   described(phases=LATENCY, pairs=5, flagged=(0,)).labels)


def test_a_clean_run_has_no_labels(described: Describe) -> None:
    assert described(phases=LATENCY).labels == []
