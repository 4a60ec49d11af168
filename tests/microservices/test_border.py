"""What a service refuses, and what it says about itself."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from contract.errors import Problem
from contract.http import read_work


def code(answer: Any) -> str:
    return Problem.model_validate_json(answer.body).code


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nothing", 404), ("GET", "/api/products/", 404), ("GET", "/api", 404),
    ("HEAD", "/api/products", 405), ("OPTIONS", "/api/products/1", 405),
    ("DELETE", "/api/products/1", 405), ("GET", "/api/accounts", 405),
    ("HEAD", "/nothing", 404), ("POST", "/livez", 405), ("GET", "/openapi", 404),
    ("POST", "/internal/quote_products", 404),
])
def test_wrong_addresses_and_methods_are_problems(shop: Any, method: str, path: str,
                                                  status: int) -> None:
    answer = shop.ask(method, path)
    assert answer.status == status
    assert code(answer) == {404: "route_not_found", 405: "method_not_allowed"}[status]
    assert answer.headers["x-request-id"]


def test_internal_operations_need_the_service_token(shop: Any) -> None:
    for token in ({}, {"X-Service-Token": ""}, {"X-Service-Token": "wrong"},
                  {"X-Service-Token": "wr\u00f6ng"}):
        answer = shop.run(shop.wire.inner.send(
            "catalog", "POST", "/internal/quote_products", shop.headers(2, **token),
            b'{"ids": [1]}'))
        assert (answer.status, code(answer)) == (401, "token_invalid")


def test_the_request_id_travels(shop: Any) -> None:
    shop.put(2, 3)
    answer = shop.ask("GET", "/api/cart", 2, **{"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert shop.ask("GET", "/api/cart", 2, **{"X-Request-ID": "no spaces"}).headers[
        "x-request-id"] != "no spaces"


def work_of(answer: Any) -> tuple[int, int, int]:
    work = read_work(answer.headers["x-work"])
    return work.calls, work.statements, work.rows


def test_every_answer_says_what_it_needed_in_all_services(shop: Any) -> None:
    shop.ask("GET", "/readyz")  # a first connection asks the server who it is
    put = shop.ask("PUT", "/api/cart/items/1", 2, {"quantity": 3})
    assert work_of(put) == (1, 5, 4)
    assert work_of(shop.ask("GET", "/api/cart", 2)) == (1, 2, 2)
    assert work_of(shop.ask("GET", "/api/products/1")) == (0, 1, 1)
    assert work_of(shop.ask("GET", "/api/products?page_size=7")) == (0, 2, 8)
    assert work_of(shop.ask("GET", "/api/products/0")) == (0, 0, 0)
    assert work_of(shop.ask("GET", "/livez")) == (0, 0, 0)
    assert work_of(shop.order(2)) == (5, 20, 19)


def test_background_work_belongs_to_no_answer(open_shop: Any) -> None:
    shop = open_shop(resume_every_s=0.001, lease_s=10)
    shop.put(2, 1)
    shop.order(2)
    assert {work_of(shop.ask("GET", "/api/orders", 2)) for _ in range(30)} == {(0, 3, 3)}


def test_large_bodies_are_refused(shop: Any) -> None:
    answer = shop.ask("PUT", "/api/cart/items/1", 2, {"quantity": "9" * (1024 * 1024)})
    assert (answer.status, code(answer)) == (413, "body_too_large")


def test_who_asks_is_checked_before_what_is_asked(shop: Any) -> None:
    assert code(shop.ask("POST", "/api/products", None, {"no": 1})) == "token_missing"
    assert code(shop.ask("POST", "/api/products", 2, {"no": 1})) == "role_forbidden"
    assert code(shop.ask("POST", "/api/products", 1, {"no": 1})) == "validation_failed"
    assert code(shop.ask("POST", "/api/orders", 2, {"no": 1})) == "validation_failed"
    assert code(shop.ask("POST", "/api/orders", 2,
                         {"card_token": "tok_approve"})) == "idempotency_key_missing"


def test_a_defect_is_an_internal_error_without_details(
        shop: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("microservices.catalog.queries.find_product", fail)
    answer = shop.ask("GET", "/api/products/1")
    assert (answer.status, code(answer)) == (500, "internal_error")
    assert b"secret" not in answer.body
    assert answer.headers["x-request-id"] in caplog.text


def test_readyz_is_honest_when_one_database_is_gone(shop: Any) -> None:
    assert shop.ask("GET", "/readyz").status == 200
    with psycopg.connect(shop.urls["cart"], autocommit=True) as admin:
        admin.execute("ALTER DATABASE payments ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                      "WHERE datname = 'payments'")
        try:
            answer = shop.ask("GET", "/readyz")
            health = json.loads(answer.body)
            assert answer.status == 503
            assert [part for part, state in health["parts"].items() if state != "ok"] \
                == ["payments"]
            assert shop.ask("GET", "/livez").status == 200
            assert shop.ask("GET", "/api/products/1").status == 200
            shop.put(2, 3)
            assert shop.order(2).status == 503
        finally:
            admin.execute("ALTER DATABASE payments ALLOW_CONNECTIONS true")
    assert shop.ask("GET", "/readyz").status == 200
    for _ in range(2):
        shop.resume()
    shop.assert_consistent()


def test_an_account_registers_signs_in_and_uses_its_token(shop: Any) -> None:
    new = {"email": "New@example.org", "name": "New", "password": "correct horse"}
    account = json.loads(shop.ask("POST", "/api/accounts", None, new).body)
    assert code(shop.ask("POST", "/api/accounts", None, new)) == "email_taken"
    wrong = shop.ask("POST", "/api/sessions", None,
                     {"email": "new@example.org", "password": "wrong"})
    nobody = shop.ask("POST", "/api/sessions", None,
                      {"email": "nobody@example.org", "password": "wrong"})
    assert (code(wrong), code(nobody)) == ("credentials_wrong", "credentials_wrong")
    session = shop.ask("POST", "/api/sessions", None,
                       {"email": "new@example.org", "password": "correct horse"})
    token = json.loads(session.body)["token"]
    cart = shop.ask("GET", "/api/cart", None, **{"Authorization": f"Bearer {token}"})
    assert cart.status == 200
    assert account["role"] == "customer"
