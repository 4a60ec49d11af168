"""Which requests a fault around a module met, by the rows and the declared graph."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from contract.reach import Place, reaches
from contract.run_record import FaultRecord
from lab.faults.catalogue import MET_BY_REQUESTS


def requests_met(fault: FaultRecord, path: Path, place: Place) -> int | None:
    """Count requests that were sent while a fault was armed to endpoints that it reaches.

    None for kinds that prove themselves otherwise, and for a fault that was not armed.
    """
    if (fault.kind not in MET_BY_REQUESTS or fault.armed_at_s is None
            or fault.cleared_at_s is None):
        return None
    rows = pq.read_table(path, columns=["endpoint", "send_s"]).to_pydict()
    sent = [str(endpoint) for endpoint, send_s in zip(rows["endpoint"], rows["send_s"], strict=True)
            if fault.armed_at_s <= send_s < fault.cleared_at_s]
    return sum(reaches(fault.module, fault.kind, endpoint, place) for endpoint in sent)
