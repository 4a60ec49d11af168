"""SQL of the orders service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from microservices.database import AnyRow
from microservices.orders.checkout import Lease
from microservices.orders.tables import checkouts, order_items, orders

VISIBLE = ("confirmed", "cancelling", "cancelled")

_LEASE = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("lease_s"))
_CLAIM = upsert(checkouts).values(
    account_id=bindparam("account"), idempotency_key=bindparam("key"),
    request_hash=bindparam("hash"), order_id=bindparam("order"), state="reserving",
    lease_until=_LEASE,
).on_conflict_do_nothing().returning(checkouts.c.lease_until)
_BY_KEY = select(checkouts).where(checkouts.c.account_id == bindparam("account"),
                                  checkouts.c.idempotency_key == bindparam("key"))
_CONFIRMING = select(checkouts.c.order_id).where(checkouts.c.account_id == bindparam("account"),
                                                 checkouts.c.state == "confirming")
_THIS = checkouts.c.order_id == bindparam("order")
_CHECKOUT = select(checkouts).where(_THIS)
_LOCK_CHECKOUT = _CHECKOUT.with_for_update()
_FREE_KEY = delete(checkouts).where(_THIS, checkouts.c.state == "reserving",
                                    checkouts.c.lease_until == bindparam("own"))
_ADVANCE = update(checkouts).where(_THIS, checkouts.c.state == bindparam("before")).values(
    state=bindparam("after"), lease_until=_LEASE).returning(checkouts.c.lease_until)
_REPLY = update(checkouts).where(_THIS).values(
    response_status=bindparam("status"), response_body=bindparam("body"), state=bindparam("now"),
    lease_until=_LEASE).returning(checkouts.c.lease_until)
_EXPIRED = (
    select(checkouts.c.order_id)
    .where(checkouts.c.state.not_in(("done", "undone")), checkouts.c.lease_until < func.now())
    .order_by(checkouts.c.lease_until).limit(1).with_for_update(skip_locked=True)
)
_RENEW = update(checkouts).where(_THIS).values(
    lease_until=_LEASE).returning(checkouts.c.lease_until)
_GIVE_BACK = update(checkouts).where(
    _THIS, checkouts.c.lease_until == bindparam("own")).values(lease_until=func.now())
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
_SET_STATUS = update(orders).where(
    orders.c.id == bindparam("order"), orders.c.status == bindparam("before")
).values(status=bindparam("after")).returning(orders)
_CANCELLING = select(orders.c.id).where(orders.c.status == "cancelling").limit(100)


async def claim_key(connection: AsyncConnection, values: dict[str, Any]) -> Lease | None:
    """Take an Idempotency-Key, on a lease; None if somebody has the key, or the account is at
    the checkout under another one."""
    until = (await connection.execute(_CLAIM, values)).scalar_one_or_none()
    return None if until is None else Lease(values["order"], until)


async def free_key(connection: AsyncConnection, own: Lease) -> bool:
    """Give a key back under which nothing has happened; False if it is somebody else's by now."""
    return (await connection.execute(_FREE_KEY, {"order": own.order_id,
                                                 "own": own.lease_until})).rowcount > 0


async def find_by_key(connection: AsyncConnection, account_id: int, key: str) -> AnyRow | None:
    """Return the checkout under a key."""
    return (await connection.execute(_BY_KEY, {"account": account_id, "key": key})).one_or_none()


async def confirming(connection: AsyncConnection, account_id: int) -> Sequence[UUID]:
    """Return an account's confirmed orders of which not all others have heard."""
    return (await connection.execute(_CONFIRMING, {"account": account_id})).scalars().all()


async def find_checkout(connection: AsyncConnection, order_id: UUID) -> AnyRow:
    """Return an order's checkout."""
    return (await connection.execute(_CHECKOUT, {"order": order_id})).one()


async def lock_checkout(connection: AsyncConnection, order_id: UUID) -> AnyRow:
    """Lock a checkout's row."""
    return (await connection.execute(_LOCK_CHECKOUT, {"order": order_id})).one()


async def advance(connection: AsyncConnection, order_id: UUID, before: str, after: str,
                  lease_s: float) -> Lease | None:
    """Move a checkout to its next state, on a new lease; None if somebody else moved it."""
    until = (await connection.execute(_ADVANCE, {
        "order": order_id, "before": before, "after": after,
        "lease_s": lease_s})).scalar_one_or_none()
    return None if until is None else Lease(order_id, until)


async def store_reply(connection: AsyncConnection, order_id: UUID, status: int, body: bytes,
                      state: str, lease_s: float) -> Lease:
    """Keep a checkout's final answer, on a new lease; what remains to be done is in its state."""
    kept = await connection.execute(_REPLY, {"order": order_id, "status": status, "body": body,
                                             "now": state, "lease_s": lease_s})
    return Lease(order_id, kept.scalar_one())


async def take_over(connection: AsyncConnection, lease_s: float) -> Lease | None:
    """Take over one checkout whose lease ran out; return one's own, if there is one."""
    row = (await connection.execute(_EXPIRED)).one_or_none()
    if row is None:
        return None
    renewed = await connection.execute(_RENEW, {"order": row.order_id, "lease_s": lease_s})
    return Lease(row.order_id, renewed.scalar_one())


async def give_back(connection: AsyncConnection, own: Lease) -> None:
    """End one's own lease of a checkout now, unless it is somebody else's by now."""
    await connection.execute(_GIVE_BACK, {"order": own.order_id, "own": own.lease_until})


async def insert_order(connection: AsyncConnection, values: dict[str, Any],
                       items: Sequence[dict[str, Any]]) -> Any:
    """Insert an order and its items; return when it was made."""
    created_at = (await connection.execute(_INSERT, values)).scalar_one()
    await connection.execute(_INSERT_ITEM, list(items))
    return created_at


async def find_any_order(connection: AsyncConnection, order_id: UUID) -> AnyRow | None:
    """Return an order in whatever state."""
    return (await connection.execute(_ORDER, {"id": order_id})).one_or_none()


async def find_order(connection: AsyncConnection, account_id: int,
                     order_id: UUID) -> AnyRow | None:
    """Return an account's placed order."""
    return (await connection.execute(_VISIBLE_ORDER, {"id": order_id,
                                                      "account": account_id})).one_or_none()


async def lock_order(connection: AsyncConnection, account_id: int,
                     order_id: UUID) -> AnyRow | None:
    """Lock and return an account's placed order."""
    return (await connection.execute(_LOCK_ORDER, {"id": order_id,
                                                   "account": account_id})).one_or_none()


async def page_of_orders(connection: AsyncConnection, account_id: int, limit: int,
                         offset: int) -> tuple[Sequence[AnyRow], int]:
    """Return a page of an account's placed orders, newest first, and the number of all."""
    rows = (await connection.execute(_PAGE, {"account": account_id, "limit": limit,
                                             "offset": offset})).all()
    return rows, (await connection.execute(_COUNT, {"account": account_id})).scalar_one()


async def items_of(connection: AsyncConnection,
                   order_ids: Sequence[UUID]) -> dict[UUID, list[AnyRow]]:
    """Return the items of orders, in order of product id."""
    found: dict[UUID, list[AnyRow]] = {order_id: [] for order_id in order_ids}
    if order_ids:
        for row in await connection.execute(_ITEMS, {"orders": list(order_ids)}):
            found[row.order_id].append(row)
    return found


async def set_status(connection: AsyncConnection, order_id: UUID, before: str,
                     after: str) -> AnyRow | None:
    """Move an order to another state and return it; None if it is not in the one before."""
    row: AnyRow | None = (await connection.execute(_SET_STATUS, {
        "order": order_id, "before": before, "after": after})).one_or_none()
    return row


async def cancelling(connection: AsyncConnection) -> Sequence[UUID]:
    """Return the orders whose refund the bank has not yet confirmed."""
    return (await connection.execute(_CANCELLING)).scalars().all()
