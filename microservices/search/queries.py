"""SQL of the search service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, collate, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from contract import models
from microservices.database import AnyRow
from microservices.search.tables import documents, feed

_TERMS = func.websearch_to_tsquery("english", bindparam("q"))
_ORDER = {
    "relevance": (func.ts_rank_cd(documents.c.tsv, _TERMS).desc(),),
    "price_asc": (documents.c.price_minor,),
    "price_desc": (documents.c.price_minor.desc(),),
    "name": (collate(documents.c.name, "C"),),
}
_POSITION = select(feed.c.transaction, feed.c.number)
_LOCK_POSITION = _POSITION.with_for_update()
_ADVANCE = update(feed).values(transaction=bindparam("tx"), number=bindparam("no"))
_INDEX = upsert(documents)
_INDEX = _INDEX.on_conflict_do_update(
    index_elements=[documents.c.product_id],
    set_={name: _INDEX.excluded[name]
          for name in ("name", "description", "category", "price_minor")})


async def search(connection: AsyncConnection,
                 query: models.SearchQuery) -> tuple[Sequence[AnyRow], int]:
    """Return a page of matches, best first, and the number of all."""
    given = {"q": query.q, "category": query.category, "min_price": query.min_price,
             "max_price": query.max_price}
    filters = tuple(name for name, value in given.items() if value is not None)
    used = {name: given[name] for name in filters}
    rows = (await connection.execute(_page(query.sort, filters), {
        **used, "limit": query.page_size, "offset": query.offset})).all()
    if rows or query.page == 1:
        return rows, rows[0].total if rows else 0
    return rows, (await connection.execute(_count(filters), used)).scalar_one()


async def position(connection: AsyncConnection) -> AnyRow:
    """Return how far the catalog has been followed."""
    return (await connection.execute(_POSITION)).one()


async def lock_position(connection: AsyncConnection) -> AnyRow:
    """The same, and let nobody else advance it meanwhile."""
    return (await connection.execute(_LOCK_POSITION)).one()


async def advance(connection: AsyncConnection, transaction: int, number: int) -> None:
    """Write down how far the catalog has been followed."""
    await connection.execute(_ADVANCE, {"tx": transaction, "no": number})


async def index(connection: AsyncConnection, changed: list[dict[str, Any]]) -> None:
    """Write documents into the index, new or changed."""
    await connection.execute(_INDEX, changed)


@cache
def _page(sort: str, filters: tuple[str, ...]) -> Select[Any]:
    columns = (documents.c.product_id.label("id"), documents.c.name, documents.c.category,
               documents.c.price_minor, func.count().over().label("total"))
    return (_filtered(select(*columns), filters).order_by(*_ORDER[sort], documents.c.product_id)
            .limit(bindparam("limit")).offset(bindparam("offset")))


@cache
def _count(filters: tuple[str, ...]) -> Select[Any]:
    return _filtered(select(func.count()).select_from(documents), filters)


def _filtered(statement: Select[Any], filters: tuple[str, ...]) -> Select[Any]:
    conditions = {
        "q": documents.c.tsv.op("@@")(_TERMS),
        "category": documents.c.category == bindparam("category"),
        "min_price": documents.c.price_minor >= bindparam("min_price"),
        "max_price": documents.c.price_minor <= bindparam("max_price"),
    }
    return statement.where(*(conditions[name] for name in filters))
