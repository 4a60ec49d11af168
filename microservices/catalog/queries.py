"""SQL of the catalog service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from microservices.catalog.tables import categories, orders_seen, outbox, products, reservations
from microservices.database import AnyRow

Lines = Sequence[tuple[int, int]]
"""(product id, quantity) in order of product id: the order in which rows are locked."""

_PRODUCT = select(
    products.c.id, products.c.name, products.c.description, products.c.category,
    products.c.price_minor, products.c.on_hand,
).where(products.c.id == bindparam("id"))
_SUMMARY = select(products.c.id, products.c.name, products.c.category, products.c.price_minor)
_PAGE = _SUMMARY.order_by(products.c.id).limit(bindparam("limit")).offset(bindparam("offset"))
_PAGE_OF_CATEGORY = _PAGE.where(products.c.category == bindparam("category"))
_COUNT = select(func.count()).select_from(products)
_COUNT_OF_CATEGORY = _COUNT.where(products.c.category == bindparam("category"))
_CATEGORIES = select(categories.c.slug, categories.c.name).order_by(categories.c.position)
_CATEGORY = select(categories.c.slug).where(categories.c.slug == bindparam("slug"))
_QUOTE = select(products.c.id, products.c.name, products.c.price_minor).where(
    products.c.id.in_(bindparam("ids", expanding=True))).order_by(products.c.id)
_INSERT = insert(products).returning(products.c.id)
_LOCK = select(products.c.id, products.c.on_hand, products.c.price_minor).where(
    products.c.id == bindparam("id")).with_for_update()
_RESERVE = (
    update(products)
    .where(products.c.id == bindparam("product"), products.c.on_hand >= bindparam("quantity"))
    .values(on_hand=products.c.on_hand - bindparam("quantity"),
            reserved=products.c.reserved + bindparam("quantity"))
    .returning(products.c.id, products.c.name, products.c.price_minor)
)
_SELL = update(products).where(products.c.id == bindparam("product")).values(
    reserved=products.c.reserved - bindparam("quantity"),
    sold=products.c.sold + bindparam("quantity"))
_RELEASE = update(products).where(products.c.id == bindparam("product")).values(
    reserved=products.c.reserved - bindparam("quantity"),
    on_hand=products.c.on_hand + bindparam("quantity"))
_TAKE_BACK = update(products).where(products.c.id == bindparam("product")).values(
    sold=products.c.sold - bindparam("quantity"),
    on_hand=products.c.on_hand + bindparam("quantity"))
_SEE = upsert(orders_seen).on_conflict_do_nothing().returning(orders_seen.c.order_id)
_HOLD = insert(reservations)
_WAIT = select(reservations.c.product_id).where(
    reservations.c.order_id == bindparam("order")
).order_by(reservations.c.product_id).with_for_update()
_MOVE = update(reservations).where(
    reservations.c.order_id == bindparam("order"), reservations.c.status == bindparam("before")
).values(status=bindparam("after")).returning(reservations.c.product_id, reservations.c.quantity)
_DROP = delete(reservations).where(
    reservations.c.order_id == bindparam("order"), reservations.c.status == "held"
).returning(reservations.c.product_id, reservations.c.quantity)
_RESERVED = (
    select(products.c.id, products.c.name, products.c.price_minor)
    .join(reservations, reservations.c.product_id == products.c.id)
    .where(reservations.c.order_id == bindparam("order"),
           reservations.c.status.in_(("held", "sold")))
    .order_by(products.c.id)
)
_ANNOUNCE = insert(outbox)
# Below the oldest transaction still running nothing can appear any more: a reader that stops
# there never passes by a change that commits late.
_SETTLED: ColumnElement[int] = literal_column(
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_CHANGES = (
    select(outbox.c.transaction, outbox.c.number, products.c.id, products.c.name,
           products.c.description, products.c.category, products.c.price_minor)
    .join(products, products.c.id == outbox.c.product_id)
    .where(tuple_(outbox.c.transaction, outbox.c.number)
           > tuple_(bindparam("transaction"), bindparam("number")),
           outbox.c.transaction < _SETTLED)
    .order_by(outbox.c.transaction, outbox.c.number).limit(bindparam("limit"))
)


async def find_product(connection: AsyncConnection, product_id: int) -> AnyRow | None:
    """Return one product."""
    return (await connection.execute(_PRODUCT, {"id": product_id})).one_or_none()


async def page_of_products(connection: AsyncConnection, category: str | None, limit: int,
                           offset: int) -> tuple[Sequence[AnyRow], int]:
    """Return a page in order of id, and the number of all."""
    if category is None:
        rows = (await connection.execute(_PAGE, {"limit": limit, "offset": offset})).all()
        return rows, (await connection.execute(_COUNT)).scalar_one()
    given = {"category": category}
    rows = (await connection.execute(
        _PAGE_OF_CATEGORY, {"limit": limit, "offset": offset, **given})).all()
    return rows, (await connection.execute(_COUNT_OF_CATEGORY, given)).scalar_one()


async def all_categories(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Return every category in the shop's order."""
    return (await connection.execute(_CATEGORIES)).all()


async def category_exists(connection: AsyncConnection, slug: str) -> bool:
    """Say whether there is such a category."""
    return (await connection.execute(_CATEGORY, {"slug": slug})).one_or_none() is not None


async def quote(connection: AsyncConnection, product_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return today's names and prices in order of id."""
    return (await connection.execute(_QUOTE, {"ids": list(product_ids)})).all()


async def insert_product(connection: AsyncConnection, values: dict[str, Any]) -> int:
    """Insert a product; return its id."""
    return int((await connection.execute(_INSERT, values)).scalar_one())


async def lock_product(connection: AsyncConnection, product_id: int) -> AnyRow | None:
    """Lock a product's row; return its stock and price."""
    return (await connection.execute(_LOCK, {"id": product_id})).one_or_none()


async def update_product(connection: AsyncConnection, product_id: int,
                         values: dict[str, Any]) -> None:
    """Change columns of a product."""
    await connection.execute(update(products).where(products.c.id == product_id).values(values))


async def reserve(connection: AsyncConnection, product_id: int, quantity: int) -> AnyRow | None:
    """Move pieces from on hand to reserved; return name and price, None if too few are left."""
    return (await connection.execute(_RESERVE, {"product": product_id,
                                                "quantity": quantity})).one_or_none()


async def sell(connection: AsyncConnection, lines: Lines) -> None:
    """Move pieces from reserved to sold."""
    await connection.execute(_SELL, _each(lines))


async def release(connection: AsyncConnection, lines: Lines) -> None:
    """Move pieces from reserved back to on hand."""
    await connection.execute(_RELEASE, _each(lines))


async def take_back(connection: AsyncConnection, lines: Lines) -> None:
    """Move pieces from sold back to on hand."""
    await connection.execute(_TAKE_BACK, _each(lines))


async def see_order(connection: AsyncConnection, order_id: UUID) -> bool:
    """Remember an order; False if it is known.  Waits for whoever is writing it down now."""
    return (await connection.execute(_SEE, {"order_id": order_id})).one_or_none() is not None


async def hold(connection: AsyncConnection, order_id: UUID, lines: Lines) -> None:
    """Write down what an order holds."""
    await connection.execute(_HOLD, [
        {"order_id": order_id, "product_id": product, "quantity": quantity, "status": "held"}
        for product, quantity in lines])


async def move_held(connection: AsyncConnection, order_id: UUID, before: str,
                    after: str) -> list[tuple[int, int]]:
    """Move an order's lines from one state to another; return those that were in it."""
    rows = await connection.execute(_MOVE, {"order": order_id, "before": before, "after": after})
    return sorted((row.product_id, row.quantity) for row in rows)


async def wait_for_movers(connection: AsyncConnection, order_id: UUID) -> None:
    """Lock an order's lines: what another transaction does to them now is seen afterwards."""
    await connection.execute(_WAIT, {"order": order_id})


async def drop_held(connection: AsyncConnection, order_id: UUID) -> list[tuple[int, int]]:
    """Forget what an order holds; return it."""
    rows = await connection.execute(_DROP, {"order": order_id})
    return sorted((row.product_id, row.quantity) for row in rows)


async def reserved(connection: AsyncConnection, order_id: UUID) -> Sequence[AnyRow]:
    """Return names and prices of what an order holds."""
    return (await connection.execute(_RESERVED, {"order": order_id})).all()


async def announce(connection: AsyncConnection, product_id: int) -> None:
    """Put a change into the outbox."""
    await connection.execute(_ANNOUNCE, {"product_id": product_id})


async def changes(connection: AsyncConnection, transaction: int, number: int,
                  limit: int) -> Sequence[AnyRow]:
    """Return what changed after a position, in order, as it is now."""
    return (await connection.execute(_CHANGES, {"transaction": transaction, "number": number,
                                                "limit": limit})).all()


def _each(lines: Lines) -> list[dict[str, int]]:
    return [{"product": product, "quantity": quantity} for product, quantity in lines]
