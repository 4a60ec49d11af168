"""Every error that an endpoint declares can be provoked, and says what it should."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from contract import seed
from contract.endpoints import ENDPOINTS, Endpoint
from contract.http import MAX_BODY_BYTES
from contract.models import MAX_CART_LINES
from contract.tokens import LIFETIME_S
from tests.contract.suite.shop import Answer, Ask, Shop
from tests.contract.suite.targets import Floor, Target, eventually, new_product, place

NOBODYS = "00000000-0000-4000-8000-000000000000"
PATH = {"product_id": 1, "order_id": NOBODYS, "payment_id": NOBODYS}
OPEN_BODY: dict[str, dict[str, Any]] = {
    "register_account": {"email": "a@b.example", "name": "A", "password": "long enough"},
    "sign_in": {"email": "a@b.example", "password": "p"},
    "create_product": {"name": "A", "category": "kitchen", "stock": 1,
                       "price": {"amount_minor": 1, "currency": "EUR"}},
    "change_product": {"stock": 1},
    "put_item": {"quantity": 1},
    "place_order": {"card_token": "tok_approve"},
}


@dataclass
class Scene:
    """What a provocation may use."""

    floor: Floor
    target: Target
    shop: Shop
    token: str
    admin: str


def ask(scene: Scene, endpoint: Endpoint, **given: object) -> Answer:
    whole = {"path": PATH, "token": scene.admin if endpoint.access == "admin" else scene.token,
             "json": OPEN_BODY.get(endpoint.name), "key": str(uuid.uuid4())} | given
    return scene.shop.send(Ask(endpoint.name, **whole))  # type: ignore[arg-type]


BODY_FAULTS: dict[str, dict[str, object]] = {
    "malformed_json": {"json": None, "body": b"{"},
    "body_too_large": {"json": None, "body": b'{"a":"' + b"x" * MAX_BODY_BYTES + b'"}'},
    "unsupported_media_type": {"headers": {"Content-Type": "text/plain"}},
    "validation_failed": {"json": {"unknown": 1}},
}


def bodies() -> list[tuple[Endpoint, str]]:
    return [(endpoint, code) for endpoint in ENDPOINTS if endpoint.body for code in BODY_FAULTS]


@pytest.mark.parametrize(("endpoint", "code"), bodies(), ids=lambda v: getattr(v, "name", v))
def test_a_body_that_can_not_be_read(scene: Scene, endpoint: Endpoint, code: str) -> None:
    assert ask(scene, endpoint, **BODY_FAULTS[code]).code == code


@pytest.mark.parametrize("endpoint", [e for e in ENDPOINTS if e.query], ids=lambda e: e.name)
def test_a_query_that_can_not_be_meant(scene: Scene, endpoint: Endpoint) -> None:
    for query in ("unknown=1", "page=0", "page=1&page=1"):
        assert ask(scene, endpoint, query=query).code == "validation_failed"


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.access != "public"], ids=lambda e: e.name)
def test_a_token_is_needed(scene: Scene, endpoint: Endpoint) -> None:
    old = scene.floor.token(2, age_s=LIFETIME_S + 5)
    for token, code in ((None, "token_missing"), ("x.y.z", "token_invalid"),
                        (old, "token_expired")):
        assert ask(scene, endpoint, token=token).code == code


@pytest.mark.parametrize(
    "endpoint", [e for e in ENDPOINTS if e.access == "admin"], ids=lambda e: e.name)
def test_a_customer_is_no_admin(scene: Scene, endpoint: Endpoint) -> None:
    assert ask(scene, endpoint, token=scene.token).code == "role_forbidden"


def email_taken(scene: Scene) -> Answer:
    taken = OPEN_BODY["register_account"] | {"email": seed.ADMIN_EMAIL.upper()}
    return scene.shop.call("register_account", json=taken)


def credentials_wrong(scene: Scene) -> Answer:
    nobody = {"email": "nobody@b.example", "password": seed.SEED_PASSWORD}
    first = scene.shop.call("sign_in", json=nobody)
    second = scene.shop.call("sign_in", json={"email": seed.ADMIN_EMAIL, "password": "wrong"})
    assert first.data | {"request_id": ""} == second.data | {"request_id": ""}
    return second


def category_not_listed(scene: Scene) -> Answer:
    return scene.shop.call("list_products", query="category=no-such")


def category_not_created(scene: Scene) -> Answer:
    wanted = OPEN_BODY["create_product"] | {"category": "no-such"}
    return scene.shop.call("create_product", token=scene.admin, json=wanted)


def product_not_shown(scene: Scene) -> Answer:
    return scene.shop.call("get_product", path={"product_id": 999_999_999})


def product_not_changed(scene: Scene) -> Answer:
    return scene.shop.call("change_product", token=scene.admin, json={"stock": 1},
                           path={"product_id": 999_999_999})


def product_not_put(scene: Scene) -> Answer:
    return scene.shop.call("put_item", token=scene.token, json={"quantity": 1},
                           path={"product_id": 999_999_999})


def product_not_removed(scene: Scene) -> Answer:
    return scene.shop.call("remove_item", token=scene.token, path={"product_id": 1})


def cart_full(scene: Scene) -> Answer:
    for product_id in range(1, MAX_CART_LINES + 1):
        scene.shop.get("put_item", token=scene.token, json={"quantity": 1},
                       path={"product_id": product_id})
    scene.shop.get("put_item", token=scene.token, json={"quantity": 2}, path={"product_id": 50})
    return scene.shop.call("put_item", token=scene.token, json={"quantity": 1},
                           path={"product_id": 51})


def key_missing(scene: Scene) -> Answer:
    return scene.shop.call("place_order", token=scene.token, json=OPEN_BODY["place_order"])


def key_invalid(scene: Scene) -> Answer:
    return scene.shop.call("place_order", token=scene.token, json=OPEN_BODY["place_order"],
                           key="x" * 256)


def key_reused(scene: Scene) -> Answer:
    assert place(scene.shop, scene.token, {60: 1}, key="one").status == 201
    return scene.shop.call("place_order", token=scene.token, json={"card_token": "tok_other"},
                           key="one")


def cart_empty(scene: Scene) -> Answer:
    return scene.shop.call("place_order", token=scene.token, json=OPEN_BODY["place_order"],
                           key="one")


def out_of_stock(scene: Scene) -> Answer:
    product = new_product(scene.shop, scene.admin, stock=2)
    answer = place(scene.shop, scene.token, {61: 1, product: 3})
    assert scene.shop.get("get_product", path={"product_id": product})["stock"] == 2
    return answer


def checkout_in_progress(scene: Scene) -> Answer:
    key = str(uuid.uuid4())
    pay = Ask("place_order", token=scene.token, json={"card_token": "tok_slow"}, key=key)
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(place, scene.shop, scene.token, {62: 1}, "tok_slow", key)
        eventually(lambda: scene.target.has_checkout(key))
        answer = scene.shop.send(pay)
    first = slow.result()
    assert first.status == 201
    assert scene.shop.send(pay).body == first.body
    assert scene.floor.movements(first.data["id"]) == ["capture"]
    return answer


def card_declined(scene: Scene) -> Answer:
    product = new_product(scene.shop, scene.admin, stock=2)
    answer = place(scene.shop, scene.token, {product: 2}, card="tok_decline")
    assert scene.shop.get("get_product", path={"product_id": product})["stock"] == 2
    assert len(scene.shop.get("show_cart", token=scene.token)["items"]) == 1
    assert scene.shop.get("list_orders", token=scene.token)["total"] == 0
    return answer


def bank_unavailable(scene: Scene) -> Answer:
    product = new_product(scene.shop, scene.admin, stock=2)
    answer = place(scene.shop, scene.token, {product: 2}, card="tok_error")
    assert len(scene.shop.get("show_cart", token=scene.token)["items"]) == 1
    eventually(lambda: scene.shop.get("get_product", path={"product_id": product})["stock"] == 2)
    return answer


def bank_silent_at_cancel(scene: Scene) -> Answer:
    product = new_product(scene.shop, scene.admin, stock=2)
    order = place(scene.shop, scene.token, {product: 2}).data
    path = {"order_id": order["id"]}
    with scene.floor.silent_bank():
        answer = scene.shop.call("cancel_order", token=scene.token, path=path)
        shown = scene.shop.get("get_order", token=scene.token, path=path)
        assert shown["status"] == "cancelling"
    eventually(lambda: scene.shop.get("get_order", token=scene.token,
                                      path=path)["status"] == "cancelled")
    assert scene.shop.get("get_product", path={"product_id": product})["stock"] == 2
    assert scene.floor.movements(order["id"]) == ["capture", "refund"]
    return answer


def order_not_shown(scene: Scene) -> Answer:
    return scene.shop.call("get_order", token=scene.token, path=PATH)


def order_not_cancelled(scene: Scene) -> Answer:
    return scene.shop.call("cancel_order", token=scene.token, path=PATH)


def payment_not_shown(scene: Scene) -> Answer:
    return scene.shop.call("get_payment", token=scene.token, path=PATH)


PROVOKED: dict[tuple[str, str], Callable[[Scene], Answer]] = {
    ("register_account", "email_taken"): email_taken,
    ("sign_in", "credentials_wrong"): credentials_wrong,
    ("list_products", "category_not_found"): category_not_listed,
    ("get_product", "product_not_found"): product_not_shown,
    ("create_product", "category_not_found"): category_not_created,
    ("change_product", "product_not_found"): product_not_changed,
    ("put_item", "product_not_found"): product_not_put,
    ("put_item", "cart_full"): cart_full,
    ("remove_item", "product_not_found"): product_not_removed,
    ("place_order", "idempotency_key_missing"): key_missing,
    ("place_order", "idempotency_key_invalid"): key_invalid,
    ("place_order", "idempotency_key_reused"): key_reused,
    ("place_order", "cart_empty"): cart_empty,
    ("place_order", "out_of_stock"): out_of_stock,
    ("place_order", "checkout_in_progress"): checkout_in_progress,
    ("place_order", "card_declined"): card_declined,
    ("place_order", "bank_unavailable"): bank_unavailable,
    ("get_order", "order_not_found"): order_not_shown,
    ("cancel_order", "order_not_found"): order_not_cancelled,
    ("cancel_order", "bank_unavailable"): bank_silent_at_cancel,
    ("get_payment", "payment_not_found"): payment_not_shown,
}


@pytest.fixture
def scene(floor: Floor, target: Target, token: str, admin: str) -> Scene:
    return Scene(floor, target, target.shop, token, admin)


def test_every_declared_error_is_provoked_here() -> None:
    by_rule = {(endpoint.name, code) for endpoint in ENDPOINTS for code in endpoint.errors
               if (endpoint.body and code in BODY_FAULTS)
               or (endpoint.query and code == "validation_failed")}
    declared = {(endpoint.name, code) for endpoint in ENDPOINTS for code in endpoint.errors}
    assert by_rule | set(PROVOKED) == declared


@pytest.mark.parametrize(("endpoint", "code"), PROVOKED)
def test_a_declared_error_is_given(scene: Scene, endpoint: str, code: str) -> None:
    assert PROVOKED[endpoint, code](scene).code == code
