"""Full-text search over names and descriptions."""

from __future__ import annotations

from contract import models
from contract.faults import FaultPoint
from contract.money import euros
from microservices.database import Database
from microservices.search import queries


async def search_products(database: Database, fault: FaultPoint,
                          query: models.SearchQuery) -> models.ProductPage:
    """Return a page of matches.  The index follows the catalog by some tenths of a second."""
    await fault.hit_async(query.q)
    async with database.read() as connection:
        rows, total = await queries.search(connection, query)
    items = [
        models.ProductSummary.model_construct(id=row.id, name=row.name, category=row.category,
                                              price=euros(row.price_minor))
        for row in rows
    ]
    return models.ProductPage(items=items, page=query.page, page_size=query.page_size,
                              total=total)
