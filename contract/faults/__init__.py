"""Fault points: the same defect, armed inside the same module of both stores.

The lab maps one small file into every process (`FAULTS_FILE`).  Its first byte says whether
anything is armed: that is all a fault point reads on the hot path.  Behind it stands one
JSON document, `Armed`.  Because the page is shared, arming reaches every replica at once,
and a process that restarts meets the same defect again, as a real one would.

A fault point that is passed while its module's fault is armed is a chance, and one byte of the
chances' file; one that acts first appends a line to `FIRED_FILE`.  The manipulation check reads
both, so a fault that never fired, or at another dose, can't pass for resilience.
"""

from contract.faults.board import PAGE_BYTES, Armed, Board, PointKind
from contract.faults.draw import chances_file
from contract.faults.point import (
    CRASH_EXIT_CODE,
    FAULTS_ENV,
    FIRED_ENV,
    FaultPoint,
    InjectedError,
    fault_point,
)

__all__ = [
    "CRASH_EXIT_CODE", "FAULTS_ENV", "FIRED_ENV", "PAGE_BYTES", "Armed", "Board", "FaultPoint",
    "InjectedError", "PointKind", "chances_file", "fault_point",
]
