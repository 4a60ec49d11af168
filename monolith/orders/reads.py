"""What customers see of their placed orders."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contract import models
from contract.errors import OrderNotFound
from contract.faults import FaultPoint
from contract.money import euros
from monolith.database import AnyRow, Database
from monolith.orders import queries


def list_orders(database: Database, fault: FaultPoint, account_id: int,
                query: models.OrderQuery) -> models.OrderPage:
    """Return a page of placed orders, newest first."""
    fault.hit(account_id)
    with database.read() as connection:
        rows, total = queries.page_of_orders(connection, account_id, query.page_size,
                                             query.offset)
        items = queries.items_of(connection, [row.id for row in rows])
    return models.OrderPage(items=[shown(row, items[row.id]) for row in rows], page=query.page,
                            page_size=query.page_size, total=total)


def get_order(database: Database, fault: FaultPoint, account_id: int,
              order_id: UUID) -> models.Order:
    """Return one's own order.  Raises OrderNotFound (404)."""
    fault.hit(account_id)
    with database.read() as connection:
        row = queries.find_order(connection, account_id, order_id)
        if row is None:
            raise OrderNotFound
        items = queries.items_of(connection, [order_id])
    return shown(row, items[order_id])


def shown(row: AnyRow, items: Sequence[AnyRow]) -> models.Order:
    """Show an order and its items."""
    return models.Order(
        id=row.id, status=row.status, total=euros(row.total_minor), payment_id=row.payment_id,
        created_at=row.created_at,
        items=[
            models.OrderItem.model_construct(
                product_id=item.product_id, name=item.name, quantity=item.quantity,
                unit_price=euros(item.unit_price_minor))
            for item in items
        ])
