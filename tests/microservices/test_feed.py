"""Search follows the catalog: nothing is skipped, whatever the order of commits."""

from __future__ import annotations

import json
from typing import Any

import psycopg


def price_in_search(shop: Any, product: int, name: str) -> int | None:
    found = json.loads(shop.ask("GET", f"/api/search?q={name}&page_size=100").body)["items"]
    return next((item["price"]["amount_minor"] for item in found if item["id"] == product), None)


def set_price(shop: Any, product: int, amount: int) -> None:
    body = {"price": {"amount_minor": amount, "currency": "EUR"}}
    assert shop.ask("PATCH", f"/api/products/{product}", 1, body).status == 200


def test_a_change_of_price_is_found_after_following(shop: Any) -> None:
    set_price(shop, 3, 4242)
    assert shop.follow() == 1
    assert shop.follow() == 0
    assert price_in_search(shop, 3, "3") == 4242


def test_a_new_product_is_found_after_following(shop: Any) -> None:
    new = {"name": "Zeppelin", "description": "", "category": "toys", "stock": 1,
           "price": {"amount_minor": 5, "currency": "EUR"}}
    product = json.loads(shop.ask("POST", "/api/products", 1, new).body)
    shop.follow()
    assert price_in_search(shop, product["id"], "zeppelin") == 5


def test_a_transaction_that_commits_late_is_not_passed_by(shop: Any) -> None:
    with psycopg.connect(shop.urls["catalog"]) as late:
        late.execute("UPDATE products SET price_minor = 77 WHERE id = 4")
        late.execute("INSERT INTO outbox (product_id) VALUES (4)")
        set_price(shop, 3, 4242)  # numbered later, committed earlier
        assert shop.follow() == 0
        late.commit()
    assert shop.follow() == 2
    assert (price_in_search(shop, 3, "3"), price_in_search(shop, 4, "4")) == (4242, 77)


def test_a_position_that_is_put_back_is_followed_again(shop: Any) -> None:
    set_price(shop, 3, 4242)
    shop.follow()
    shop.rows("search", "UPDATE feed SET transaction = 0, number = 0 RETURNING 1")
    shop.rows("search", "UPDATE documents SET price_minor = 1 WHERE product_id = 3 RETURNING 1")
    assert shop.follow() == 1
    assert price_in_search(shop, 3, "3") == 4242
