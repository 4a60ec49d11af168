"""What HTTP asks of the monolith before any operation runs."""

from __future__ import annotations

import io
import json
from typing import Any

import psycopg
import pytest

from contract.http import read_work

CLOSED = "postgresql+psycopg://nobody:nothing@127.0.0.1:1/none"


@pytest.mark.parametrize(("method", "path", "status"), [
    ("HEAD", "/api/products", 405), ("OPTIONS", "/api/products", 405),
    ("HEAD", "/api/sessions", 405), ("OPTIONS", "/api/sessions", 405),
    ("GET", "/api/sessions", 405), ("DELETE", "/livez", 405), ("TRACE", "/livez", 405),
    ("OPTIONS", "/api/nothing", 404), ("HEAD", "/api/nothing", 404),
    ("GET", "/api/products/", 404), ("GET", "/api//products", 404), ("GET", "/docs/", 404),
    ("GET", "/docs/../app.py", 404), ("GET", "/docs/other.js", 404),
])
def test_addresses_and_methods_are_taken_literally(shop: Any, method: str, path: str,
                                                   status: int) -> None:
    answer = shop.ask(method, path)
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"]
    assert answer.content_type == "application/problem+json"


def test_the_request_id_is_taken_over_and_stands_in_the_problem(shop: Any) -> None:
    answer = shop.ask("GET", "/api/products/0", headers={"X-Request-ID": "from-outside.1"})
    assert answer.headers["X-Request-ID"] == "from-outside.1"
    assert json.loads(answer.data)["request_id"] == "from-outside.1"


def work_of(answer: Any) -> tuple[int, int, int]:
    work = read_work(answer.headers["x-work"])
    return work.calls, work.statements, work.rows


def test_every_answer_says_what_it_needed(shop: Any) -> None:
    shop.ask("GET", "/readyz")  # a first connection asks the server who it is
    put = shop.ask("PUT", "/api/cart/items/1", 2, {"quantity": 3})
    assert work_of(put) == (0, 4, 4)
    assert work_of(shop.ask("GET", "/api/cart", 2)) == (0, 1, 1)
    assert work_of(shop.ask("GET", "/api/products/1")) == (0, 1, 1)
    assert work_of(shop.ask("GET", "/api/products?page_size=7")) == (0, 2, 8)
    assert work_of(shop.ask("GET", "/api/products/0")) == (0, 0, 0)
    assert work_of(shop.ask("GET", "/livez")) == (0, 0, 0)
    assert work_of(shop.order(2)) == (0, 13, 13)


def test_background_work_belongs_to_no_answer(open_shop: Any) -> None:
    shop = open_shop(resume_every_s=0.001)
    shop.put(2, 1)
    shop.order(2)
    assert {work_of(shop.ask("GET", "/api/orders", 2)) for _ in range(30)} == {(0, 3, 3)}


def test_a_declared_length_over_the_limit_is_refused_unread(shop: Any) -> None:
    body = io.BytesIO(b" " * 2_000_000)
    answer = shop.ask("POST", "/api/sessions", input_stream=body, content_length=2_000_000,
                      content_type="application/json")
    assert answer.status_code == 413
    assert body.tell() == 0


def test_a_body_without_length_is_read_up_to_the_limit(shop: Any) -> None:
    body = io.BytesIO(b" " * 3_000_000)
    answer = shop.ask("POST", "/api/sessions", input_stream=body, content_type="application/json",
                      environ_overrides={"wsgi.input_terminated": True})
    assert answer.status_code == 413
    assert body.tell() < 1_200_000


def test_who_asks_is_checked_before_what_is_asked(shop: Any) -> None:
    assert shop.ask("POST", "/api/products", body={}).status_code == 401
    assert shop.ask("POST", "/api/products", 2, {}).status_code == 403
    assert shop.ask("POST", "/api/products", 1, {}).status_code == 422


def test_an_account_that_is_gone_is_not_a_defect(shop: Any) -> None:
    answer = shop.ask("PUT", "/api/cart/items/1", 999_999, {"quantity": 1})
    assert answer.status_code == 401


def test_health_is_honest_when_the_database_is_gone(open_shop: Any) -> None:
    open_shop()
    shop = open_shop(database_url=CLOSED)
    assert shop.ask("GET", "/livez").status_code == 200
    ready = shop.ask("GET", "/readyz")
    assert ready.status_code == 503
    assert json.loads(ready.data)["parts"] == {"database": "unavailable"}
    answer = shop.ask("GET", "/api/products/1")
    assert answer.status_code == 503
    assert json.loads(answer.data)["code"] == "database_unavailable"


def test_times_are_utc_whatever_the_server_says(shop: Any, open_shop: Any) -> None:
    name = shop.rows("SELECT current_database()")[0][0]
    shop.put(2, 1)
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
    shop = open_shop()
    try:
        assert shop.rows("SHOW timezone") == [("Asia/Tokyo",)]
        assert json.loads(shop.order(2).data)["created_at"].endswith("Z")
    finally:
        with psycopg.connect(shop.url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} RESET timezone")
