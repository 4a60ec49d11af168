"""The OpenAPI 3.1 document, built from `contract.endpoints`; both stores serve these bytes."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from contract import errors
from contract.access import access_codes
from contract.endpoints import ENDPOINTS, Endpoint
from contract.http import IDEMPOTENCY_HEADER, REQUEST_ID_HEADER

_REF = "#/components/schemas/{model}"
_COMMON_ERRORS = ("internal_error", "database_unavailable", "dependency_unavailable")


@cache
def document() -> dict[str, Any]:
    """Return the whole document as JSON-ready data."""
    bodies: set[type[BaseModel]] = {errors.Problem}
    for endpoint in ENDPOINTS:
        bodies.update(model for model in (endpoint.body, endpoint.response) if model)
    ordered = sorted(bodies, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "validation") for model in ordered],
                                    ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "twinstore",
            "version": "1",
            "description": "One shop, built twice. Both stores serve this document.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


@cache
def document_json() -> bytes:
    """Return the document as the bytes that are served and printed."""
    return (json.dumps(document(), indent=2, ensure_ascii=False) + "\n").encode()


def docs_page() -> bytes:
    """Return the page that shows the document; its files come from `docs_file`."""
    return (
        b'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>twinstore API</title>'
        b'<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="ui"></div>'
        b'<script src="/docs/swagger-ui-bundle.js"></script>'
        b"<script>SwaggerUIBundle({url:'/openapi.json',dom_id:'#ui'})</script></body></html>"
    )


DOCS_FILES = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}


@cache
def docs_file(name: str) -> bytes:
    """Return one file of Swagger UI (no network needed).  Raises RouteNotFound (404)."""
    from pathlib import Path

    from swagger_ui_bundle import swagger_ui_path

    if name not in DOCS_FILES:
        raise errors.RouteNotFound
    return (Path(swagger_ui_path) / name).read_bytes()


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.domain],
        "parameters": [*_parameters(endpoint)],
        "responses": _responses(endpoint),
    }
    if endpoint.access != "public":
        operation["security"] = [{"bearer": []}]
    if endpoint.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(endpoint.body)}},
        }
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    found = [
        {"name": part[1:-1], "in": "path", "required": True, "schema": _path_schema(part[1:-1])}
        for part in endpoint.path.split("/")
        if part.startswith("{")
    ]
    if endpoint.query:
        schema = endpoint.query.model_json_schema()
        for name, field in schema["properties"].items():
            found.append({
                "name": name,
                "in": "query",
                "required": name in schema.get("required", ()),
                "schema": _without_null(field),
            })
    if endpoint.takes_idempotency_key:
        found.append({
            "name": IDEMPOTENCY_HEADER,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255,
                       "pattern": "^[\\x21-\\x7e]+$"},
        })
    found.append({
        "name": REQUEST_ID_HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    })
    return found


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is given or not; it is never null."""
    choices = [choice for choice in field.get("anyOf", ()) if choice != {"type": "null"}]
    if not choices:
        return field
    rest = {key: value for key, value in field.items() if key not in ("anyOf", "default")}
    return {**rest, **choices[0]}


def _path_schema(name: str) -> dict[str, Any]:
    if name == "product_id":
        return {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
    return {"type": "string", "format": "uuid"}


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    headers = {REQUEST_ID_HEADER: {"schema": {"type": "string"}}}
    success: dict[str, Any] = {"description": "Success", "headers": headers}
    if endpoint.response:
        success["content"] = {"application/json": {"schema": _ref(endpoint.response)}}
    codes = [*endpoint.errors, *_COMMON_ERRORS, *access_codes(endpoint)]
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(errors.BY_CODE[code].status, []).append(code)
    return {
        str(endpoint.success): success,
        **{
            str(status): {
                "description": ", ".join(names),
                "headers": headers,
                "content": {errors.PROBLEM_MEDIA_TYPE: {"schema": _ref(errors.Problem)}},
            }
            for status, names in sorted(by_status.items())
        },
    }


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REF.format(model=model.__name__)}
