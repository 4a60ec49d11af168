"""SQL of the payments service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from microservices.database import AnyRow
from microservices.payments.tables import payments

VISIBLE = ("captured", "refunding", "refunded")

_FIND = select(payments).where(
    payments.c.id == bindparam("id"), payments.c.account_id == bindparam("account"),
    payments.c.status.in_(VISIBLE))
_STATUS = select(payments.c.status).where(payments.c.order_id == bindparam("order"))
_INSERT = upsert(payments).on_conflict_do_nothing(
    index_elements=[payments.c.order_id]).returning(payments.c.id)
_MOVE = update(payments).where(
    payments.c.order_id == bindparam("order"),
    payments.c.status.in_(bindparam("before", expanding=True)),
).values(status=bindparam("after"))
_OPEN = select(payments.c.order_id, payments.c.status).where(
    payments.c.status.in_(("voiding", "refunding"))).limit(100)


async def find_payment(connection: AsyncConnection, account_id: int,
                       payment_id: UUID) -> AnyRow | None:
    """Return an account's payment."""
    return (await connection.execute(_FIND, {"id": payment_id,
                                             "account": account_id})).one_or_none()


async def insert_payment(connection: AsyncConnection, values: dict[str, Any]) -> bool:
    """Insert a payment; False if the order has one."""
    return (await connection.execute(_INSERT, values)).one_or_none() is not None


async def status_of(connection: AsyncConnection, order_id: UUID) -> str | None:
    """Return the state of an order's payment."""
    return (await connection.execute(_STATUS, {"order": order_id})).scalar_one_or_none()


async def move(connection: AsyncConnection, order_id: UUID, before: Sequence[str],
               after: str) -> bool:
    """Move an order's payment to another state; False if it was in none of those before."""
    return (await connection.execute(_MOVE, {"order": order_id, "before": list(before),
                                             "after": after})).rowcount > 0


async def unfinished(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return the payments that the bank must still void or refund."""
    return (await connection.execute(_OPEN)).all()
