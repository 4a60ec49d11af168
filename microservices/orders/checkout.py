"""A checkout: who buys, what is answered, and who works on it until when.

A request takes a lease on its checkout; once it has run out, `resume_checkouts` takes the checkout
over.  A request that fails leaves its lease here, and nobody waits for the end of it.  It does
not give it back itself: the database may be what it failed of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from microservices.messages import PaymentRef

_AGAIN_S: Final = 1.0
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
    """A checkout before its payment."""

    lease: Lease
    payment: PaymentRef


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of one process; `lease_s` is their length.  Requests share it."""

    lease_s: float
    dropped: deque[Lease] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @property
    def again_s(self) -> float:
        """How soon a checkout that could not be finished is tried again."""
        return min(self.lease_s, _AGAIN_S)

    @contextmanager
    def held(self, lease: Lease) -> Iterator[None]:
        """Work on a checkout; if that fails, its lease is dropped."""
        try:
            yield
        except Exception:
            self.dropped.append(lease)
            raise
