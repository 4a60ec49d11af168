"""The two postures of a store: a failure spreads as it is, or is held back by usual means.

One place for the numbers: programs read them by the name in TWINSTORE_POSTURE, the lab writes the
proxy's configuration from them.  Where both stores have a mechanism, both have the same number.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from contract.errors import BankUnavailable

POSTURE_ENV: Final = "TWINSTORE_POSTURE"
BANK_CALLS_ENV: Final = "TWINSTORE_BANK_CALLS"
DEADLINE_HEADER: Final = "X-Deadline-Ms"
"""What is left of a request's time: milliseconds, from service to service."""
IDLE_MS: Final = 60_000
"""How long a transaction may stand still: if its program is gone without a word, its locks stay."""


@dataclass(frozen=True, slots=True)
class Posture:
    """Deadlines shrink from the edge inwards: who asks waits longer than who is asked.

    `*_s`: seconds, `*_ms`: milliseconds; None: no such limit.
    """

    name: Literal["raw", "resilient"] = "raw"
    edge_deadline_s: float = 10.0
    """Of a whole answer, at the proxy."""
    internal_deadline_s: float = 5.0
    """Of a call between services, at the proxy."""
    peer_deadline_s: float = 4.0
    """Of a call between services, in the caller."""
    bank_deadline_s: float = 3.0
    statement_ms: int = 5_000
    """Of an SQL statement."""
    connection_wait_s: float = 3.0
    """For a connection of a pool."""
    request_s: float | None = None
    """What a service and all that it calls may take together; handed on by `DEADLINE_HEADER`."""
    bank_calls: int | None = None
    """Payments under way in all replicas together; more are refused at once."""
    max_requests: int | None = None
    """Under way to one program, all replicas together; more are refused at the proxy."""
    max_pending: int | None = None
    """Waiting at the proxy for a connection to one program."""
    retries: int = 0
    """Of a read, at the proxy; of anything else only if no connection was made."""
    retry_budget: float | None = None
    """Greatest share of the requests under way that may be retries: 0 to 1."""
    eject_after: int | None = None
    """Errors in a row (status 5xx, or no answer) after which a replica gets no requests."""
    eject_s: float = 5.0
    """How long, times how often so far."""
    eject_share: float = 0.5
    """Greatest share of a program's replicas that may be out: 0 to 1."""


RAW: Final = Posture()
RESILIENT: Final = Posture(
    name="resilient", edge_deadline_s=6.0, internal_deadline_s=3.5, peer_deadline_s=3.0,
    bank_deadline_s=2.5, statement_ms=1_000, connection_wait_s=1.0, request_s=5.5, bank_calls=8,
    max_requests=64, max_pending=32, retries=1, retry_budget=0.2, eject_after=5)
POSTURES: Final[dict[str, Posture]] = {posture.name: posture for posture in (RAW, RESILIENT)}


def read_posture(environ: Mapping[str, str] | None = None) -> Posture:
    """Read the posture's name from the environment; raw if there is none."""
    return POSTURES[(os.environ if environ is None else environ).get(POSTURE_ENV, "raw")]


def read_bank_calls(posture: Posture, environ: Mapping[str, str] | None = None) -> int | None:
    """Read this replica's part of `Posture.bank_calls`; all of it if nothing is said."""
    said = (os.environ if environ is None else environ).get(BANK_CALLS_ENV)
    return int(said) if said else posture.bank_calls


class Bulkhead:
    """Places for payments: who finds none is refused and does not wait, so others keep theirs."""

    def __init__(self, places: int | None) -> None:
        self._free = None if places is None else threading.BoundedSemaphore(places)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place while the block runs.  Raises BankUnavailable (503)."""
        if self._free is None:
            yield
            return
        if not self._free.acquire(blocking=False):
            raise BankUnavailable
        try:
            yield
        finally:
            self._free.release()
