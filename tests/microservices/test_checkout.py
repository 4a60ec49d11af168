"""Checkout as a saga: outcomes, replays, and hot items."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest


def code(answer: Any) -> str:
    return str(json.loads(answer.body)["code"])


def test_a_paid_order_sells_the_stock_and_empties_the_cart(shop: Any) -> None:
    before = shop.stock(3)
    shop.put(2, 3, 2)
    answer = shop.order(2)
    assert answer.status == 201, answer.body
    placed = json.loads(answer.body)
    assert placed["status"] == "confirmed"
    assert shop.stock(3) == (before[0] - 2, 0, 2)
    assert shop.cart(2) == []
    payment = shop.ask("GET", f"/api/payments/{placed['payment_id']}", 2)
    assert json.loads(payment.body)["status"] == "captured"
    assert shop.bank.kinds() == ["capture"]
    shop.assert_consistent({placed["id"]})


def test_a_declined_card_gives_the_stock_back_and_keeps_the_cart(shop: Any) -> None:
    before = shop.stock(3)
    shop.put(2, 3, 2)
    answer = shop.order(2, "tok_decline")
    assert (answer.status, code(answer)) == (402, "card_declined")
    assert answer.headers["content-type"] == "application/problem+json"
    assert shop.stock(3) == before
    assert shop.cart(2) == [(3, 2)]
    shop.assert_consistent()


def test_a_bank_that_fails_costs_nothing(shop: Any) -> None:
    shop.put(2, 3)
    answer = shop.order(2, "tok_error")
    assert (answer.status, code(answer)) == (503, "bank_unavailable")
    assert shop.cart(2) == [(3, 1)]
    shop.resume()
    assert shop.bank.kinds() == ["void"]
    shop.assert_consistent()


def test_a_bank_slower_than_the_deadline_is_voided(shop: Any) -> None:
    shop.put(2, 3)
    answer = shop.order(2, "tok_slow")
    assert code(answer) == "bank_unavailable"
    shop.resume()
    shop.bank.wait_for_late_charges()
    assert shop.bank.kinds() == ["void", "capture"]  # the capture is the one waited with
    shop.assert_consistent()


def test_too_little_stock_is_refused_whole(shop: Any) -> None:
    shop.set_stock(5, 1)
    shop.put(2, 3)
    shop.put(2, 5, 2)
    answer = shop.order(2)
    assert (answer.status, code(answer)) == (409, "out_of_stock")
    assert shop.stock(3)[1:] == (0, 0)
    assert shop.bank.kinds() == []
    shop.assert_consistent()


def test_an_empty_cart_leaves_the_key_free(shop: Any) -> None:
    assert code(shop.order(2, key="k")) == "cart_empty"
    shop.put(2, 3)
    assert shop.order(2, key="k").status == 201


@pytest.mark.parametrize("card", ["tok_approve", "tok_decline", "tok_error"])
def test_the_same_key_replays_the_same_bytes(shop: Any, card: str) -> None:
    shop.put(2, 3)
    first = shop.order(2, card, key="k")
    again = shop.order(2, card, key="k")
    assert (again.status, again.body) == (first.status, first.body)
    assert shop.bank.kinds().count("capture") <= 1
    assert code(shop.order(2, "tok_slow", key="k")) == "idempotency_key_reused"


def test_a_key_in_use_is_told_apart_from_a_finished_one(shop: Any) -> None:
    shop.put(2, 3)

    async def both() -> list[Any]:
        wanted = {"card_token": "tok_approve"}
        return list(await asyncio.gather(*(
            shop.asking("POST", "/api/orders", 2, wanted, key="k") for _ in range(2))))

    statuses = sorted(answer.status for answer in shop.run(both()))
    assert statuses in ([201, 409], [201, 201])
    assert shop.bank.kinds() == ["capture"]


def test_thirty_buyers_of_ten_pieces_get_exactly_ten(shop: Any) -> None:
    shop.set_stock(7, 10)
    accounts = range(2, 32)
    for account in accounts:
        shop.put(account, 7)

    async def rush() -> list[Any]:
        return list(await asyncio.gather(*(
            shop.asking("POST", "/api/orders", account, {"card_token": "tok_approve"},
                        key=uuid.uuid4().hex) for account in accounts)))

    answers = shop.run(rush())
    assert sorted(answer.status for answer in answers) == [201] * 10 + [409] * 20
    assert shop.stock(7) == (0, 0, 10)
    shop.assert_consistent()


def test_what_is_put_into_the_cart_during_checkout_stays(shop: Any) -> None:
    shop.put(2, 3, 2)
    answer = shop.order(2)
    order_id = json.loads(answer.body)["id"]
    shop.put(2, 3, 1)
    again = {"order_id": order_id, "account_id": 2, "lines": [{"product_id": 3, "quantity": 2}]}
    asked = shop.run(shop.wire.inner.send("cart", "POST", "/internal/remove_ordered",
                                          shop.headers(**{"X-Service-Token": "s3cret"}),
                                          json.dumps(again).encode()))
    assert asked.status == 200
    assert shop.cart(2) == [(3, 1)]
