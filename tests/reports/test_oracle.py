"""The oracle: what each kind of fault is expected to cost."""

from __future__ import annotations

import pytest

from contract.run_record import FaultRecord
from reports.oracle import lost_of_hit, needs, predict


def fault(kind: str, **changes: object) -> FaultRecord:
    return FaultRecord.model_validate({
        "name": "x", "module": "payments", "kind": kind, "dose": 1.0, "delay_ms": 0.0,
        "at_s": 3.0, "for_s": 4.0, **changes})


@pytest.mark.parametrize(("kind", "changes", "expected"), [
    ("error", {"dose": 0.5}, 0.5),
    ("hang", {}, 1.0),
    ("down", {}, 1.0),
    ("network_cut", {}, 1.0),
    ("network_cut", {"applies": False}, 0.0),
    ("leak", {}, 0.0),
    ("slow", {"delay_ms": 249.0}, 0.0),
    ("slow", {"delay_ms": 251.0, "dose": 0.25}, 0.25),
    ("network_delay", {"delay_ms": 120.0}, 0.0),
    ("network_delay", {"delay_ms": 130.0}, 1.0),
    ("replica_kill", {}, 0.25),
    ("replica_freeze", {}, 1.0),
    ("crash", {}, 1.0),
    ("poison", {"dose": 0.05}, 1 - 0.95 / 1.5),  # 10 calls/s: one crash in 2 s, away for 1 s
])
def test_the_share_lost_follows_from_the_kind(kind: str, changes: dict[str, object],
                                              expected: float) -> None:
    assert lost_of_hit(fault(kind, **changes), 10.0, 250.0, 1.0) == pytest.approx(expected)


def test_one_of_two_replicas_takes_half_along() -> None:
    assert lost_of_hit(fault("replica_freeze"), 10.0, 250.0, 1.0, 2) == 0.5
    assert lost_of_hit(fault("replica_kill"), 10.0, 250.0, 1.0, 2) == 0.125


def test_only_requests_that_need_the_module_are_expected_to_be_lost() -> None:
    mix = {("checkout", "place_order"): 30, ("orders", "list_orders"): 30,
           ("orders", "get_payment"): 10, ("browse", "get_product"): 100}
    assert predict(fault("error", dose=0.4), mix, 4.0, 250.0, 1.0) == pytest.approx(
        {"checkout": 0.4, "orders": 0.1, "browse": 0.0})


def test_every_request_needs_the_databases() -> None:
    assert all(needs(name, "database") for name in ("get_product", "search_products"))
    assert needs("place_order", "bank")
    assert not needs("get_product", "bank")
