"""A customer's cart."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from contract import models
from contract.errors import CartFull, ProductNotFound
from contract.faults import FaultPoint
from contract.money import euros, total_minor
from monolith.cart import queries
from monolith.catalog import operations as catalog
from monolith.database import AnyRow, Database


def show_cart(database: Database, faults: dict[str, FaultPoint],
              account_id: int) -> models.Cart:
    """Return the cart at today's names and prices."""
    faults["cart"].hit(account_id)
    with database.read() as connection:
        rows = queries.priced_lines(connection, account_id)
    _quote(faults["catalog"], rows)
    return priced(rows)


def put_item(database: Database, faults: dict[str, FaultPoint], account_id: int, product_id: int,
             quantity: int) -> models.Cart:
    """Set the quantity of a product.  Raises ProductNotFound (404) and CartFull (409).

    Both points are passed before the transaction: no connection is held while a fault acts.
    """
    faults["cart"].hit(product_id)
    faults["catalog"].hit([product_id])
    with database.transaction() as connection:
        if not catalog.quote_products(connection, [product_id]):
            raise ProductNotFound
        if queries.count_others(connection, account_id, product_id) >= models.MAX_CART_LINES:
            raise CartFull
        queries.put(connection, account_id, product_id, quantity)
        rows = queries.priced_lines(connection, account_id)
    return priced(rows)


def remove_item(database: Database, faults: dict[str, FaultPoint], account_id: int,
                product_id: int) -> models.Cart:
    """Take a product out.  Raises ProductNotFound (404) if it is not in the cart."""
    faults["cart"].hit(product_id)
    with database.transaction() as connection:
        if not queries.remove(connection, account_id, product_id):
            raise ProductNotFound
        rows = queries.priced_lines(connection, account_id)
    _quote(faults["catalog"], rows)
    return priced(rows)


def remove_ordered(connection: Connection, account_id: int,
                   ordered: Sequence[tuple[int, int]]) -> None:
    """Take what was ordered out of the cart, in the caller's transaction."""
    queries.subtract(connection, account_id, ordered)


def list_lines(connection: Connection, fault: FaultPoint,
               account_id: int) -> list[tuple[int, int]]:
    """Return what is in the cart, without names and prices: for orders."""
    fault.hit(account_id)
    return queries.lines(connection, account_id)


def priced(rows: Sequence[AnyRow]) -> models.Cart:
    """Show lines with their names, prices and total."""
    total = total_minor((row.price_minor, row.quantity) for row in rows)
    return models.Cart(
        items=[
            models.CartItem.model_construct(
                product_id=row.product_id, name=row.name, quantity=row.quantity,
                unit_price=euros(row.price_minor),
                line_total=euros(row.price_minor * row.quantity))
            for row in rows
        ],
        total=euros(total))


def _quote(fault: FaultPoint, rows: Sequence[AnyRow]) -> None:
    """Pass the catalog's fault point: the join read what the twin asks the catalog for."""
    if rows:
        fault.hit(rows)
