"""A fault on a trial's time line: armed, cleared, counted, and what it broke awaited."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg

from contract.reach import ON_A_LINK
from contract.run_record import FaultRecord
from lab.errors import LabError
from lab.faults.catalogue import AT_A_POINT
from lab.faults.inside import AtAPoint
from lab.faults.link import LinkBroken, has_link
from lab.faults.lock import TablesLocked
from lab.faults.parts import BankDown, DatabaseDown, ReplicaFrozen, ReplicaKilled
from lab.faults.site import Action, Site
from lab.plan.trials import PlannedFault
from lab.scenario import FaultKeys

Note = Callable[[str, int, str, str], None]
"""Writes an event: part, replica, kind, detail."""

_FAILURES: Final = (LabError, OSError, psycopg.Error)


def applies(site: Site, keys: FaultKeys) -> bool:
    """Say whether the store has the place where the fault acts."""
    return keys.kind not in ON_A_LINK or has_link(site, keys.module)


def action(site: Site, keys: FaultKeys) -> Action:
    """Choose what acts.  Raises FaultError when the store was not started for it."""
    if keys.kind in AT_A_POINT:
        return AtAPoint(site, keys)
    if keys.kind in ON_A_LINK:
        return LinkBroken(site, keys)
    if keys.kind == "database_lock":
        return TablesLocked(site, keys.module)
    if keys.kind == "replica_kill":
        return ReplicaKilled(site, keys.module)
    if keys.kind == "replica_freeze":
        return ReplicaFrozen(site, keys.module)
    return BankDown(site) if keys.module == "bank" else DatabaseDown(site, keys.module)


def act(site: Site, fault: PlannedFault | None, record: FaultRecord | None, t0_s: float,
        ended: threading.Event, note: Note) -> None:
    """Live through a trial's fault, if it has one; times in the record count from `t0_s`.

    Never raises: what goes wrong makes the fault void and says why.  Whatever was armed is cleared
    before it returns, also when the load ended early.
    """
    if fault is None or record is None:
        return
    record.applies = applies(site, fault.keys)
    if not record.applies:
        return
    try:
        acting = action(site, fault.keys)
        if not ended.wait(max(0.0, t0_s + fault.at_s - time.perf_counter())):
            _arm_and_clear(acting, fault, record, t0_s, ended, note)
    except _FAILURES as failed:
        said = str(failed).partition("\n")[0]  # a server's details are in its log
        record.void = f"{type(failed).__name__}: {said}"


def _arm_and_clear(acting: Action, fault: PlannedFault, record: FaultRecord, t0_s: float,
                   ended: threading.Event, note: Note) -> None:
    try:
        record.armed_at_s = acting.arm() - t0_s
        note(fault.keys.module, 0, "fault_armed", fault.name)
        ended.wait(max(0.0, t0_s + fault.at_s + fault.for_s - time.perf_counter()))
    finally:
        record.cleared_at_s = acting.clear() - t0_s
        record.times_fired, record.chances = acting.fired, acting.chances
        note(fault.keys.module, 0, "fault_cleared", fault.name)
        acting.settle()
        record.settled_at_s = time.perf_counter() - t0_s
