"""SQL of the payments domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, insert, select, update

from monolith.database import AnyRow
from monolith.payments.tables import payments

VISIBLE = ("captured", "refunding", "refunded")

_FIND = select(payments).where(
    payments.c.id == bindparam("id"), payments.c.account_id == bindparam("account"),
    payments.c.status.in_(VISIBLE))
_INSERT = insert(payments)
_SET_STATUS = update(payments).where(payments.c.order_id == bindparam("order")).values(
    status=bindparam("now"))
_STATUS = select(payments.c.status).where(payments.c.order_id == bindparam("order"))
_MOVE = _SET_STATUS.where(payments.c.status == bindparam("before"))
_VOIDING = select(payments.c.order_id).where(payments.c.status == "voiding").limit(100)


def find_payment(connection: Connection, account_id: int, payment_id: UUID) -> AnyRow | None:
    """Return an account's payment."""
    return connection.execute(_FIND, {"id": payment_id, "account": account_id}).one_or_none()


def insert_payment(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a pending payment."""
    connection.execute(_INSERT, values)


def set_status(connection: Connection, order_id: UUID, status: str) -> None:
    """Move an order's payment to another state."""
    connection.execute(_SET_STATUS, {"order": order_id, "now": status})


def status_of(connection: Connection, order_id: UUID) -> str:
    """Return the state of an order's payment."""
    status: str = connection.execute(_STATUS, {"order": order_id}).scalar_one()
    return status


def move(connection: Connection, order_id: UUID, before: str, now: str) -> bool:
    """Move an order's payment to another state; False if it was not in the one before."""
    return connection.execute(_MOVE, {"order": order_id, "before": before,
                                      "now": now}).rowcount > 0


def voiding(connection: Connection) -> Sequence[UUID]:
    """Return the orders whose charges must still be voided at the bank."""
    return connection.execute(_VOIDING).scalars().all()
