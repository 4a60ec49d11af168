"""Before any load: do both stores hold the same data and keep the contract?

A short journey through every feature (the whole contract suite is tests/contract/); a store
that fails it is not measured.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
import urllib3

from contract import seed
from contract.endpoints import BY_NAME
from contract.errors import Problem
from contract.http import IDEMPOTENCY_HEADER, REQUEST_ID_HEADER
from contract.receipt import has_passed
from lab.deploy.stack import Stack
from lab.errors import LabError
from lab.scenario import DataKeys

_SEED_SQL: Final[dict[str, tuple[str, str]]] = {
    "categories": ("catalog", 'SELECT slug, name FROM categories ORDER BY name COLLATE "C"'),
    "products": ("catalog", "SELECT id, name, description, category, price_minor, on_hand "
                            "FROM products ORDER BY id"),
    "accounts": ("accounts", "SELECT id, email, name, role, password_hash FROM accounts "
                             "ORDER BY id"),
}
_TIMEOUT: Final = urllib3.Timeout(total=10)


class VerificationError(LabError):
    """A store is not what it must be; nothing was measured."""


def require_receipt() -> None:
    """Refuse to measure stores that were not shown to do the same work.

    Raises VerificationError.
    """
    if not has_passed():
        raise VerificationError(
            "the contract suite has not passed for these sources, so it is not known that both "
            "stores do the same work; nothing was measured.\n"
            "  make contract                        runs it (a few minutes)\n"
            "  twinstore run SCENARIO --unverified  measures all the same, and says so on page one")


def check_stack(stack: Stack, data: DataKeys) -> tuple[str, bool]:
    """Hold a new stack against the seed data and the contract; return its digest and True.

    Raises VerificationError.
    """
    name = stack.topology.name
    found = digest_of(stack.database_urls)
    if found != seed.digest(
            seed.generate(data.seed, data.products, data.customers, data.scarce)):
        raise VerificationError(f"{name} does not hold the seed data; nothing was measured")
    if failures := smoke(stack.base_url):
        raise VerificationError(f"{name} does not keep the contract; nothing was measured:\n  "
                                + "\n  ".join(failures))
    return found, True


@dataclass(frozen=True, slots=True)
class Ask:
    """What is sent besides the endpoint's name."""

    token: str | None = None
    path: dict[str, Any] = field(default_factory=dict)
    query: str | None = None
    body: dict[str, Any] | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a store."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def digest_of(database_urls: dict[str, str]) -> str:
    """Hash what a store's databases hold as `contract.seed.digest` hashes the seed."""
    tables: dict[str, list[tuple[Any, ...]]] = {}
    for table, (domain, sql) in _SEED_SQL.items():
        url = database_urls.get(domain) or database_urls["monolith"]
        with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
            tables[table] = connection.execute(sql).fetchall()
    order = {row.slug: index for index, row in enumerate(seed.generate().categories)}
    tables["categories"].sort(key=lambda row: order.get(row[0], len(order)))
    return seed.digest_rows(tables)


def smoke(base_url: str) -> list[str]:
    """Walk once through every feature; return what was not as the contract says."""
    http = urllib3.PoolManager(maxsize=2)
    wrong: list[str] = []

    def call(name: str, expect: int | None = None, **given: Any) -> Answer:
        answer = _call(http, base_url, name, Ask(**given))
        expected = expect or BY_NAME[name].success
        if answer.status != expected:
            wrong.append(f"{name}: {answer.status} instead of {expected}: {answer.body}")
        elif (model := BY_NAME[name].response if expected < 400 else Problem) is not None:
            try:
                model.model_validate_json(json.dumps(answer.body))
            except ValueError as invalid:
                wrong.append(f"{name}: {invalid}")
        if REQUEST_ID_HEADER.lower() not in answer.headers:
            wrong.append(f"{name}: no {REQUEST_ID_HEADER}")
        return answer

    _walk(call)
    http.clear()
    return wrong


def _walk(call: Callable[..., Answer]) -> None:
    call("readyz")
    call("list_categories")
    call("list_products", query="page_size=5&category=kitchen")
    call("get_product", path={"product_id": 7})
    call("get_product", path={"product_id": 999_999_999}, expect=404)
    call("search_products", query="q=lamp&sort=price_asc")
    call("search_products", query="", expect=422)
    email = f"smoke-{uuid.uuid4().hex[:12]}@twinstore.example"
    credentials = {"email": email, "password": "a password for the smoke test"}
    call("register_account", body={**credentials, "name": "Smoke Test"})
    token = call("sign_in", body=credentials).body.get("token", "")
    call("show_cart", expect=401)
    call("put_item", token=token, path={"product_id": 7}, body={"quantity": 2})
    call("put_item", token=token, path={"product_id": 8}, body={"quantity": 0}, expect=422)
    call("show_cart", token=token)
    pay = {"token": token, "body": {"card_token": "tok_approve"}}
    call("place_order", token=token, body={"card_token": "tok_decline"}, key="declined",
         expect=402)
    order = call("place_order", **pay, key="approved").body
    replay = call("place_order", **pay, key="approved").body
    if order != replay:
        raise VerificationError("the same Idempotency-Key did not replay the same answer")
    call("place_order", **pay, key="empty", expect=409)
    order_id = order.get("id", "")
    call("get_order", token=token, path={"order_id": order_id})
    call("list_orders", token=token)
    call("get_payment", token=token, path={"payment_id": order.get("payment_id", "")})
    call("cancel_order", token=token, path={"order_id": order_id})


def _call(http: urllib3.PoolManager, base_url: str, name: str, ask: Ask) -> Answer:
    endpoint = BY_NAME[name]
    headers = {"Content-Type": "application/json"} if ask.body is not None else {}
    if ask.token:
        headers["Authorization"] = f"Bearer {ask.token}"
    if ask.key:
        headers[IDEMPOTENCY_HEADER] = ask.key
    query = f"?{ask.query}" if ask.query else ""
    answer = http.request(
        endpoint.method, base_url + endpoint.path.format(**ask.path) + query, headers=headers,
        body=json.dumps(ask.body) if ask.body is not None else None, timeout=_TIMEOUT,
        retries=False,
    )
    try:
        document = json.loads(answer.data) if answer.data else {}
    except ValueError:
        document = {"not JSON": answer.data[:200].decode("latin-1")}
    return Answer(answer.status, document,
                  {name.lower(): value for name, value in answer.headers.items()})
