"""Every endpoint gives what the contract says when all goes well."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from contract import seed
from contract.endpoints import ENDPOINTS, Endpoint
from contract.openapi import DOCS_FILES, docs_file, docs_page, document_json
from contract.tokens import LIFETIME_S
from tests.contract.suite.shop import Shop, check_problem
from tests.contract.suite.targets import Floor, Target, new_product, place


def test_an_account_is_registered_and_signs_in(shop: Shop) -> None:
    email = f"Ada.{uuid.uuid4().hex[:8]}@Example.ORG"
    made = shop.get("register_account", json={
        "email": email, "name": "Ada Łovelace 🦊", "password": "long enough"})
    assert (made["email"], made["name"], made["role"]) == (
        email.lower(), "Ada Łovelace 🦊", "customer")
    session = shop.get("sign_in", json={"email": email.upper(), "password": "long enough"})
    assert session["token_type"] == "Bearer"
    ends = datetime.fromisoformat(session["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(seconds=LIFETIME_S)) < timedelta(minutes=1)
    assert shop.get("show_cart", token=session["token"])["items"] == []


def test_a_seed_customer_signs_in(shop: Shop) -> None:
    shop.get("sign_in", json={"email": seed.ADMIN_EMAIL, "password": seed.SEED_PASSWORD})


def test_products_are_listed_by_id_page_by_page(shop: Shop) -> None:
    rows = seed.generate().products
    first = shop.get("list_products", query="page_size=100")
    assert [item["id"] for item in first["items"]] == list(range(1, 101))
    assert first["total"] >= len(rows)
    second = shop.get("list_products", query="page=2&page_size=3")
    assert [item["id"] for item in second["items"]] == [4, 5, 6]
    item, row = first["items"][6], rows[6]
    assert item == {"id": row.id, "name": row.name, "category": row.category,
                    "price": {"amount_minor": row.price_minor, "currency": "EUR"}}


def test_products_are_listed_by_category(shop: Shop) -> None:
    page = shop.get("list_products", query="category=garden&page_size=100")
    assert page["total"] >= 100
    assert {item["category"] for item in page["items"]} == {"garden"}


@pytest.mark.parametrize(("query", "length"), [
    ("page=1", 20), ("page_size=1", 1), ("page=10000&page_size=100", 0), ("page=2000", 0)])
def test_pages_have_edges(shop: Shop, query: str, length: int) -> None:
    for name, extra in (("list_products", ""), ("search_products", "&q=kettle%20or%20lamp")):
        page = shop.get(name, query=query + extra)
        assert len(page["items"]) == length, name
        assert page["total"] > 20, name


def test_a_page_beyond_the_last_still_knows_the_total(shop: Shop, token: str) -> None:
    assert shop.get("list_orders", token=token, query="page=7") == {
        "items": [], "page": 7, "page_size": 20, "total": 0}


def test_a_product_is_shown_whole(shop: Shop) -> None:
    row = seed.generate().products[1_998]
    shown = shop.get("get_product", path={"product_id": row.id})
    assert (shown["name"], shown["description"], shown["category"]) == (
        row.name, row.description, row.category)
    assert shown["price"] == {"amount_minor": row.price_minor, "currency": "EUR"}


def test_categories_are_complete(shop: Shop) -> None:
    shown = [(item["slug"], item["name"]) for item in shop.get("list_categories")["items"]]
    assert sorted(shown) == sorted((row.slug, row.name) for row in seed.generate().categories)


def test_an_admin_creates_and_changes_a_product(shop: Shop, admin: str) -> None:
    made = shop.get("create_product", token=admin, json={
        "name": "Ünusual Thing", "description": "Line one\nline two\t🦊", "category": "audio",
        "price": {"amount_minor": 12_345, "currency": "EUR"}, "stock": 7})
    path = {"product_id": made["id"]}
    assert shop.get("get_product", path=path) == made
    assert made["stock"] == 7
    cheaper = shop.get("change_product", token=admin, path=path, json={
        "price": {"amount_minor": 0, "currency": "EUR"}})
    assert cheaper == made | {"price": {"amount_minor": 0, "currency": "EUR"}}
    empty = shop.get("change_product", token=admin, path=path, json={"stock": 0})
    assert empty == cheaper | {"stock": 0} == shop.get("get_product", path=path)
    both = shop.get("change_product", token=admin, path=path, json={
        "stock": 1_000_000, "price": {"amount_minor": 100_000_000, "currency": "EUR"}})
    assert (both["stock"], both["price"]["amount_minor"]) == (1_000_000, 100_000_000)


def test_an_admin_may_also_shop(shop: Shop, admin: str) -> None:
    shop.get("show_cart", token=admin)


def test_a_cart_shows_names_prices_and_total(shop: Shop, token: str) -> None:
    rows = seed.generate().products
    for product_id, quantity in ((12, 3), (5, 99), (12, 2)):
        cart = shop.get("put_item", path={"product_id": product_id},
                        json={"quantity": quantity}, token=token)
    assert [(i["product_id"], i["quantity"]) for i in cart["items"]] == [(5, 99), (12, 2)]
    assert [i["name"] for i in cart["items"]] == [rows[4].name, rows[11].name]
    totals = [99 * cart["items"][0]["unit_price"]["amount_minor"],
              2 * cart["items"][1]["unit_price"]["amount_minor"]]
    assert [i["line_total"]["amount_minor"] for i in cart["items"]] == totals
    assert cart["total"] == {"amount_minor": sum(totals), "currency": "EUR"}
    assert shop.get("show_cart", token=token) == cart
    left = shop.get("remove_item", path={"product_id": 5}, token=token)
    assert [i["product_id"] for i in left["items"]] == [12]
    assert shop.get("remove_item", path={"product_id": 12}, token=token) == {
        "items": [], "total": {"amount_minor": 0, "currency": "EUR"}}


def test_an_order_is_placed_listed_shown_and_paid(shop: Shop, token: str) -> None:
    answer = place(shop, token, {31: 2, 30: 1})
    assert answer.status == 201
    order = answer.data
    assert order["status"] == "confirmed"
    assert [(i["product_id"], i["quantity"]) for i in order["items"]] == [(30, 1), (31, 2)]
    assert order["total"]["amount_minor"] == sum(
        i["unit_price"]["amount_minor"] * i["quantity"] for i in order["items"])
    assert shop.get("get_order", path={"order_id": order["id"]}, token=token) == order
    assert shop.get("list_orders", token=token)["items"] == [order]
    payment = shop.get("get_payment", path={"payment_id": order["payment_id"]}, token=token)
    assert (payment["order_id"], payment["status"], payment["amount"]) == (
        order["id"], "captured", order["total"])
    assert shop.get("show_cart", token=token)["items"] == []


def test_orders_are_listed_newest_first(shop: Shop, token: str) -> None:
    placed = [place(shop, token, {40 + n: 1}).data["id"] for n in range(3)]
    pages = [shop.get("list_orders", token=token, query=f"page={n}&page_size=2") for n in (1, 2)]
    assert [page["total"] for page in pages] == [3, 3]
    assert [o["id"] for page in pages for o in page["items"]] == placed[::-1]


def test_an_order_is_cancelled_refunded_and_its_stock_put_back(
        shop: Shop, floor: Floor, token: str, admin: str) -> None:
    product = new_product(shop, admin, stock=5)
    order = place(shop, token, {product: 3}).data
    assert shop.get("get_product", path={"product_id": product})["stock"] == 2
    path = {"order_id": order["id"]}
    cancelled = shop.get("cancel_order", path=path, token=token)
    assert cancelled == order | {"status": "cancelled"}
    assert shop.get("get_order", path=path, token=token) == cancelled
    assert shop.get("cancel_order", path=path, token=token) == cancelled
    assert shop.get("get_product", path={"product_id": product})["stock"] == 5
    payment = shop.get("get_payment", path={"payment_id": order["payment_id"]}, token=token)
    assert payment["status"] == "refunded"
    assert floor.movements(order["id"]) == ["capture", "refund"]


def test_health_is_told(shop: Shop) -> None:
    assert shop.get("livez")["status"] == "ok"
    ready = shop.get("readyz")
    assert ready["status"] == "ok"
    assert set(ready["parts"].values()) == {"ok"}


def test_the_documentation_is_served(shop: Shop) -> None:
    document = shop.raw("GET", "/openapi.json")
    assert (document.status, document.headers["content-type"]) == (200, "application/json")
    assert document.body == document_json()
    page = shop.raw("GET", "/docs")
    assert (page.status, page.body) == (200, docs_page())
    for name, media_type in DOCS_FILES.items():
        file = shop.raw("GET", f"/docs/{name}")
        assert (file.status, file.headers["content-type"]) == (200, media_type)
        assert file.body == docs_file(name)
        assert file.headers["x-request-id"]
    assert check_problem(shop.raw("GET", "/docs/nothing.js")).code == "route_not_found"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.name)
def test_a_request_id_is_taken_over_or_made(target: Target, endpoint: Endpoint) -> None:
    path = endpoint.path.format(product_id=1, order_id=1, payment_id=1)
    for sent in ("trace-1.2_3", "x" * 128):
        answer = target.shop.raw(endpoint.method, path, headers={"X-Request-ID": sent})
        assert answer.headers["x-request-id"] == sent
    for bad in (None, "x" * 129, "a b", "<b>", "é"):
        headers = {} if bad is None else {"X-Request-ID": bad}
        made = target.shop.raw(endpoint.method, path, headers=headers).headers["x-request-id"]
        assert made not in ("", bad)
