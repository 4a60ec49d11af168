"""A fault on a trial's time line, and how one that can't act is told."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from pydantic import ValidationError

from contract.run_record import FaultRecord
from lab.faults import timeline
from lab.faults.catalogue import TAKES
from lab.faults.site import FaultError
from lab.plan.trials import PlannedFault
from lab.scenario import FaultKeys
from tests.lab.faults.conftest import Store


def planned(at_s: float = 0.2, for_s: float = 0.5, **keys: Any) -> tuple[PlannedFault, FaultRecord]:
    fault = PlannedFault("planned", FaultKeys.model_validate(keys), at_s, for_s)
    return fault, FaultRecord(
        name="planned", module=fault.keys.module, kind=fault.keys.kind, dose=fault.keys.dose,
        delay_ms=fault.keys.delay_ms, at_s=at_s, for_s=for_s)


def live_through(store: Store, fault: PlannedFault, record: FaultRecord,
                 ended: threading.Event | None = None) -> list[str]:
    events: list[str] = []
    timeline.act(store.site, fault, record, time.perf_counter(), ended or threading.Event(),
                 lambda *event: events.append(event[2]))
    return events


def test_a_fault_is_armed_and_cleared_in_time_and_counted(store: Store) -> None:
    fault, record = planned(module="search", kind="slow", delay_ms=1)
    asking = threading.Timer(0.4, store.search)
    asking.start()
    assert live_through(store, fault, record) == ["fault_armed", "fault_cleared"]
    asking.join()
    assert record.armed_at_s is not None
    assert record.cleared_at_s is not None
    assert record.armed_at_s >= 0.2
    assert record.cleared_at_s >= 0.7
    assert (record.times_fired, record.chances, record.void) == (1, 1, "")
    assert not store.site.deployment.board.is_armed


def test_where_there_is_no_such_way_nothing_is_armed(stores: list[Store]) -> None:
    fault, record = planned(module="catalog", kind="network_cut")
    assert live_through(stores[0], fault, record) == []
    assert (record.applies, record.armed_at_s, record.void) == (False, None, "")


def test_a_load_that_ends_early_clears_the_fault(store: Store) -> None:
    ended = threading.Event()
    threading.Timer(0.4, ended.set).start()
    fault, record = planned(for_s=60.0, module="catalog", kind="database_lock")
    live_through(store, fault, record, ended)
    assert record.cleared_at_s is not None
    assert record.cleared_at_s < 30
    assert store.product() == 200


def test_what_goes_wrong_makes_the_fault_void_and_says_why(
        store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise FaultError("there is no relay\nDETAIL:  for the log")

    monkeypatch.setattr(timeline, "action", refuses)
    fault, record = planned(module="bank", kind="down")
    live_through(store, fault, record)
    assert record.void == "FaultError: there is no relay"


def test_a_trial_without_a_fault_has_no_time_line(stores: list[Store]) -> None:
    timeline.act(stores[0].site, None, None, 0.0, threading.Event(), lambda *_: None)


@pytest.mark.parametrize(("keys", "said"), [
    ({"module": "bank", "kind": "crash"}, "it takes cart, catalog, orders, payments, search"),
    ({"module": "catalog", "kind": "down"}, "it takes bank, database"),
    ({"module": "catalog", "kind": "slow"}, "slow needs delay_ms above 0"),
    ({"module": "catalog", "kind": "leak"}, "leak needs leak_mb above 0"),
    ({"module": "catalog", "kind": "pool"}, "pool needs connections above 0"),
    ({"module": "bank", "kind": "down", "dose": 0.5}, "leave dose out"),
])
def test_a_fault_that_would_do_nothing_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FaultKeys.model_validate(keys)


def test_every_kind_has_something_that_acts(stores: list[Store]) -> None:
    for kind, modules in TAKES.items():
        for module in modules:
            fault, _ = planned(module=module, kind=kind, delay_ms=1, leak_mb=1,
                               connections=1)
            assert timeline.action(stores[1].site, fault.keys).fired == 0
