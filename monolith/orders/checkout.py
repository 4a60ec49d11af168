"""A checkout: who buys, what is answered, and who works on it until when.

A request takes a lease on its checkout; once it has run out, `resume_checkouts` takes the checkout
over.  Who fails on the way, a request or the resumer, drops the lease here, and nobody waits for
the end of it.  They don't give it back themselves: the database may be what failed them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

_KEPT: Final = 10_000
"""Of more, the oldest are forgotten: those leases run out."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who checks out, under which Idempotency-Key; `request_id` goes into a refusal."""

    account_id: int
    key: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A checkout's answer, kept and replayed byte for byte."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """A checkout, by its order's id, and until when it is one's own: the fencing token."""

    order_id: UUID
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """A checkout after its first transaction."""

    lease: Lease
    total_minor: int


@dataclass(frozen=True, slots=True)
class Leases:
    """Leases of one process; `lease_s` is their length, in seconds.  Threads share it."""

    lease_s: float
    dropped: deque[Lease] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Of checkouts that nobody here works on any more; the resumer gives them back."""

    @contextmanager
    def held(self, lease: Lease) -> Iterator[Lease]:
        """Work on a checkout; if that fails, its lease is dropped."""
        try:
            yield lease
        except Exception:
            self.dropped.append(lease)
            raise
