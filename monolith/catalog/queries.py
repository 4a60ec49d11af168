"""SQL of the catalog domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from monolith.catalog.tables import categories, products
from monolith.database import AnyRow

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
    .returning(products.c.name, products.c.price_minor)
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


def find_product(connection: Connection, product_id: int) -> AnyRow | None:
    """Return one product."""
    return connection.execute(_PRODUCT, {"id": product_id}).one_or_none()


def page_of_products(connection: Connection, category: str | None, limit: int,
                     offset: int) -> tuple[Sequence[AnyRow], int]:
    """Return a page in order of id, and the number of all."""
    if category is None:
        rows = connection.execute(_PAGE, {"limit": limit, "offset": offset}).all()
        return rows, connection.execute(_COUNT).scalar_one()
    given = {"category": category}
    rows = connection.execute(_PAGE_OF_CATEGORY, {"limit": limit, "offset": offset, **given}).all()
    return rows, connection.execute(_COUNT_OF_CATEGORY, given).scalar_one()


def all_categories(connection: Connection) -> Sequence[AnyRow]:
    """Return every category in the shop's order."""
    return connection.execute(_CATEGORIES).all()


def category_exists(connection: Connection, slug: str) -> bool:
    """Say whether there is such a category."""
    return connection.execute(_CATEGORY, {"slug": slug}).one_or_none() is not None


def quote(connection: Connection, product_ids: Sequence[int]) -> Sequence[AnyRow]:
    """Return today's names and prices in order of id."""
    return connection.execute(_QUOTE, {"ids": list(product_ids)}).all()


def insert_product(connection: Connection, values: dict[str, Any]) -> int:
    """Insert a product; return its id."""
    return int(connection.execute(_INSERT, values).scalar_one())


def lock_product(connection: Connection, product_id: int) -> AnyRow | None:
    """Lock a product's row; return its stock and price."""
    return connection.execute(_LOCK, {"id": product_id}).one_or_none()


def update_product(connection: Connection, product_id: int, values: dict[str, Any]) -> None:
    """Change columns of a product."""
    connection.execute(update(products).where(products.c.id == product_id).values(values))


def reserve(connection: Connection, product_id: int, quantity: int) -> AnyRow | None:
    """Move pieces from on hand to reserved; return name and price, None if too few are left."""
    return connection.execute(_RESERVE, {"product": product_id,
                                         "quantity": quantity}).one_or_none()


def sell(connection: Connection, lines: Lines) -> None:
    """Move pieces from reserved to sold."""
    connection.execute(_SELL, _each(lines))


def release(connection: Connection, lines: Lines) -> None:
    """Move pieces from reserved back to on hand."""
    connection.execute(_RELEASE, _each(lines))


def take_back(connection: Connection, lines: Lines) -> None:
    """Move pieces from sold back to on hand."""
    connection.execute(_TAKE_BACK, _each(lines))


def _each(lines: Lines) -> list[dict[str, int]]:
    return [{"product": product, "quantity": quantity} for product, quantity in lines]
