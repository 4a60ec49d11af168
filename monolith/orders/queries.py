"""SQL of the orders domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from monolith.database import AnyRow
from monolith.orders.checkout import Lease
from monolith.orders.tables import checkouts, order_items, orders

VISIBLE = ("confirmed", "cancelling", "cancelled")

_LEASE = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("lease_s"))
_CLAIM = upsert(checkouts).values(
    account_id=bindparam("account"), idempotency_key=bindparam("key"),
    request_hash=bindparam("hash"), order_id=bindparam("order"), state="started",
    lease_until=_LEASE,
).on_conflict_do_nothing().returning(checkouts.c.lease_until)
_BY_KEY = select(checkouts).where(checkouts.c.account_id == bindparam("account"),
                                  checkouts.c.idempotency_key == bindparam("key"))
_LOCK_CHECKOUT = select(checkouts).where(
    checkouts.c.order_id == bindparam("order")).with_for_update()
_REPLY = update(checkouts).where(checkouts.c.order_id == bindparam("order")).values(
    response_status=bindparam("status"), response_body=bindparam("body"), state=bindparam("now"))
_EXPIRED = (
    select(checkouts.c.order_id)
    .where(checkouts.c.response_status.is_(None), checkouts.c.lease_until < func.now())
    .order_by(checkouts.c.lease_until).limit(1).with_for_update(skip_locked=True)
)
_RENEW = update(checkouts).where(checkouts.c.order_id == bindparam("order")).values(
    lease_until=_LEASE).returning(checkouts.c.lease_until)
_GIVE_BACK = update(checkouts).where(
    checkouts.c.order_id == bindparam("order"), checkouts.c.lease_until == bindparam("own"),
).values(lease_until=func.now())
_ORDER = select(orders).where(orders.c.id == bindparam("id"))
_MINE = orders.c.account_id == bindparam("account")
_VISIBLE_ORDER = _ORDER.where(_MINE, orders.c.status.in_(VISIBLE))
_LOCK_ORDER = _VISIBLE_ORDER.with_for_update()
_PAGE = (
    select(orders).where(_MINE, orders.c.status.in_(VISIBLE))
    .order_by(orders.c.created_at.desc(), orders.c.id)
    .limit(bindparam("limit")).offset(bindparam("offset"))
)
_COUNT = select(func.count()).select_from(orders).where(_MINE, orders.c.status.in_(VISIBLE))
_ITEMS = select(order_items).where(
    order_items.c.order_id.in_(bindparam("orders", expanding=True))
).order_by(order_items.c.order_id, order_items.c.product_id)
_INSERT = insert(orders).returning(orders.c.created_at)
_INSERT_ITEM = insert(order_items)
_SET_STATUS = update(orders).where(orders.c.id == bindparam("order")).values(
    status=bindparam("now")).returning(orders)
_CANCELLING = select(orders.c.id, orders.c.account_id).where(
    orders.c.status == "cancelling").limit(100)


def claim_key(connection: Connection, values: dict[str, Any]) -> Lease | None:
    """Take an Idempotency-Key, on a lease; None if somebody has the key, or the account is at
    the checkout under another one."""
    until = connection.execute(_CLAIM, values).scalar_one_or_none()
    return None if until is None else Lease(values["order"], until)


def find_by_key(connection: Connection, account_id: int, key: str) -> AnyRow | None:
    """Return the checkout under a key."""
    return connection.execute(_BY_KEY, {"account": account_id, "key": key}).one_or_none()


def lock_checkout(connection: Connection, order_id: UUID) -> AnyRow:
    """Lock a checkout's row."""
    return connection.execute(_LOCK_CHECKOUT, {"order": order_id}).one()


def store_reply(connection: Connection, order_id: UUID, status: int, body: bytes) -> None:
    """Keep a checkout's final answer."""
    connection.execute(_REPLY, {"order": order_id, "status": status, "body": body,
                                "now": "done" if status == 201 else "undone"})


def take_over(connection: Connection, lease_s: float) -> Lease | None:
    """Take over one checkout whose lease ran out; return one's own, if there is one."""
    row = connection.execute(_EXPIRED).one_or_none()
    if row is None:
        return None
    until = connection.execute(_RENEW, {"order": row.order_id, "lease_s": lease_s}).scalar_one()
    return Lease(row.order_id, until)


def give_back(connection: Connection, own: Lease) -> None:
    """End one's own lease of a checkout now, unless it is somebody else's by now."""
    connection.execute(_GIVE_BACK, {"order": own.order_id, "own": own.lease_until})


def insert_order(connection: Connection, values: dict[str, Any],
                 items: Sequence[dict[str, Any]]) -> Any:
    """Insert an order and its items; return when it was made."""
    created_at = connection.execute(_INSERT, values).scalar_one()
    connection.execute(_INSERT_ITEM, list(items))
    return created_at


def find_order(connection: Connection, account_id: int, order_id: UUID) -> AnyRow | None:
    """Return an account's placed order."""
    return connection.execute(_VISIBLE_ORDER, {"id": order_id,
                                               "account": account_id}).one_or_none()


def lock_order(connection: Connection, account_id: int, order_id: UUID) -> AnyRow | None:
    """Lock and return an account's placed order."""
    return connection.execute(_LOCK_ORDER, {"id": order_id, "account": account_id}).one_or_none()


def page_of_orders(connection: Connection, account_id: int, limit: int,
                   offset: int) -> tuple[Sequence[AnyRow], int]:
    """Return a page of an account's placed orders, newest first, and the number of all."""
    rows = connection.execute(_PAGE, {"account": account_id, "limit": limit,
                                      "offset": offset}).all()
    return rows, connection.execute(_COUNT, {"account": account_id}).scalar_one()


def items_of(connection: Connection, order_ids: Sequence[UUID]) -> dict[UUID, list[AnyRow]]:
    """Return the items of orders, in order of product id."""
    found: dict[UUID, list[AnyRow]] = {order_id: [] for order_id in order_ids}
    if order_ids:
        for row in connection.execute(_ITEMS, {"orders": list(order_ids)}):
            found[row.order_id].append(row)
    return found


def set_status(connection: Connection, order_id: UUID, status: str) -> AnyRow:
    """Move an order to another state; return it."""
    return connection.execute(_SET_STATUS, {"order": order_id, "now": status}).one()


def cancelling(connection: Connection) -> Sequence[AnyRow]:
    """Return the orders whose refund the bank has not yet confirmed."""
    return connection.execute(_CANCELLING).all()
