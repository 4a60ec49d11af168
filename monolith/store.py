"""What a running monolith consists of; made once in app.py, handed to operations by routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app

from contract.faults import FaultPoint
from contract.instruments import Pool
from monolith.database import Database
from monolith.orders.checkout import Leases
from monolith.payments.bank import Bank
from monolith.settings import Settings


@dataclass(frozen=True, slots=True)
class Store:
    """The parts of one process."""

    settings: Settings
    database: Database
    bank: Bank
    leases: Leases
    faults: dict[str, FaultPoint]
    """By module."""
    threads: Pool
    """Threads of the server that answer requests."""


def store() -> Store:
    """The store of the request's application."""
    return cast(Store, current_app.extensions["twinstore"])
