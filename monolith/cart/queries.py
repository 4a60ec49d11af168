"""SQL of the cart domain."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from monolith.cart.tables import cart_items
from monolith.catalog.tables import products
from monolith.database import AnyRow

_MINE = cart_items.c.account_id == bindparam("account")
_THIS = cart_items.c.product_id == bindparam("product")
# The join that the split turns into a call.
_PRICED = (
    select(cart_items.c.product_id, cart_items.c.quantity, products.c.name,
           products.c.price_minor)
    .join(products, products.c.id == cart_items.c.product_id)
    .where(_MINE).order_by(cart_items.c.product_id)
)
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


def priced_lines(connection: Connection, account_id: int) -> Sequence[AnyRow]:
    """Return the cart's lines with today's names and prices, in order of product id."""
    return connection.execute(_PRICED, {"account": account_id}).all()


def lines(connection: Connection, account_id: int) -> list[tuple[int, int]]:
    """Return (product id, quantity) in order of product id."""
    return [(row.product_id, row.quantity)
            for row in connection.execute(_LINES, {"account": account_id})]


def count_others(connection: Connection, account_id: int, product_id: int) -> int:
    """Count the lines of other products."""
    return int(connection.execute(_OTHERS, {"account": account_id,
                                            "product": product_id}).scalar_one())


def put(connection: Connection, account_id: int, product_id: int, quantity: int) -> None:
    """Set the quantity of a line."""
    connection.execute(_PUT, {"account": account_id, "product": product_id,
                              "amount": quantity})


def remove(connection: Connection, account_id: int, product_id: int) -> bool:
    """Remove a line; say whether there was one."""
    return connection.execute(_REMOVE, {"account": account_id,
                                        "product": product_id}).rowcount > 0


def subtract(connection: Connection, account_id: int,
             ordered: Sequence[tuple[int, int]]) -> None:
    """Take what was ordered out of the cart; what was put meanwhile stays, as put now."""
    given = [{"account": account_id, "product": product, "ordered": quantity}
             for product, quantity in ordered]
    if connection.execute(_REMOVE_ALL_OF, given).rowcount < len(given):
        connection.execute(_REMOVE_SOME_OF, given)
