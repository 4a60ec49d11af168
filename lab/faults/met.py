"""Which requests a fault around a module met, by the rows and the declared graph."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from contract.endpoints import BY_NAME, NEEDS
from contract.run_record import FaultRecord
from lab.faults.catalogue import MET_BY_REQUESTS, MODULES, ON_A_LINK


def requests_met(fault: FaultRecord, path: Path) -> int | None:
    """Count requests that were sent while a fault was armed to endpoints that need what it broke.

    None for kinds that prove themselves otherwise, and for a fault that was not armed.
    """
    if (fault.kind not in MET_BY_REQUESTS or fault.armed_at_s is None
            or fault.cleared_at_s is None):
        return None
    rows = pq.read_table(path, columns=["endpoint", "send_s"]).to_pydict()
    sent = [str(endpoint) for endpoint, send_s in zip(rows["endpoint"], rows["send_s"], strict=True)
            if fault.armed_at_s <= send_s < fault.cleared_at_s]
    return sum(needs(endpoint, fault) for endpoint in sent)


def needs(endpoint: str, fault: FaultRecord) -> bool:
    """Say whether an endpoint needs what a fault breaks: databases are needed by all that need
    anything, a way to a module by the endpoints of others."""
    needed = NEEDS.get(endpoint, frozenset())
    if fault.module == "database":
        return bool(needed)
    if fault.kind in ON_A_LINK and fault.module in MODULES:
        return fault.module in needed and BY_NAME[endpoint].domain != fault.module
    return fault.module in needed
