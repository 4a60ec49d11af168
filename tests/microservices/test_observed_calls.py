"""The declared dependency graph against the calls that the services really make."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable

from contract import seed
from contract.endpoints import BY_NAME, DEPENDS_ON, ENDPOINTS, FEATURES, NEEDS
from loadtests.journeys import JOURNEYS
from tests.microservices.conftest import Shop

FIRST, LAST = 1, 2


def observe(shop: Shop) -> dict[str, set[str]]:
    """Ask every endpoint once; return which modules each one reached, the bank included."""
    seen: dict[str, set[str]] = defaultdict(set)
    inner = shop.wire.send
    current = ""

    async def send(service: str, *rest: object) -> object:
        seen[current].add(service)
        return await inner(service, *rest)  # type: ignore[arg-type]

    shop.wire.send = send  # type: ignore[method-assign,assignment]

    def ask(name: str, path: str, account: int | None = FIRST, body: object = None,
            key: str | None = None) -> dict[str, object]:
        nonlocal current
        current = name
        endpoint = BY_NAME[name]
        before = len(shop.bank.kinds())
        answer = shop.ask(endpoint.method, path, account, body, key)
        assert answer.status == endpoint.success, (name, answer.body)
        seen[name].add(endpoint.domain)
        if len(shop.bank.kinds()) > before:
            seen[name].add("bank")
        found: dict[str, object] = json.loads(answer.body)
        return found

    _ask_everything(ask)
    return seen


def _ask_everything(ask: Callable[..., dict[str, object]]) -> None:
    password = "correct horse battery"
    account = {"email": "new@example.org", "name": "New", "password": password}
    ask("register_account", "/api/accounts", None, account)
    ask("sign_in", "/api/sessions", None, {"email": account["email"], "password": password})
    ask("list_products", "/api/products", None)
    ask("get_product", "/api/products/1", None)
    ask("list_categories", "/api/categories", None)
    ask("search_products", "/api/search?q=a", None)
    ask("change_product", "/api/products/1", seed.ADMIN_ID, {"stock": 50})
    ask("put_item", "/api/cart/items/1", body={"quantity": 2})
    ask("show_cart", "/api/cart")
    order = ask("place_order", "/api/orders", body={"card_token": "tok_approve"}, key="k" * 32)
    ask("list_orders", "/api/orders")
    ask("get_order", f"/api/orders/{order['id']}")
    ask("get_payment", f"/api/payments/{order['payment_id']}")
    ask("cancel_order", f"/api/orders/{order['id']}/cancel")
    ask("put_item", "/api/cart/items/2", LAST, body={"quantity": 1})
    ask("put_item", "/api/cart/items/3", LAST, body={"quantity": 1})
    ask("remove_item", "/api/cart/items/2", LAST)


def test_every_endpoint_reaches_what_it_declares_and_nothing_else(shop: Shop) -> None:
    seen = observe(shop)
    assert len(seen) == len(NEEDS) - 1  # create_product reaches what change_product does
    assert seen == {name: set(NEEDS[name]) for name in seen}


def test_every_endpoint_of_the_shop_declares_its_needs() -> None:
    assert set(NEEDS) == {e.name for e in ENDPOINTS if e.feature != "health"}
    assert all(BY_NAME[name].domain in needs for name, needs in NEEDS.items())


def test_a_feature_needs_what_the_endpoints_that_visitors_send_need() -> None:
    sent = {step.endpoint for steps in JOURNEYS.values() for step in steps}
    assert {feature: frozenset[str]().union(
        *(NEEDS[name] for name in sent if BY_NAME[name].feature == feature))
        for feature in FEATURES} == DEPENDS_ON
