"""Health and documentation.  The pages of the shop will stand here."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from contract import models
from contract.http import JSON_MEDIA_TYPE
from contract.openapi import DOCS_FILES, docs_file, docs_page, document_json
from microservices.border import answer
from microservices.peers import Peers
from microservices.storefront import operations

storefront = APIRouter()


async def the_peers(request: Request) -> Peers:
    """The other services: all that the storefront has."""
    return cast(Peers, request.app.state.peers)


@storefront.get("/livez")
async def livez() -> Response:
    return answer(models.Health(status="ok"))


@storefront.get("/readyz")
async def readyz(peers: Annotated[Peers, Depends(the_peers)]) -> Response:
    health = await operations.check_health(peers)
    return answer(health, 200 if health.status == "ok" else 503)


@storefront.get("/openapi.json")
async def openapi() -> Response:
    return Response(document_json(), media_type=JSON_MEDIA_TYPE)


@storefront.get("/docs")
async def docs() -> Response:
    return Response(docs_page(), media_type="text/html")


@storefront.get("/docs/{name}")
async def docs_asset(name: str) -> Response:
    return Response(docs_file(name), headers={"Content-Type": DOCS_FILES[name]})
