"""The request that this task is answering: its id travels with every call it causes."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class Exchange:
    """One request."""

    request_id: str
    deadline: float | None = None
    """By when it is to be answered: monotonic seconds (`microservices.policy`)."""


CURRENT: Final[ContextVar[Exchange | None]] = ContextVar("exchange", default=None)
"""None outside a request, as in background work."""
