"""Full-text search over names and descriptions."""

from __future__ import annotations

from contract import models
from contract.faults import FaultPoint
from contract.money import euros
from monolith.database import Database
from monolith.search import queries


def search_products(database: Database, fault: FaultPoint,
                    query: models.SearchQuery) -> models.ProductPage:
    """Return a page of matches.  The index is a column of the product: always current."""
    fault.hit(query.q)
    with database.read() as connection:
        rows, total = queries.search(connection, query)
    items = [
        models.ProductSummary.model_construct(id=row.id, name=row.name, category=row.category,
                                              price=euros(row.price_minor))
        for row in rows
    ]
    return models.ProductPage(items=items, page=query.page, page_size=query.page_size,
                              total=total)
