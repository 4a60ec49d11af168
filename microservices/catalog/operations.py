"""Products, categories and stock.

What orders ask for (`reserve_stock` and what follows it) may be asked twice, and may arrive late:
the order's id decides, in the transaction that moves the stock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from contract import models
from contract.errors import CategoryNotFound, OutOfStock, ProductNotFound
from contract.faults import FaultPoint
from contract.money import euros
from microservices import messages
from microservices.catalog import queries
from microservices.catalog.tables import products
from microservices.database import AnyRow, Database

_CHANGES_AT_ONCE: Final = 500


async def list_products(database: Database, fault: FaultPoint,
                        query: models.ProductQuery) -> models.ProductPage:
    """Return a page of products.  Raises CategoryNotFound (404)."""
    await fault.hit_async(query.category)
    async with database.read() as connection:
        rows, total = await queries.page_of_products(connection, query.category, query.page_size,
                                                     query.offset)
        if not total and query.category and not await queries.category_exists(connection,
                                                                              query.category):
            raise CategoryNotFound
    return models.ProductPage(items=[summary(row) for row in rows], page=query.page,
                              page_size=query.page_size, total=total)


async def get_product(database: Database, fault: FaultPoint, product_id: int) -> models.Product:
    """Return one product.  Raises ProductNotFound (404)."""
    await fault.hit_async(product_id)
    async with database.read() as connection:
        row = await queries.find_product(connection, product_id)
    if row is None:
        raise ProductNotFound
    return product(row)


async def list_categories(database: Database, fault: FaultPoint) -> models.CategoryList:
    """Return every category."""
    await fault.hit_async()
    async with database.read() as connection:
        rows = await queries.all_categories(connection)
    return models.CategoryList(
        items=[models.Category(slug=row.slug, name=row.name) for row in rows])


async def create_product(database: Database, new: models.ProductCreate) -> models.Product:
    """Add a product.  Raises CategoryNotFound (404)."""
    async with database.transaction() as connection:
        if not await queries.category_exists(connection, new.category):
            raise CategoryNotFound
        product_id = await queries.insert_product(connection, {
            "name": new.name, "description": new.description, "category": new.category,
            "price_minor": new.price.amount_minor, "on_hand": new.stock, "received": new.stock,
        })
        await queries.announce(connection, product_id)
    return models.Product(
        id=product_id, name=new.name, description=new.description, category=new.category,
        price=euros(new.price.amount_minor), stock=new.stock)


async def change_product(database: Database, product_id: int,
                         patch: models.ProductPatch) -> models.Product:
    """Set price, stock or both.  Raises ProductNotFound (404)."""
    async with database.transaction() as connection:
        locked = await queries.lock_product(connection, product_id)
        if locked is None:
            raise ProductNotFound
        await queries.update_product(connection, product_id, changes(locked, patch))
        if patch.price is not None:
            await queries.announce(connection, product_id)
        row = await queries.find_product(connection, product_id)
    assert row is not None
    return product(row)


async def quote_products(database: Database, fault: FaultPoint,
                         product_ids: Sequence[int]) -> list[messages.Quote]:
    """Return today's names and prices; products that don't exist are left out."""
    await fault.hit_async(product_ids)
    async with database.read() as connection:
        rows = await queries.quote(connection, product_ids)
    return [quote(row) for row in rows]


async def reserve_stock(database: Database, fault: FaultPoint, order_id: UUID,
                        lines: queries.Lines) -> list[messages.Quote]:
    """Reserve every line or none, in one transaction; return names and prices.

    Idempotent once granted; a refusal leaves no trace, so who was refused must not ask again.
    Rows are locked in order of product id, so that two checkouts can't wait for each other.
    Raises OutOfStock (409), also when the order was released before.
    """
    await fault.hit_async(lines)
    reserved = []
    async with database.transaction() as connection:
        if not await queries.see_order(connection, order_id):
            known = await queries.reserved(connection, order_id)
            if not known:
                raise OutOfStock("the order was given up before")
            return [quote(row) for row in known]
        for product_id, quantity in lines:
            row = await queries.reserve(connection, product_id, quantity)
            if row is None:
                raise OutOfStock(f"there are fewer than {quantity} of product {product_id}")
            reserved.append(quote(row))
        await queries.hold(connection, order_id, lines)
    return reserved


async def sell_reserved(database: Database, order_id: UUID) -> None:
    """Count an order's reserved pieces as sold.  Idempotent."""
    async with database.transaction() as connection:
        if lines := await queries.move_held(connection, order_id, "held", "sold"):
            await queries.sell(connection, lines)


async def release_stock(database: Database, order_id: UUID) -> None:
    """Put an order's reserved pieces back and refuse a reservation that comes late.  Idempotent."""
    async with database.transaction() as connection:
        await queries.see_order(connection, order_id)
        if lines := await queries.drop_held(connection, order_id):
            await queries.release(connection, lines)


async def take_back(database: Database, order_id: UUID) -> None:
    """Put an order's pieces back, sold or (if selling was still to come) reserved.  Idempotent.

    They may be on their way from one to the other: then neither statement would find them.
    """
    async with database.transaction() as connection:
        await queries.wait_for_movers(connection, order_id)
        if lines := await queries.move_held(connection, order_id, "sold", "returned"):
            await queries.take_back(connection, lines)
        if lines := await queries.drop_held(connection, order_id):
            await queries.release(connection, lines)


async def list_changes(database: Database, after: messages.Position) -> messages.Changes:
    """Return what changed after a position: for search."""
    async with database.read() as connection:
        rows = await queries.changes(connection, after.transaction, after.number, _CHANGES_AT_ONCE)
    position = (messages.Position(transaction=rows[-1].transaction, number=rows[-1].number)
                if rows else after)
    latest = {row.id: messages.Document(
        product_id=row.id, name=row.name, description=row.description, category=row.category,
        price_minor=row.price_minor) for row in rows}
    return messages.Changes(position=position, documents=list(latest.values()))


def changes(locked: AnyRow, patch: models.ProductPatch) -> dict[str, Any]:
    """Turn a patch into columns; new stock moves `received` by the difference."""
    values: dict[str, Any] = {}
    if patch.price is not None:
        values["price_minor"] = patch.price.amount_minor
    if patch.stock is not None:
        values["on_hand"] = patch.stock
        values["received"] = products.c.received + (patch.stock - locked.on_hand)
    return values


def summary(row: AnyRow) -> models.ProductSummary:
    """Show a row as lists do."""
    return models.ProductSummary.model_construct(
        id=row.id, name=row.name, category=row.category, price=euros(row.price_minor))


def product(row: AnyRow) -> models.Product:
    """Show a row as the product page does."""
    return models.Product.model_construct(
        id=row.id, name=row.name, category=row.category, price=euros(row.price_minor),
        description=row.description, stock=row.on_hand)


def quote(row: AnyRow) -> messages.Quote:
    """Show a row to other services."""
    return messages.Quote.model_construct(id=row.id, name=row.name, price_minor=row.price_minor)
