"""What must hold over several requests: replays, races, strangers, and what search sees."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.contract.suite.shop import Answer, Shop
from tests.contract.suite.targets import Floor, Target, eventually, new_product, place

SEEN_WITHIN_S = 2.0


def pay(shop: Shop, token: str, key: str, card: str = "tok_approve") -> Answer:
    return shop.call("place_order", token=token, json={"card_token": card}, key=key)


@pytest.mark.parametrize(("card", "status"), [
    ("tok_approve", 201), ("tok_decline", 402), ("tok_unheard_of", 402), ("tok_error", 503)])
def test_a_key_replays_its_answer_byte_for_byte(
        shop: Shop, token: str, admin: str, card: str, status: int) -> None:
    product = new_product(shop, admin, stock=9)
    first = place(shop, token, {product: 2}, card=card, key="k")
    assert first.status == status
    shop.get("put_item", path={"product_id": product}, json={"quantity": 5}, token=token)
    for _ in range(3):
        again = pay(shop, token, "k", card)
        assert (again.status, again.body) == (first.status, first.body)
        assert again.headers["content-type"] == first.headers["content-type"]
    expected = 7 if status == 201 else 9
    assert shop.get("get_product", path={"product_id": product})["stock"] == expected


def test_out_of_stock_is_replayed_even_when_there_is_stock_again(
        shop: Shop, token: str, admin: str) -> None:
    product = new_product(shop, admin, stock=1)
    first = place(shop, token, {product: 2}, key="k")
    assert first.code == "out_of_stock"
    shop.get("change_product", token=admin, path={"product_id": product}, json={"stock": 5})
    assert pay(shop, token, "k").body == first.body
    assert pay(shop, token, "k2").status == 201


def test_an_empty_cart_leaves_the_key_free(shop: Shop, token: str) -> None:
    assert pay(shop, token, "k").code == "cart_empty"
    assert place(shop, token, {70: 1}, key="k").status == 201


def test_a_key_belongs_to_its_customer(shop: Shop, floor: Floor) -> None:
    ada, bob = floor.customer(), floor.customer()
    first, second = place(shop, ada, {71: 1}, key="same"), place(shop, bob, {72: 1}, key="same")
    assert (first.status, second.status) == (201, 201)
    assert first.data["id"] != second.data["id"]


def test_a_request_with_another_form_but_the_same_meaning_is_a_replay(
        shop: Shop, token: str) -> None:
    first = place(shop, token, {73: 1}, key="k")
    again = shop.call("place_order", token=token, key="k",
                      body=b'{\n  "card_token" : "tok_approve" }')
    assert again.body == first.body


def test_retries_at_the_same_time_charge_once(shop: Shop, floor: Floor, token: str) -> None:
    shop.get("put_item", path={"product_id": 74}, json={"quantity": 1}, token=token)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: pay(shop, token, "k"), range(8)))
    assert {answer.outcome for answer in answers} <= {(201, ""), (409, "checkout_in_progress")}
    orders = {answer.body for answer in answers if answer.status == 201}
    assert len(orders) == 1
    assert shop.get("list_orders", token=token)["total"] == 1
    order = shop.get("list_orders", token=token)["items"][0]
    assert floor.movements(order["id"]) == ["capture"]


def test_a_cart_is_ordered_once_under_many_keys_at_the_same_time(
        shop: Shop, token: str, admin: str, floor: Floor) -> None:
    """One checkout of a customer at a time; who comes later finds the cart empty."""
    product = new_product(shop, admin, stock=100)
    shop.get("put_item", path={"product_id": product}, json={"quantity": 2}, token=token)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda key: pay(shop, token, key), "abcdefgh"))
    won, = [answer.data["id"] for answer in answers if answer.status == 201]
    assert {a.outcome for a in answers} <= {(201, ""), (409, "cart_empty"),
                                            (409, "checkout_in_progress")}
    assert floor.movements(won) == ["capture"]
    eventually(lambda: shop.get("show_cart", token=token)["items"] == [])
    assert shop.get("get_product", path={"product_id": product})["stock"] == 98


def test_baskets_in_opposite_order_do_not_block_each_other(
        shop: Shop, floor: Floor, admin: str) -> None:
    products = [new_product(shop, admin, stock=1_000) for _ in range(4)]
    buyers = [floor.customer() for _ in range(8)]

    def buy(number: int) -> int:
        lines = products if number % 2 else products[::-1]
        return place(shop, buyers[number], dict.fromkeys(lines, 1)).status

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(buy, range(8))) == [201] * 8


def test_cancelling_at_the_same_time_refunds_once(
        shop: Shop, floor: Floor, token: str, admin: str) -> None:
    product = new_product(shop, admin, stock=3)
    order = place(shop, token, {product: 3}).data
    with ThreadPoolExecutor(6) as crowd:
        answers = list(crowd.map(lambda _: shop.call(
            "cancel_order", token=token, path={"order_id": order["id"]}), range(6)))
    assert {answer.status for answer in answers} == {200}
    assert floor.movements(order["id"]) == ["capture", "refund"]
    assert shop.get("get_product", path={"product_id": product})["stock"] == 3


def test_an_order_keeps_the_price_at_which_it_was_placed(
        shop: Shop, token: str, admin: str) -> None:
    product = new_product(shop, admin, stock=3, price_minor=500)
    order = place(shop, token, {product: 1}).data
    shop.get("change_product", token=admin, path={"product_id": product},
             json={"price": {"amount_minor": 900, "currency": "EUR"}})
    assert shop.get("get_order", token=token, path={"order_id": order["id"]}) == order
    cart = shop.get("put_item", token=token, path={"product_id": product}, json={"quantity": 1})
    assert cart["total"]["amount_minor"] == 900
    assert place(shop, token, {}).data["total"]["amount_minor"] == 900


def test_a_free_order_is_an_order(shop: Shop, token: str, admin: str) -> None:
    product = new_product(shop, admin, stock=3, price_minor=0)
    assert place(shop, token, {product: 1}).data["total"]["amount_minor"] == 0


def test_what_is_put_in_during_checkout_stays_in_the_cart(target: Target, token: str) -> None:
    shop, key = target.shop, str(uuid.uuid4())
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(place, shop, token, {75: 2}, "tok_slow", key)
        eventually(lambda: target.has_checkout(key))
        shop.get("put_item", path={"product_id": 76}, json={"quantity": 1}, token=token)
        shop.get("put_item", path={"product_id": 75}, json={"quantity": 3}, token=token)
        assert slow.result().status == 201
    left = shop.get("show_cart", token=token)["items"]
    assert [(item["product_id"], item["quantity"]) for item in left] == [(75, 1), (76, 1)]


def test_other_peoples_things_do_not_exist(shop: Shop, floor: Floor) -> None:
    ada, bob = floor.customer(), floor.customer()
    order = place(shop, ada, {77: 1}).data
    for stranger in (bob, floor.admin()):
        assert shop.call("get_order", token=stranger,
                         path={"order_id": order["id"]}).code == "order_not_found"
        assert shop.call("cancel_order", token=stranger,
                         path={"order_id": order["id"]}).code == "order_not_found"
        assert shop.call("get_payment", token=stranger,
                         path={"payment_id": order["payment_id"]}).code == "payment_not_found"
    assert shop.get("list_orders", token=bob)["total"] == 0
    assert shop.get("get_order", token=ada, path={"order_id": order["id"]}) == order


def test_refused_orders_and_payments_are_not_shown(
        target: Target, token: str) -> None:
    shop = target.shop
    for card in ("tok_decline", "tok_error"):
        place(shop, token, {78: 1}, card=card)
    assert shop.get("list_orders", token=token)["total"] == 0
    for order_id, payment_id in target.query("orders", (
            "SELECT id, payment_id FROM orders WHERE status = 'rejected' "
            "ORDER BY created_at DESC LIMIT 2")):
        assert shop.call("get_order", token=token,
                         path={"order_id": order_id}).code == "order_not_found"
        if payment_id:
            assert shop.call("get_payment", token=token,
                             path={"payment_id": payment_id}).code == "payment_not_found"


def test_a_silent_bank_is_never_owed_money(target: Target, floor: Floor, token: str) -> None:
    """The charge may arrive after we gave up: it is voided, and the answer stays refused."""
    with floor.silent_bank():
        answer = place(target.shop, token, {79: 1}, key="k")
        assert answer.code == "bank_unavailable"
    [(order_id,)] = target.query("payments", (
        "SELECT order_id FROM payments WHERE status IN ('voiding', 'voided') "
        "ORDER BY created_at DESC LIMIT 1"))
    last = eventually(lambda: floor.movements(str(order_id))[-1:])
    eventually(lambda: target.query("payments", (
        f"SELECT 1 FROM payments WHERE order_id = '{order_id}' AND status = 'voided'")))
    last = floor.movements(str(order_id))[-1]
    assert last in ("void", "refund")
    assert pay(target.shop, token, "k").body == answer.body


def test_a_price_change_is_seen_by_search_in_time(shop: Shop, admin: str) -> None:
    word = f"zq{uuid.uuid4().hex[:10]}"
    product = new_product(shop, admin, stock=1, price_minor=700, name=f"Rare {word}")

    def found() -> list[int]:
        page = shop.get("search_products", query=f"q={word}")
        return [item["price"]["amount_minor"] for item in page["items"]]

    def shows(price: int) -> bool:
        return found() == [price]

    eventually(partial(shows, 700), SEEN_WITHIN_S)
    for price in (1_500, 20):
        shop.get("change_product", token=admin, path={"product_id": product},
                 json={"price": {"amount_minor": price, "currency": "EUR"}})
        began = time.monotonic()
        eventually(partial(shows, price), SEEN_WITHIN_S)
        assert time.monotonic() - began <= SEEN_WITHIN_S
    assert shop.get("search_products", query=f"q={word}&max_price=19")["total"] == 0
    assert shop.get("search_products", query=f"q={word}&min_price=20&max_price=20")["total"] == 1
