"""Cost: units, planted work, the idle tax, money by the price list."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from synthetic_search import COST, MICROSERVICES, MONOLITH, World, write_search_run

from contract.run_record import PartTraffic, TrialRecord
from reports.arms import find_arms
from reports.call_cpu import cpu_ms
from reports.cost import Bill, measure_bill
from reports.document import Note
from reports.estimate import Band, Ratio
from reports.figures.style import drawing_style
from reports.guards import judge
from reports.parts.cost import cost_blocks, cost_verdict
from reports.price import PriceList, Use, prices_of
from reports.read import Run, read_run
from reports.starts import ONE_START
from reports.table import Table
from reports.tally import tally

CALM = World(cost_noise=0.0)
PRICES = {"currency": "EUR", "core_hour": 0.36, "gb_hour": 0.036, "connection_hour": 0.0036,
          "gb_sent": 0.09}
Make = Callable[..., tuple[Run, Bill]]


@pytest.fixture
def billed(tmp_path: Path) -> Make:
    """Compute the bill of a known world."""

    def make(world: World = CALM, **parts: Any) -> tuple[Run, Bill]:
        run = read_run(write_search_run(tmp_path / "run", world, **{"prices": PRICES, **parts}))
        return run, measure_bill(run, judge(run.record, {}), find_arms(run.record))

    return make


def notes(bill: Bill, run: Run) -> str:
    with drawing_style():
        blocks = cost_blocks(bill, find_arms(run.record))
    return " ".join(block.text for block in blocks if isinstance(block, Note))


@pytest.mark.parametrize(("use", "money"), [
    (Use(3600, 0, 0, 0), 0.36),  # a core for an hour
    (Use(1, 0, 0, 0), 0.0001),  # a core for a second: an hour has 3,600 of them, not 60
    (Use(60, 0, 0, 0), 0.006),  # and for a minute
    (Use(0, 3600, 0, 0), 0.036),
    (Use(0, 0, 3600, 0), 0.0036),
    (Use(0, 0, 0, 1), 0.09),  # traffic has no time
    (Use(7200, 3600, 7200, 2), 0.72 + 0.036 + 0.0072 + 0.18),
])
def test_prices_by_the_hour_are_charged_by_the_second(use: Use, money: float) -> None:
    prices = PriceList("EUR", 0.36, 0.036, 0.0036, 0.09)
    assert prices.bill(use) == pytest.approx(money, rel=1e-12)


def test_what_was_planted_is_charged_per_thousand_good_requests(billed: Make) -> None:
    _, bill = billed(**COST)
    for cost in bill.costs:
        demand = sum(CALM.demand[cost.topology]["shop"].values())
        idle = CALM.idle_cores[cost.topology]
        held = 0.26 if cost.topology == "monolith" else 0.62
        assert cost.cpu_s.value == pytest.approx(500 * demand + idle * 1000 / 40)
        assert cost.gb_s.value == pytest.approx(held * 1000 / 40)  # 20 journeys of 2 a second
        assert cost.connection_s is not None
        assert cost.connection_s.value == pytest.approx(24 * 1000 / 40)
        assert cost.mb_sent is not None
        assert cost.mb_sent.value == pytest.approx(0.5)
        parts = sum(one.value for one in cost.parts_cpu_s.values())
        assert parts == pytest.approx(cost.cpu_s.value)
        assert cost.cores == pytest.approx(20 * demand + idle)


def test_money_for_a_thousand_orders_is_what_its_window_cost(billed: Make) -> None:
    run, bill = billed(**COST)
    for cost in bill.costs:
        demand = sum(CALM.demand[cost.topology]["shop"].values())
        cores = 20 * demand + CALM.idle_cores[cost.topology]
        held = 0.26 if cost.topology == "monolith" else 0.62
        hour = cores * 0.36 + held * 0.036 + 24 * 0.0036 + 40 * 500 * 3600 / 1e9 * 0.09
        assert cost.money is not None
        assert cost.money.value == pytest.approx(hour / (4 * 3600) * 1000)  # 4 orders a second
        assert cost.money.unit == "EUR / 1,000 orders"
    assert "1,000 acknowledged orders under shop" in notes(bill, run)


def test_costs_are_compared_by_pairs_beyond_chance_and_the_noise_floor(billed: Make) -> None:
    run, bill = billed(World(), **COST)
    by_what = {one.what: one for one in bill.ratios}
    cpu = by_what["cpu_s"]
    demand = {name: sum(World().demand[name]["shop"].values()) for name in World().demand}
    truth = (20 * demand["microservices"] + 0.04) / (20 * demand["monolith"] + 0.01)
    assert cpu.ratio.n == 5
    assert cpu.band is not None
    assert cpu.band.n == 1
    assert cpu.ratio.low is not None
    assert cpu.ratio.high is not None
    assert cpu.ratio.low <= truth <= cpu.ratio.high
    arms = find_arms(run.record)
    assert cost_verdict(cpu, arms).startswith("microservices costs more, ×2.")
    assert "no difference shown" in cost_verdict(by_what["connection_s"], arms)
    noisy = replace(cpu, band=Band(1 / 4, 4.0, 3))
    assert "no difference shown" in cost_verdict(noisy, arms)
    assert "no difference shown" in cost_verdict(replace(cpu, adjusted_p=0.2), arms)
    many = replace(cpu.ratio, value=2.0, low=1.9, high=2.1, n=20, block=(1.25, 3.2))
    blocks = replace(cpu, ratio=many, band=None, adjusted_p=None)
    assert cost_verdict(blocks, arms) == ("microservices costs more, ×2.00 [1.90, 2.10], 20 pairs"
                                          "; by blocks of pairs ×1.25 to ×3.20")
    turned = replace(many, value=0.5, low=1 / 2.1, high=1 / 1.9, block=(1 / 3.2, 1 / 1.25))
    assert cost_verdict(replace(blocks, ratio=turned), arms) == cost_verdict(
        blocks, arms).replace("microservices", "monolith")
    assert cost_verdict(replace(blocks, ratio=replace(many, block=(0.9, 4.0))), arms) == (
        "no difference shown (between ×1.90 and ×2.10, 20 pairs; by blocks of pairs ×0.900 to "
        "×4.00)")
    one_pair = replace(cpu, ratio=Ratio(2.0, None, None, 1, 2.0, None))
    assert "one pair has no interval" in cost_verdict(one_pair, arms)


def test_equal_stores_cost_the_same(billed: Make) -> None:
    world = World(demand={"monolith": MONOLITH, "microservices": MONOLITH},
                  idle_cores={"monolith": 0.01, "microservices": 0.01}, cost_noise=0.05)
    run, bill = billed(world, **COST)
    for one in bill.ratios:
        assert "no difference shown" in cost_verdict(one, find_arms(run.record))


def test_the_idle_tax_is_what_is_taken_while_nobody_comes(billed: Make) -> None:
    _, bill = billed(**COST)
    for idle in bill.idle:
        planted = CALM.idle_cores[idle.topology]
        loaded = 20 * sum(CALM.demand[idle.topology]["shop"].values()) + planted
        assert idle.cores.value == pytest.approx(planted)
        assert idle.cores.n == 3
        assert idle.share_of_cores == pytest.approx(planted / loaded)
        assert idle.share_of_memory == pytest.approx(1.0)
        assert sum(idle.parts_cores.values()) == pytest.approx(planted)


def test_series_are_billed_apart_and_the_first_comes_first(billed: Make) -> None:
    more = {**COST["latency"][0], "rate_per_s": 40, "pairs": 2}
    _, bill = billed(latency=[COST["latency"][0], more])
    assert [(cost.series, cost.topology) for cost in bill.costs] == [
        (series, name) for series in ("shop@20", "shop@40") for name in CALM.demand]
    assert {one.series for one in bill.ratios} == {"shop@20", "shop@40"}


def test_without_orders_or_prices_no_money_is_counted(billed: Make) -> None:
    run, bill = billed(**COST)
    rows = run.requests.assign(endpoint="get_product")
    poor = replace(run, requests=rows)
    without = measure_bill(poor, judge(run.record, {}), find_arms(run.record))
    assert all(cost.money is None for cost in without.costs)
    assert "no order was placed under shop" in notes(without, poor)
    record = run.record.model_copy(update={"scenario_resolved": {}})
    assert prices_of(record) is None
    assert "no price list" in notes(replace(bill, prices=None), run)


def without_traffic(run: Run, *ids: int) -> Run:
    """The same run; these trials recorded no bytes between services, all others did."""

    def written(trial: TrialRecord) -> TrialRecord:
        seen = {} if trial.id in ids else {"monolith": PartTraffic(received=1, sent=1)}
        return trial.model_copy(update={"traffic": seen})

    record = run.record.model_copy(update={"trials": [written(t) for t in run.record.trials]})
    return replace(run, record=record, trials={trial.id: trial for trial in record.trials})


def test_what_money_lacks_is_named_by_store(billed: Make) -> None:
    """Bytes that have a price were not recorded: orders were placed all the same."""
    run, _ = billed(**COST, prices={**PRICES, "gb_between": 0.02})
    own = {name: [t.id for t in run.record.trials
                  if (t.phase, t.topology) == ("latency", name)] for name in CALM.demand}
    arms = find_arms(run.record)

    def said(of: Run) -> str:
        return notes(measure_bill(of, judge(of.record, {}), arms), of)

    none = said(without_traffic(run, *own["monolith"], *own["microservices"]))
    assert "no order was placed" not in none
    assert ("bytes between services, which have a price, were not recorded under shop, so no money "
            "is counted.") in none
    one = said(without_traffic(run, *own["microservices"][:2]))
    assert "cost in EUR monolith 0." in one
    assert ("Not counted: microservices (bytes between services, which have a price, were not "
            "recorded in 2 of 5 trials).") in one
    silent = run.requests["trial"].isin(own["monolith"])
    rows = run.requests.assign(endpoint=run.requests["endpoint"].where(~silent, "get_product"))
    both = said(replace(without_traffic(run, own["microservices"][0]), requests=rows))
    assert ("no order was placed (monolith) and bytes between services, which have a price, were "
            "not recorded in 1 of 5 trials (microservices) under shop") in both
    assert "Not counted" not in said(without_traffic(run))


def test_the_idle_tax_is_held_against_a_series_that_is_named(billed: Make) -> None:
    run, _ = billed(**COST)
    assert "(of what the store takes in shop@20, its first series of latency trials)" in notes(
        measure_bill(run, judge(run.record, {}), find_arms(run.record)), run)
    world = World(cost_noise=0.0,
                  demand={name: MONOLITH if name == "monolith" else MICROSERVICES
                          for name in ("monolith", "microservices", "colocated")},
                  idle_cores={"monolith": 0.01, "microservices": 0.04, "colocated": 0.02})
    first = COST["latency"][0] | {"topologies": ["monolith", "microservices"]}
    more = COST["latency"][0] | {"rate_per_s": 40, "topologies": list(world.demand)}
    run, bill = billed(world, latency=[first, more], idle=COST["idle"])
    assert [(one.topology, one.series) for one in bill.idle] == [
        ("monolith", "shop@20"), ("microservices", "shop@20"), ("colocated", "shop@40")]
    assert ("(of what the store takes in its first series of latency trials: monolith and "
            "microservices shop@20, colocated shop@40)") in notes(bill, run)
    run, bill = billed(idle=COST["idle"])
    assert [(one.series, one.share_of_cores) for one in bill.idle] == [("", None)] * 2
    assert "of what the store takes" not in notes(bill, run)


def test_the_ratio_of_memory_says_that_each_store_was_started_once(billed: Make) -> None:
    run, bill = billed(**COST)
    with drawing_style():
        blocks = cost_blocks(bill, find_arms(run.record))
    (table,) = (one for one in blocks if isinstance(one, Table)
                and one.name == "scaling_cost_ratios")
    assert "GB·s, and money for the share of memory in it: one start of each store, or few" in (
        table.caption)


def test_another_start_of_a_store_is_in_the_ratios_that_memory_is_in(billed: Make) -> None:
    """All of it in GB·s, in money the share that memory has of the bill; in CPU nothing."""
    by_what = {one.what: one.ratio for one in billed(**COST)[1].ratios}
    unpaid = PRICES | {"gb_hour": 0.0}
    free = {one.what: one.ratio for one in billed(**COST, prices=unpaid)[1].ratios}
    assert ONE_START in by_what["gb_s"].caveats
    assert ONE_START not in by_what["cpu_s"].caveats
    low, high = by_what["gb_s"].low, by_what["gb_s"].high
    assert low is not None
    assert high is not None
    assert math.sqrt(high / low) == pytest.approx(1.1), "10 % either way, and no noise"
    assert free["money"].low is not None
    assert free["money"].high is not None
    assert math.sqrt(free["money"].high / free["money"].low) < 1.05


def test_wrong_answers_and_the_warm_up_are_not_counted(billed: Make) -> None:
    run, _ = billed(latency=[{**COST["latency"][0], "pairs": 1}])
    counts = tally(run)[0]
    assert (counts.scheduled, counts.journeys, counts.orders) == (240, 120, 24)
    assert counts.bytes_sent == 240 * 500
    wrong = run.requests.assign(right=False, good=False)
    nothing = tally(replace(run, requests=wrong))[0]
    assert (nothing.scheduled, nothing.good, nothing.done, nothing.orders) == (240, 0, 0, 0)


def test_costs_are_divided_by_what_ended_in_the_window_whose_resources_they_are(
        billed: Make) -> None:
    """The window is [1, 7) s; a request of the warm-up that ends in it was worked for in it, one
    that ends in the drain was not."""
    run, _ = billed(latency=[{**COST["latency"][0], "pairs": 1}])
    intended = run.requests["intended_s"]
    late = (intended >= 6.0) * 2.0 + ((intended >= 0.5) & (intended < 1.0)) * 0.6
    moved = replace(run, requests=run.requests.assign(end_s=run.requests["end_s"] + late))
    counts = tally(moved)[0]
    assert (counts.scheduled, counts.good, counts.journeys) == (240, 240, 120)
    assert counts.done == 240 - 40 + 20
    assert counts.orders == 24 - 4 + 2
    assert counts.bytes_sent == counts.done * 500
    arms = find_arms(run.record)
    before, after = (measure_bill(one, judge(one.record, {}), arms) for one in (run, moved))
    for cost, same in zip(after.costs, before.costs, strict=True):
        assert cost.cpu_s.value == pytest.approx(same.cpu_s.value * 240 / 220)
        assert cost.gb_s.value == pytest.approx(same.gb_s.value * 240 / 220)
        parts = sum(one.value for one in cost.parts_cpu_s.values())
        assert parts == pytest.approx(cost.cpu_s.value)
    for part, same_part in zip(after.parts, before.parts, strict=True):
        assert part.cpu_s == pytest.approx(same_part.cpu_s * 240 / 220)
    trial = run.record.trials[0]
    price, same_price = cpu_ms(moved, trial), cpu_ms(run, trial)
    assert price is not None
    assert same_price is not None
    assert price == pytest.approx(same_price * 240 / 220)


def test_an_order_counts_once_and_a_refusal_that_was_right_not_at_all(billed: Make) -> None:
    run, _ = billed(latency=[{**COST["latency"][0], "pairs": 1}])
    placed = run.requests[run.requests["endpoint"] == "place_order"]
    declined = placed.assign(status=402, journey_no=placed["journey_no"] + 10**6)
    rows = pd.concat([run.requests, placed, declined], ignore_index=True)
    assert tally(replace(run, requests=rows))[0].orders == tally(run)[0].orders > 0
