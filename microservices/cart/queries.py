"""SQL of the cart service."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from microservices.cart.tables import cart_items, cleared

_MINE = cart_items.c.account_id == bindparam("account")
_THIS = cart_items.c.product_id == bindparam("product")
# Names and prices are a call away, where the monolith joins.
_LINES = select(cart_items.c.product_id, cart_items.c.quantity).where(_MINE).order_by(
    cart_items.c.product_id)
_OTHERS = select(func.count()).where(_MINE, cart_items.c.product_id != bindparam("product"))
_PUT = upsert(cart_items).values(account_id=bindparam("account"), product_id=bindparam("product"),
                                 quantity=bindparam("amount"))
_PUT = _PUT.on_conflict_do_update(
    index_elements=[cart_items.c.account_id, cart_items.c.product_id],
    set_={"quantity": _PUT.excluded.quantity, "added_at": func.now()})
_REMOVE = delete(cart_items).where(_MINE, _THIS)
_REMOVE_ALL_OF = delete(cart_items).where(
    _MINE, _THIS, cart_items.c.quantity <= bindparam("ordered"))
_REMOVE_SOME_OF = update(cart_items).where(
    _MINE, _THIS, cart_items.c.quantity > bindparam("ordered")
).values(quantity=cart_items.c.quantity - bindparam("ordered"), added_at=func.now())
_CLEAR = upsert(cleared).on_conflict_do_nothing().returning(cleared.c.order_id)


async def lines(connection: AsyncConnection, account_id: int) -> list[tuple[int, int]]:
    """Return (product id, quantity) in order of product id."""
    return [(row.product_id, row.quantity)
            for row in await connection.execute(_LINES, {"account": account_id})]


async def count_others(connection: AsyncConnection, account_id: int, product_id: int) -> int:
    """Count the lines of other products."""
    return int((await connection.execute(_OTHERS, {"account": account_id,
                                                   "product": product_id})).scalar_one())


async def put(connection: AsyncConnection, account_id: int, product_id: int,
              quantity: int) -> None:
    """Set the quantity of a line."""
    await connection.execute(_PUT, {"account": account_id, "product": product_id,
                                    "amount": quantity})


async def remove(connection: AsyncConnection, account_id: int, product_id: int) -> bool:
    """Remove a line; say whether there was one."""
    return (await connection.execute(_REMOVE, {"account": account_id,
                                               "product": product_id})).rowcount > 0


async def subtract(connection: AsyncConnection, account_id: int,
                   ordered: Sequence[tuple[int, int]]) -> None:
    """Take what was ordered out of the cart; what was put meanwhile stays, as put now."""
    given = [{"account": account_id, "product": product, "ordered": quantity}
             for product, quantity in ordered]
    if (await connection.execute(_REMOVE_ALL_OF, given)).rowcount < len(given):
        await connection.execute(_REMOVE_SOME_OF, given)


async def clear(connection: AsyncConnection, order_id: UUID) -> bool:
    """Remember that an order's lines are taken out; False if they were before."""
    return (await connection.execute(_CLEAR, {"order_id": order_id})).one_or_none() is not None
