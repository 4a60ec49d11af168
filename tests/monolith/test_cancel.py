"""Cancelling refunds once and puts the stock back, even when the bank is silent at first."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.monolith.conftest import code
from tests.monolith.test_checkout import SILENT, assert_books_balance, resume


def placed(shop: Any, account: int = 2) -> str:
    shop.put(account, 1, 2)
    return str(json.loads(shop.order(account).data)["id"])


def test_cancelling_twice_at_once_refunds_once(shop: Any) -> None:
    before = shop.stock(1)
    order = placed(shop)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(
            lambda _: shop.ask("POST", f"/api/orders/{order}/cancel", 2), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert json.loads(shop.ask("POST", f"/api/orders/{order}/cancel", 2).data)[
        "status"] == "cancelled"
    assert shop.stock(1) == before
    assert shop.bank.kinds() == ["capture", "refund"]
    assert_books_balance(shop)


def test_somebody_elses_order_can_not_be_cancelled(shop: Any) -> None:
    order = placed(shop)
    assert code(shop.ask("POST", f"/api/orders/{order}/cancel", 3)) == "order_not_found"
    assert shop.bank.kinds() == ["capture"]


def test_a_refund_that_the_bank_did_not_hear_is_repeated(open_shop: Any) -> None:
    shop, cut_off = open_shop(), open_shop(bank_url=SILENT)
    before = shop.stock(1)
    order = placed(shop)
    answer = cut_off.ask("POST", f"/api/orders/{order}/cancel", 2)
    assert (answer.status_code, code(answer)) == (503, "bank_unavailable")
    shown = json.loads(shop.ask("GET", f"/api/orders/{order}", 2).data)
    assert shown["status"] == "cancelling"
    payment = json.loads(shop.ask("GET", f"/api/payments/{shown['payment_id']}", 2).data)
    assert payment["status"] == "refunding"
    resume(shop)
    assert shop.stock(1) == before
    assert json.loads(shop.ask("GET", f"/api/orders/{order}", 2).data)["status"] == "cancelled"
    assert_books_balance(shop)
