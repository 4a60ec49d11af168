"""HTTP of the search domain."""

from flask import Blueprint, Response

from contract import models
from monolith.border import answer, query
from monolith.search import operations
from monolith.store import store

search = Blueprint("search", __name__)


@search.get("/api/search")
def search_products() -> Response:
    wanted = query(models.SearchQuery)
    return answer(operations.search_products(store().database, store().faults["search"], wanted))
