"""The oracle: what each kind of fault is expected to cost."""

from __future__ import annotations

import random

import pytest

from contract.endpoints import BY_NAME
from contract.reach import Place
from contract.run_record import FaultRecord
from reports.oracle import Away, Request, away_by, later_ms, lost_of_hit, predict


def fault(kind: str, **changes: object) -> FaultRecord:
    return FaultRecord.model_validate({
        "name": "x", "module": "payments", "kind": kind, "dose": 1.0, "delay_ms": 0.0,
        "at_s": 3.0, "for_s": 4.0, **changes})


@pytest.mark.parametrize(("kind", "changes", "expected"), [
    ("error", {"dose": 0.5}, 0.5),
    ("hang", {}, 1.0),
    ("down", {}, 1.0),
    ("network_cut", {}, 1.0),
    ("replica_kill", {}, 0.25),
    ("replica_freeze", {}, 1.0),
    ("crash", {}, 1.0),
    ("poison", {"dose": 0.05}, 1 - 0.95 / 1.5),  # 10 calls/s: one crash in 2 s, away for 1 s
])
def test_the_share_lost_follows_from_the_kind(kind: str, changes: dict[str, object],
                                              expected: float) -> None:
    assert lost_of_hit(fault(kind, **changes), 10.0, Away(1.0)) == pytest.approx(expected)


def test_one_of_two_replicas_takes_half_along() -> None:
    assert lost_of_hit(fault("replica_freeze"), 10.0, Away(1.0), 2) == 0.5
    assert lost_of_hit(fault("replica_kill"), 10.0, Away(1.0), 2) == 0.125


def simulated(dose: float, calls_per_s: float, away_s: float, replicas: int,
              unnoticed_s: float) -> float:
    """Play requests against replicas that each hit takes away; return the share lost."""
    source = random.Random(5)
    gone_s, at_s, lost, n = [-away_s] * replicas, 0.0, 0, 60_000
    for _ in range(n):
        at_s += source.expovariate(calls_per_s)
        asked = [k for k, gone in enumerate(gone_s)
                 if at_s - gone >= away_s or at_s - gone < unnoticed_s]
        one = source.choice(asked) if asked else None
        is_hit = source.random() < dose
        if one is None or at_s - gone_s[one] < away_s:
            lost += 1
        elif is_hit:
            gone_s[one] = at_s
            lost += 1
    return lost / n


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("unnoticed_s", [0.0, 0.4, 1.5])
@pytest.mark.parametrize(("dose", "calls_per_s", "away_s"), [
    (0.05, 10.0, 1.0), (0.2, 20.0, 1.0), (0.2, 20.0, 0.5), (1.0, 10.0, 1.0)])
def test_a_crash_with_replicas_left_loses_what_a_simulation_loses(
        dose: float, calls_per_s: float, away_s: float, replicas: int,
        unnoticed_s: float) -> None:
    """Who is dead gets its share until the balancer knows, then nothing; hits take the living."""
    assert lost_of_hit(fault("crash", dose=dose), calls_per_s, Away(away_s, unnoticed_s),
                       replicas) == pytest.approx(
        simulated(dose, calls_per_s, away_s, replicas, unnoticed_s), abs=0.02)


def test_where_nobody_is_avoided_each_replica_is_a_store_of_its_own() -> None:
    """And where the dead are avoided at once it is Erlang's loss formula."""
    load = 0.2 * 20.0 * 1.0
    lost = [lost_of_hit(fault("crash", dose=0.2), 20.0, Away(1.0, unnoticed_s), 2)
            for unnoticed_s in (1.5, 0.0)]
    assert lost[0] == pytest.approx(1 - 0.8 / (1 + load / 2))
    assert lost[1] == pytest.approx(1 - 0.8 * (1 - load**2 / 2 / (1 + load + load**2 / 2)))


def test_a_death_is_noticed_by_probes_in_a_row() -> None:
    assert away_by({}) == (1.0, 1.5)
    assert away_by({"restart_delay_s": 9, "probe_every_s": 0.2, "unready_after": 3}) == (
        9.0, pytest.approx(0.5))


SPLIT = Place(is_split=True)


def request(endpoint: str, **changes: object) -> Request:
    return Request(BY_NAME[endpoint].feature, endpoint, True, 0.0, 1, 1)._replace(**changes)


def lost(broken: FaultRecord, requests: list[Request], place: Place = SPLIT) -> dict[str, float]:
    found = predict(broken, place, requests, 4.0, 250.0, Away(1.0))
    assert found is not None
    return found


def test_only_requests_that_need_the_module_are_expected_to_be_lost() -> None:
    requests = [request(name) for name, n in (
        ("place_order", 30), ("list_orders", 30), ("get_payment", 10), ("get_product", 100))
        for _ in range(n)]
    assert lost(fault("error", dose=0.4), requests) == pytest.approx(
        {"checkout": 0.4, "orders": 0.0, "browse": 0.0}), "a payment is shown past the fault point"
    assert lost(fault("database_lock"), requests) == pytest.approx(
        {"checkout": 1.0, "orders": 0.25, "browse": 0.0})


def test_nothing_is_lost_in_a_place_that_a_store_does_not_have() -> None:
    for kind in ("network_cut", "network_delay", "leak"):
        assert lost(fault(kind, delay_ms=1000.0, applies=False),
                    [request("place_order")]) == {"checkout": 0.0}


def test_what_a_leak_costs_is_not_predicted() -> None:
    """When the memory budget is spent depends on what the store holds; 0 would be a claim."""
    assert predict(fault("leak"), SPLIT, [request("place_order")], 4.0, 250.0, Away(1.0)) is None


@pytest.mark.parametrize(("kind", "changes", "expected"), [
    ("slow", {"delay_ms": 249.0}, 0.0),
    ("slow", {"delay_ms": 251.0, "dose": 0.25}, 0.25),
    ("burn", {"delay_ms": 251.0}, 1.0),
    ("network_delay", {"delay_ms": 120.0}, 0.0),
    ("network_delay", {"delay_ms": 130.0}, 1.0),
])
def test_a_request_that_becomes_later_than_the_objective_is_lost(
        kind: str, changes: dict[str, object], expected: float) -> None:
    assert lost(fault(kind, **changes), [request("place_order")]) == {"checkout": expected}


def test_a_delay_is_met_as_often_as_the_matched_run_made_the_trip() -> None:
    """20 ms each way: 5 statements are 200 ms, 13 are 520; one call would have lost nothing."""
    delay = fault("network_delay", module="database", delay_ms=20.0)
    requests = [request("place_order", statements=13), request("get_product", statements=1),
                request("put_item", statements=5), request("put_item", statements=7)]
    assert [later_ms(delay, one) for one in requests] == [520, 40, 200, 280]
    assert lost(delay, requests) == {"checkout": 1.0, "browse": 0.0, "cart": 0.5}


def test_calls_between_services_are_shared_out_among_the_modules_called() -> None:
    order = request("place_order", service_calls=6)
    for module in ("cart", "catalog", "payments"):
        assert later_ms(fault("network_delay", module=module, delay_ms=10.0), order) == 40
    assert later_ms(fault("network_delay", module="bank", delay_ms=10.0), order) == 20
    assert later_ms(fault("slow", module="catalog", delay_ms=10.0), order) == 10
    silent = order._replace(service_calls=0)
    assert later_ms(fault("network_delay", module="cart", delay_ms=10.0), silent) == 20


def test_what_a_request_takes_anyway_is_added_and_what_was_late_anyway_is_not_lost() -> None:
    slow = fault("slow", delay_ms=100.0)
    requests = [request("place_order", response_ms=ms) for ms in (20.0, 60.0, 149.0, 151.0)]
    assert lost(slow, requests) == {"checkout": 0.25}
    late = request("place_order", response_ms=400.0, good=False)
    assert lost(slow, [*requests, late, late]) == {"checkout": 0.25}


@pytest.mark.parametrize("kind", ["network_cut", "network_drop", "network_delay"])
def test_only_calls_of_others_are_lost_on_a_broken_way(kind: str) -> None:
    requests = [request("get_product"), request("show_cart"), request("place_order")]
    assert lost(fault(kind, module="catalog", delay_ms=1000.0), requests) == {
        "browse": 0.0, "cart": 1.0, "checkout": 1.0}
