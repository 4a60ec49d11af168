"""SQL of the search domain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, collate, func, select

from contract import models
from monolith.database import AnyRow
from monolith.search.tables import documents

_TERMS = func.websearch_to_tsquery("english", bindparam("q"))
_ORDER = {
    "relevance": (func.ts_rank_cd(documents.c.tsv, _TERMS).desc(),),
    "price_asc": (documents.c.price_minor,),
    "price_desc": (documents.c.price_minor.desc(),),
    "name": (collate(documents.c.name, "C"),),
}


def search(connection: Connection, query: models.SearchQuery) -> tuple[Sequence[AnyRow], int]:
    """Return a page of matches, best first, and the number of all."""
    given = {"q": query.q, "category": query.category, "min_price": query.min_price,
             "max_price": query.max_price}
    filters = tuple(name for name, value in given.items() if value is not None)
    used = {name: given[name] for name in filters}
    rows = connection.execute(_page(query.sort, filters), {
        **used, "limit": query.page_size, "offset": query.offset}).all()
    if rows or query.page == 1:
        return rows, rows[0].total if rows else 0
    return rows, connection.execute(_count(filters), used).scalar_one()


@cache
def _page(sort: str, filters: tuple[str, ...]) -> Select[Any]:
    columns = (documents.c.id, documents.c.name, documents.c.category, documents.c.price_minor,
               func.count().over().label("total"))
    return (_filtered(select(*columns), filters).order_by(*_ORDER[sort], documents.c.id)
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
