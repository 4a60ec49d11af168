"""The OpenAPI document: valid in its structure, and the endpoints' whole truth."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract import errors
from contract.endpoints import DEPENDS_ON, DOMAINS, ENDPOINTS, FEATURES, Endpoint
from contract.openapi import DOCS_FILES, docs_file, docs_page, document, document_json

ROOT = Path(__file__).parents[3]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
OPERATION_KEYS = {"operationId", "tags", "parameters", "responses", "security", "requestBody"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def test_the_document_has_the_parts_that_openapi_asks_for() -> None:
    whole = json.loads(document_json())
    assert whole == document()
    assert whole["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(whole["info"])
    assert all(path.startswith("/") for path in whole["paths"])
    for path, method, operation in operations():
        assert method in METHODS, path
        assert set(operation) <= OPERATION_KEYS, (path, method)
        assert operation["responses"]
        for status, response in operation["responses"].items():
            assert 100 <= int(status) < 600
            assert response["description"]


def test_every_reference_leads_somewhere() -> None:
    found = set(references(document()))
    assert found
    for reference in found:
        node: Any = document()
        assert reference.startswith("#/")
        for part in reference[2:].split("/"):
            node = node[part]
        assert isinstance(node, dict)


def test_every_endpoint_is_described_once() -> None:
    described = [(method.upper(), path, operation["operationId"])
                 for path, method, operation in operations()]
    assert sorted(described) == sorted((e.method, e.path, e.name) for e in ENDPOINTS)


def test_path_parameters_are_declared() -> None:
    for path, method, operation in operations():
        named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        declared = [p["name"] for p in operation["parameters"] if p["in"] == "path"]
        assert sorted(declared) == sorted(named), (path, method)
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")
        keys = [(p["name"], p["in"]) for p in operation["parameters"]]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_declared_errors_are_documented_with_their_status(endpoint: Endpoint) -> None:
    responses = document()["paths"][endpoint.path][endpoint.method.lower()]["responses"]
    assert str(endpoint.success) in responses
    for code in endpoint.errors:
        assert code in responses[str(errors.BY_CODE[code].status)]["description"]
    if endpoint.access != "public":
        assert "token_missing" in responses["401"]["description"]


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_an_endpoint_that_takes_input_can_refuse_it(endpoint: Endpoint) -> None:
    if endpoint.body:
        assert {"malformed_json", "body_too_large", "unsupported_media_type",
                "validation_failed"} <= set(endpoint.errors)
    if endpoint.query:
        assert "validation_failed" in endpoint.errors
    if endpoint.takes_idempotency_key:
        assert {"idempotency_key_missing", "idempotency_key_invalid",
                "idempotency_key_reused"} <= set(endpoint.errors)


def test_features_are_made_of_endpoints_and_domains() -> None:
    assert set(FEATURES) == set(DEPENDS_ON)
    assert set(FEATURES) <= {endpoint.feature for endpoint in ENDPOINTS}
    assert set().union(*DEPENDS_ON.values()) <= {*DOMAINS, "bank"}


def test_the_module_prints_the_document_that_stores_serve() -> None:
    printed = subprocess.run([sys.executable, "-m", "contract"], cwd=ROOT, check=True,
                             capture_output=True, timeout=60)
    assert printed.stdout == document_json()


def test_the_docs_page_needs_no_network() -> None:
    page = docs_page().decode()
    assert "http:" not in page
    assert "https:" not in page
    for name in DOCS_FILES:
        assert f"/docs/{name}" in page
        assert len(docs_file(name)) > 10_000
    with pytest.raises(errors.RouteNotFound):
        docs_file("../../etc/passwd")
