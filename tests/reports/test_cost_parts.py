"""Cost by part: connections, bytes, what crosses between services, and its price."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthetic_search import COST, World, write_search_run

from contract.run_record import PartTraffic, PoolUse, TrialRecord
from reports.arms import find_arms
from reports.cost import Bill, measure_bill
from reports.document import Note
from reports.guards import judge
from reports.parts.cost_parts import part_blocks
from reports.read import Run, read_run
from reports.table import Table

PRICES = {"currency": "EUR", "core_hour": 0.0, "gb_hour": 0.0, "connection_hour": 0.0,
          "gb_sent": 0.0, "gb_between": 0.02}
GOOD = 240
"""Good requests of a trial: 20 journeys/s of two requests, for 6 s."""
Make = Callable[..., tuple[Run, Bill]]


def record_parts(trial: TrialRecord) -> None:
    """Write what the lab would have: 24 connections; a call of 100 + 900 bytes a good request."""
    edge = PartTraffic(received=200 * GOOD, sent=600 * GOOD)
    if trial.topology == "monolith":
        trial.connections_by_part = {"monolith": 24}
        trial.pools = {"monolith/connections": pool(1.5), "monolith/threads": pool(9.0)}
        trial.traffic = {"envoy": edge, "monolith": edge}
        return
    trial.connections_by_part = {"catalog": 20, "cart": 4}
    trial.pools = {"catalog/connections": pool(0.5), "cart/connections": pool(0.25)}
    asked = PartTraffic(received=150 * GOOD, sent=1_000 * GOOD, calls_received=100 * GOOD,
                        calls_sent=900 * GOOD)
    trial.traffic = {"envoy": edge, "storefront": edge, "catalog": asked,
                     "cart": PartTraffic(received=50 * GOOD, sent=100 * GOOD)}


def pool(busy: float) -> PoolUse:
    return PoolUse(size=24, busy_mean=busy, taken=1, waited=0, wait_s=0.0)


@pytest.fixture
def billed(tmp_path: Path) -> Make:
    """Compute the bill of a known world; `write` completes each trial's record."""

    def make(write: Callable[[TrialRecord], None] = record_parts, **parts: Any) -> tuple[Run, Bill]:
        run = read_run(write_search_run(tmp_path / "run", World(cost_noise=0.0),
                                        **{**COST, "prices": PRICES, **parts}))
        for trial in run.record.trials:
            write(trial)
        return run, measure_bill(run, judge(run.record, {}), find_arms(run.record))

    return make


def said(bill: Bill) -> str:
    return " ".join(one.text for one in part_blocks(bill.parts) if isinstance(one, Note))


def table(bill: Bill) -> list[dict[str, str]]:
    found = next(one for one in part_blocks(bill.parts) if isinstance(one, Table))
    head, *rows = (line.split(",") for line in found.to_csv().splitlines())
    assert all(len(cells) == len(found.columns) for cells in found.cells)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_connections_and_bytes_of_each_part_are_per_thousand_good_requests(billed: Make) -> None:
    _, bill = billed()
    monolith, services = bill.parts
    assert (monolith.topology, services.topology) == ("monolith", "microservices")
    assert monolith.trials >= services.trials == 5  # one pair in six is an A/A pair
    one, catalog = monolith.parts["monolith"], services.parts["catalog"]
    assert one.connection_s == pytest.approx(24 * 6 / GOOD * 1000)
    assert one.busy_s == pytest.approx(1.5 * 6 / GOOD * 1000), "threads are no connections"
    assert (one.mb_received, one.mb_sent, one.mb_calls) == pytest.approx((0.2, 0.6, 0.0))
    assert catalog.connection_s == pytest.approx(20 * 6 / GOOD * 1000)
    assert (catalog.mb_received, catalog.mb_sent, catalog.mb_calls) == pytest.approx(
        (0.15, 1.0, 1.0))
    postgres = services.parts["postgres"]
    assert (postgres.connection_s, postgres.busy_s, postgres.mb_received) == (None, None, None)
    assert postgres.cpu_s > 0


def test_nothing_crosses_in_the_monolith_and_the_sentence_says_so(billed: Make) -> None:
    _, bill = billed()
    assert [one.mb_between.value for one in bill.parts if one.mb_between] == [
        0.0, pytest.approx(1.0)]
    assert "between services cross: monolith 0 MB and microservices 1.00 " in said(bill)
    assert "bank are not counted" in said(bill)


def test_the_total_of_the_table_is_the_sum_of_its_connections_and_calls(billed: Make) -> None:
    _, bill = billed()
    rows = [row for row in table(bill) if row["topology"] == "microservices"]
    *parts, total = rows
    assert total["part"] == "total"
    for column in ("cpu_s", "gb_s", "connection_s", "busy_connection_s", "mb_calls"):
        assert sum(float(row[column] or 0) for row in parts) == pytest.approx(float(total[column]))
    cost = next(one for one in bill.costs if one.topology == "microservices")
    assert cost.connection_s is not None
    assert float(total["connection_s"]) == pytest.approx(cost.connection_s.value)
    assert (float(total["mb_received"]), float(total["mb_sent"])) == pytest.approx((0.2, 0.6))


def test_a_run_that_recorded_no_bytes_says_so_and_costs_the_rest(billed: Make) -> None:
    _, bill = billed(lambda _: None, prices={**PRICES, "gb_between": 0.0, "core_hour": 1.0})
    assert "not recorded in every trial" in said(bill)
    assert all(row["mb_received"] == "" for row in table(bill))
    assert all(one.money is not None for one in bill.costs)


def test_bytes_between_services_have_a_price_of_their_own(billed: Make) -> None:
    _, bill = billed()
    money = {one.topology: one.money for one in bill.costs}
    assert money["monolith"] is not None
    assert money["microservices"] is not None
    assert money["monolith"].value == 0
    orders = 24  # of a trial
    assert money["microservices"].value == pytest.approx(1_000 * GOOD / 1e9 * 0.02 / orders * 1000)


def test_what_has_a_price_but_was_not_recorded_is_not_billed_as_nothing(billed: Make) -> None:
    _, bill = billed(lambda _: None)
    assert all(one.money is None for one in bill.costs)
