"""HTTP of the search service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contract import models
from microservices.border import answer, query
from microservices.search import operations
from microservices.service import Here

search = APIRouter()


@search.get("/api/search")
async def search_products(
    wanted: Annotated[models.SearchQuery, Depends(query(models.SearchQuery))], here: Here
) -> Response:
    return answer(await operations.search_products(here.database, here.fault, wanted))
