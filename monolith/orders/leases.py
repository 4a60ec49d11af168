"""Who works on a checkout until when, and the checkouts nobody works on any more.

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

_KEPT: Final = 10_000
"""Of more, the oldest are forgotten: those leases run out."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A checkout, by its order's id, and until when it is one's own: the fencing token."""

    order_id: UUID
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of one process; `lease_s` is their length.  Threads share it."""

    lease_s: float
    dropped: deque[Lease] = field(default_factory=lambda: deque(maxlen=_KEPT))

    @contextmanager
    def held(self, lease: Lease) -> Iterator[None]:
        """Work on a checkout; if that fails, its lease is dropped."""
        try:
            yield
        except Exception:
            self.dropped.append(lease)
            raise
