"""Products, categories and stock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from contract import models
from contract.errors import CategoryNotFound, OutOfStock, ProductNotFound
from contract.faults import FaultPoint
from contract.money import euros
from monolith.catalog import queries
from monolith.catalog.tables import products
from monolith.database import AnyRow, Database


def list_products(database: Database, fault: FaultPoint,
                  query: models.ProductQuery) -> models.ProductPage:
    """Return a page of products.  Raises CategoryNotFound (404)."""
    fault.hit(query.category)
    with database.read() as connection:
        rows, total = queries.page_of_products(connection, query.category, query.page_size,
                                               query.offset)
        if not total and query.category and not queries.category_exists(connection,
                                                                        query.category):
            raise CategoryNotFound
    return models.ProductPage(items=[summary(row) for row in rows], page=query.page,
                              page_size=query.page_size, total=total)


def get_product(database: Database, fault: FaultPoint, product_id: int) -> models.Product:
    """Return one product.  Raises ProductNotFound (404)."""
    fault.hit(product_id)
    with database.read() as connection:
        row = queries.find_product(connection, product_id)
    if row is None:
        raise ProductNotFound
    return product(row)


def list_categories(database: Database, fault: FaultPoint) -> models.CategoryList:
    """Return every category."""
    fault.hit()
    with database.read() as connection:
        rows = queries.all_categories(connection)
    return models.CategoryList(
        items=[models.Category(slug=row.slug, name=row.name) for row in rows])


def create_product(database: Database, new: models.ProductCreate) -> models.Product:
    """Add a product.  Raises CategoryNotFound (404)."""
    with database.transaction() as connection:
        if not queries.category_exists(connection, new.category):
            raise CategoryNotFound
        product_id = queries.insert_product(connection, {
            "name": new.name, "description": new.description, "category": new.category,
            "price_minor": new.price.amount_minor, "on_hand": new.stock, "received": new.stock,
        })
    return models.Product(
        id=product_id, name=new.name, description=new.description, category=new.category,
        price=euros(new.price.amount_minor), stock=new.stock)


def change_product(database: Database, product_id: int,
                   patch: models.ProductPatch) -> models.Product:
    """Set price, stock or both.  Raises ProductNotFound (404)."""
    with database.transaction() as connection:
        locked = queries.lock_product(connection, product_id)
        if locked is None:
            raise ProductNotFound
        queries.update_product(connection, product_id, changes(locked, patch))
        row = queries.find_product(connection, product_id)
    assert row is not None
    return product(row)


def quote_products(connection: Connection, product_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return today's names and prices of those that exist, in order of id."""
    return queries.quote(connection, product_ids)


def reserve_stock(connection: Connection, fault: FaultPoint,
                  lines: queries.Lines) -> list[AnyRow]:
    """Reserve every line or none, in the caller's transaction; return names and prices.

    Rows are locked in order of product id, so that two checkouts can't wait for each other.
    Raises OutOfStock (409).
    """
    fault.hit(lines)
    reserved: list[AnyRow] = []
    for product_id, quantity in lines:
        row = queries.reserve(connection, product_id, quantity)
        if row is None:
            if reserved:  # cheaper than a savepoint around every checkout
                queries.release(connection, lines[: len(reserved)])
            raise OutOfStock(f"there are fewer than {quantity} of product {product_id}")
        reserved.append(row)
    return reserved


def sell_reserved(connection: Connection, lines: queries.Lines) -> None:
    """Count reserved pieces as sold, in the caller's transaction."""
    queries.sell(connection, lines)


def release_stock(connection: Connection, lines: queries.Lines) -> None:
    """Put reserved pieces back, in the caller's transaction."""
    queries.release(connection, lines)


def take_back(connection: Connection, lines: queries.Lines) -> None:
    """Put sold pieces back, in the caller's transaction."""
    queries.take_back(connection, lines)


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


