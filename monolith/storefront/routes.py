"""Health and documentation.  The pages of the shop will stand here."""

from flask import Blueprint, Response

from contract import models
from contract.http import JSON_MEDIA_TYPE
from contract.openapi import DOCS_FILES, docs_file, docs_page, document_json
from monolith.border import answer
from monolith.store import store
from monolith.storefront import operations

storefront = Blueprint("storefront", __name__)


@storefront.get("/livez")
def livez() -> Response:
    return answer(models.Health(status="ok"))


@storefront.get("/readyz")
def readyz() -> Response:
    health = operations.check_health(store().database)
    return answer(health, 200 if health.status == "ok" else 503)


@storefront.get("/openapi.json")
def openapi() -> Response:
    return Response(document_json(), content_type=JSON_MEDIA_TYPE)


@storefront.get("/docs")
def docs() -> Response:
    return Response(docs_page(), content_type="text/html; charset=utf-8")


@storefront.get("/docs/<name>")
def docs_asset(name: str) -> Response:
    return Response(docs_file(name), content_type=DOCS_FILES[name])
