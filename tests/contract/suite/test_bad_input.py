"""Bad input: a 4xx problem document, the same in every target, and nothing changed by it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest

from contract.http import MAX_BODY_BYTES
from contract.tokens import ALGORITHM, ISSUER, LIFETIME_S, load_private_key, new_key_pair
from tests.contract.suite.shop import Answer, check_problem
from tests.contract.suite.targets import Floor, Target, eventually, place

NOBODYS = "00000000-0000-4000-8000-000000000000"
JSON = {"Content-Type": "application/json"}
EUR = {"amount_minor": 100, "currency": "EUR"}
PRODUCT = {"name": "A", "category": "kitchen", "price": EUR, "stock": 1}
ACCOUNT = {"email": "new@b.example", "name": "New", "password": "long enough"}


@dataclass(frozen=True)
class Case:
    """One bad request and the code it must get.  `who`: nobody, customer, admin or a token."""

    code: str
    method: str
    path: str
    body: bytes | None = None
    who: str = "nobody"
    headers: tuple[tuple[str, str], ...] = ()
    note: str = ""

    def __str__(self) -> str:
        body = "" if self.body is None else self.body[:24].decode("latin-1")
        return ascii(f"{self.method} {self.path[:40]} {body} {self.note}".strip())[1:-1]


def with_json(code: str, method: str, path: str, sent: Any, who: str = "nobody",
              **given: Any) -> Case:
    body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return Case(code, method, path, body, who, tuple(JSON.items()), **given)


def routes() -> Iterator[Case]:
    for path in ("/", "/api", "/api/", "/api/product", "/api/products/", "/api/products/1/",
                 "/api//products", "/API/products", "/api/products/1/x", "/api/cart/items",
                 "/api/cart/items/", "/internal/charge", "/internal/reserve_stock", "/static/x",
                 "/.env", "/admin", "/api/orders/x/y/z", "/docs/../openapi.json", "/docs/a/b",
                 "/livez/", "/%2e%2e/etc/passwd", "/api/%70roduct", "/robots.txt",
                 "/api/products/1%2F2"):
        yield Case("route_not_found", "GET", path)
        yield Case("route_not_found", "POST", path)
    for method, path in (("PUT", "/api/products"), ("DELETE", "/api/products"),
                         ("POST", "/api/products/1"), ("DELETE", "/api/products/1"),
                         ("GET", "/api/accounts"), ("GET", "/api/sessions"),
                         ("PATCH", "/api/cart"), ("POST", "/api/cart"),
                         ("GET", "/api/cart/items/1"), ("POST", "/api/cart/items/1"),
                         ("PUT", f"/api/orders/{NOBODYS}"), ("DELETE", f"/api/orders/{NOBODYS}"),
                         ("GET", f"/api/orders/{NOBODYS}/cancel"), ("POST", "/api/search"),
                         ("POST", f"/api/payments/{NOBODYS}"), ("POST", "/livez"),
                         ("DELETE", "/readyz"), ("POST", "/openapi.json"), ("PUT", "/docs"),
                         ("OPTIONS", "/api/products"), ("OPTIONS", "/api/cart"),
                         ("TRACE", "/api/products"), ("PROPFIND", "/api/products")):
        yield Case("method_not_allowed", method, path)


def paths() -> Iterator[Case]:
    for bad in ("0", "-1", "01", "1.0", "abc", "2147483648", "9" * 40, "%C2%B2", "%D9%A3", "1%20",
                "%00", "%FF", "null", "1;drop", "%F0%9F%A6%8A"):
        yield Case("product_not_found", "GET", f"/api/products/{bad}")
        yield with_json("product_not_found", "PUT", f"/api/cart/items/{bad}", {"quantity": 1},
                        "customer")
    for bad in ("1", "abc", NOBODYS, NOBODYS.upper().replace("0", "A"), "%00", "%FF", "{}",
                NOBODYS.replace("-", ""), "%7B" + NOBODYS + "%7D", "é".encode().hex(), "x" * 500):
        yield Case("order_not_found", "GET", f"/api/orders/{bad}", who="customer")
        yield Case("order_not_found", "POST", f"/api/orders/{bad}/cancel", who="customer")
        yield Case("payment_not_found", "GET", f"/api/payments/{bad}", who="customer")
    yield Case("product_not_found", "DELETE", "/api/cart/items/999", who="customer")
    yield Case("product_not_found", "GET", "/api/products/2147483647")


def queries() -> Iterator[Case]:
    for query in ("page=0", "page=-1", "page=x", "page=10001", "page=1.5", "page=", "page_size=0",
                  "page_size=101", "page=1&page=1", "unknown=1", "category=Kitchen",
                  "category=%00", "category=a%20b", "category=..%2F", "page=%FF", "page[]=1",
                  "page=" + "9" * 1000, "&".join(f"a{n}=1" for n in range(80)), "category="):
        yield Case("validation_failed", "GET", f"/api/products?{query}")
    for query in ("", "q=", "q=%20", "q=%00", "q=%09%0A", "q=" + "a" * 201, "q=a&sort=best",
                  "q=a&min_price=-1", "q=a&max_price=100000001", "q=a&min_price=x", "q=a&q=b",
                  "q=a&page=0", "q=a&page_size=1000", "query=a", "q=a%07b", "q=%EF%BF%BF"):
        yield Case("validation_failed", "GET", f"/api/search?{query}")
    for query in ("page=0", "status=confirmed", "page_size=-3"):
        yield Case("validation_failed", "GET", f"/api/orders?{query}", who="customer")
    yield Case("category_not_found", "GET", "/api/products?category=no-such-category")


def broken_bodies() -> Iterator[Case]:
    for path, who in (("/api/accounts", "nobody"), ("/api/orders", "customer")):
        for body in (b"", b"{", b"nonsense", b'{"a":1,}', b"\xff\xfe\x00", b"\xef\xbb\xbf{}",
                     b'{"a":"\xc3\x28"}', rb'{"a":"\ud800"}', b"[" * 5_000, b'{"a":\x00}',
                     b"{'a': 1}", "{}".encode("utf-16")):
            yield with_json("malformed_json", "POST", path, body, who)
        for body in (b"null", b"[]", b"1", b'""', b"{}", b"true", b'[{"a":1}]', b"NaN"):
            yield with_json("validation_failed", "POST", path, body, who)
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml",
                     "multipart/form-data; boundary=b", "application/json-patch+json", "json", ""):
            yield Case("unsupported_media_type", "POST", path, b"{}", who,
                       (("Content-Type", kind),), note=kind)
        yield Case("unsupported_media_type", "POST", path, b"{}", who, note="no content type")
        yield with_json("body_too_large", "POST", path, b" " * (MAX_BODY_BYTES + 1), who)
        yield with_json("body_too_large", "POST", path, b'{"a":"' + b"x" * 3 * MAX_BODY_BYTES, who)
        yield with_json("malformed_json", "POST", path, b" " * MAX_BODY_BYTES, who)


def accounts() -> Iterator[Case]:
    changed: dict[str, Any]
    for changed in ({"email": "no address"}, {"email": "a@b"}, {"email": "ä@b.example"},
                    {"email": "a@b.example\u0000"}, {"email": "a" * 300 + "@b.example"},
                    {"email": None}, {"email": 1}, {"email": ["a@b.example"]},
                    {"name": ""}, {"name": " \u2003"}, {"name": "x" * 201}, {"name": "a\u0000b"},
                    {"name": "a\u001bb"}, {"name": "\uffff"}, {"name": 7}, {"password": "short"},
                    {"password": "x" * 129}, {"password": "a\u0000bcdefghi"},
                    {"password": 12345678},
                    {"role": "admin"}, {"id": 1}, {"__proto__": {}}, {"Name": "A"}):
        yield with_json("validation_failed", "POST", "/api/accounts", ACCOUNT | changed)
    for sent in ({"email": "a@b.example"}, {"password": "p"}, {"email": 1, "password": "p"},
                 {"email": "a@b.example", "password": ""}, {"email": {"$ne": ""}, "password": "p"},
                 {"email": "a@b.example", "password": "x" * 129}):
        yield with_json("validation_failed", "POST", "/api/sessions", sent)
    for email, password in (("admin@twinstore.example", "wrong"), ("nobody@b.example", "x"),
                            ("admin@twinstore.example", "' OR '1'='1")):
        yield with_json("credentials_wrong", "POST", "/api/sessions",
                        {"email": email, "password": password})
    yield with_json("email_taken", "POST", "/api/accounts",
                    ACCOUNT | {"email": "ADMIN@twinstore.example"})


def carts() -> Iterator[Case]:
    for quantity in (0, -1, 100, 10**9, 10**30, 1.0, 1.5, "1", "", None, True, [1], {"a": 1}):
        yield with_json("validation_failed", "PUT", "/api/cart/items/1", {"quantity": quantity},
                        "customer")
    for body in (b'{"quantity":NaN}', b'{"quantity":1e1}', b'{"quantity":Infinity}',
                 b'{"quantity":1,"price":1}', b'{"Quantity":1}'):
        yield with_json("validation_failed", "PUT", "/api/cart/items/1", body, "customer")
    yield with_json("product_not_found", "PUT", "/api/cart/items/999999999", {"quantity": 1},
                    "customer")


def products() -> Iterator[Case]:
    changed: dict[str, Any]
    for changed in ({"name": ""}, {"name": "a\u0000"}, {"stock": -1}, {"stock": 1_000_001},
                    {"stock": 1.5}, {"stock": "1"}, {"stock": None}, {"price": 100},
                    {"price": {"amount_minor": -1, "currency": "EUR"}},
                    {"price": {"amount_minor": 100_000_001, "currency": "EUR"}},
                    {"price": {"amount_minor": 1.5, "currency": "EUR"}},
                    {"price": {"amount_minor": 100, "currency": "USD"}},
                    {"price": EUR | {"extra": 1}}, {"price": {}}, {"category": "Not A Slug"},
                    {"category": ""}, {"description": "x" * 5_001}, {"description": "\u0000"},
                    {"id": 7}, {"sold": 1}):
        yield with_json("validation_failed", "POST", "/api/products", PRODUCT | changed, "admin")
    yield with_json("category_not_found", "POST", "/api/products", PRODUCT | {"category": "nope"},
                    "admin")
    for sent in ({}, {"stock": -5}, {"stock": 10**12}, {"price": None}, {"price": 5},
                 {"price": None, "stock": None}, {"name": "A"}, {"stock": 1, "reserved": 0}):
        yield with_json("validation_failed", "PATCH", "/api/products/1", sent, "admin")
    yield with_json("product_not_found", "PATCH", "/api/products/999999999", {"stock": 1}, "admin")
    for method, path in (("POST", "/api/products"), ("PATCH", "/api/products/1")):
        yield with_json("role_forbidden", method, path, PRODUCT, "customer")
        yield with_json("role_forbidden", method, path, b"{", "customer")
        yield with_json("token_missing", method, path, b"{")


def orders() -> Iterator[Case]:
    key = ("Idempotency-Key", "k")
    for sent in ({"card_token": ""}, {"card_token": "4111111111111111"}, {"card_token": "tok_"},
                 {"card_token": "tok_A"}, {"card_token": 1}, {"card_token": "tok_a\n"},
                 {"card_token": "tok_" + "a" * 61}, {"card_token": None}, {"card": "tok_approve"},
                 {"card_token": "tok_approve", "amount_minor": 1}):
        yield replace(with_json("validation_failed", "POST", "/api/orders", sent, "customer"),
                      headers=(*JSON.items(), key))
    good = with_json("", "POST", "/api/orders", {"card_token": "tok_approve"}, "customer")
    yield replace(good, code="idempotency_key_missing")
    yield replace(good, code="idempotency_key_missing", note="empty key",
                  headers=(*JSON.items(), ("Idempotency-Key", "")))
    yield replace(good, code="idempotency_key_missing", note="not ASCII",
                  headers=(*JSON.items(), ("Idempotency-Key", "é")))
    for bad in ("a b", "x" * 256, "a\tb"):
        yield replace(good, code="idempotency_key_invalid", note=f"key {bad[:5]!r}",
                      headers=(*JSON.items(), ("Idempotency-Key", bad)))
    yield replace(good, code="cart_empty", headers=(*JSON.items(), key))


def tokens() -> Iterator[Case]:
    for method, path in (("GET", "/api/cart"), ("GET", "/api/orders"), ("POST", "/api/orders"),
                         ("GET", f"/api/payments/{NOBODYS}"), ("PUT", "/api/cart/items/x"),
                         ("POST", f"/api/orders/{NOBODYS}/cancel")):
        yield Case("token_missing", method, path)
        for who in ("forged", "unsigned", "confused", "noise", "odd", "other-issuer", "no-role",
                    "long"):
            yield Case("token_invalid", method, path, who=who, note=who)
        yield Case("token_expired", method, path, who="expired", note="expired")
    for value, code in (("", "token_missing"), ("Bearer", "token_missing"),
                        ("Basic YTpi", "token_missing"), ("Bearer é", "token_missing"),
                        ("Bearer a b c", "token_invalid")):
        yield Case(code, "GET", "/api/cart", headers=(("Authorization", value),), note=value)


CASES = [*routes(), *paths(), *queries(), *broken_bodies(), *accounts(), *carts(), *products(),
         *orders(), *tokens()]


@pytest.fixture(scope="module")
def passes(floor: Floor) -> dict[str, str]:
    """Tokens by `who`."""
    now = int(time.time())
    claims: dict[str, Any] = {"iss": ISSUER, "sub": "2", "role": "admin", "iat": now,
                              "exp": now + 60}
    own = load_private_key(floor.deployment.signing_key_pem)
    foreign = load_private_key(new_key_pair().private_pem)
    head, payload, signature = jwt.encode(claims, own, ALGORITHM).split(".")
    hs256 = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    return {
        "customer": floor.customer(),
        "admin": floor.admin(),
        "expired": floor.token(2, age_s=LIFETIME_S + 10),
        "forged": jwt.encode(claims, foreign, ALGORITHM),
        "unsigned": jwt.encode(claims, "", "none"),
        "confused": f"{hs256}.{payload}.{signature}",
        "noise": "a.b.c",
        "odd": f"{head}.{payload}.{signature[::-1]}",
        "other-issuer": jwt.encode(claims | {"iss": "x"}, own, ALGORITHM),
        "no-role": jwt.encode(claims | {"role": "root"}, own, ALGORITHM),
        "long": "a" * 8_000,
    }


@pytest.fixture(scope="module")
def states_before(everyone: list[Target], passes: dict[str, str]) -> dict[str, dict[str, str]]:
    return {target.name: target.settled_state() for target in everyone}


def send(target: Target, case: Case, passes: dict[str, str]) -> Answer:
    headers = dict(case.headers)
    if case.who != "nobody":
        headers["Authorization"] = f"Bearer {passes[case.who]}"
    return target.shop.raw(case.method, case.path, case.body, headers)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_is_refused_alike(case: Case, everyone: list[Target], passes: dict[str, str],
                                    states_before: dict[str, dict[str, str]]) -> None:
    refusals = {}
    for target in everyone:
        answer = send(target, case, passes)
        problem = check_problem(answer)
        refusals[target.name] = (problem.code, problem.detail, problem.errors)
        assert 400 <= answer.status < 500
    assert {code for code, _, _ in refusals.values()} == {case.code}
    assert len({str(refusal) for refusal in refusals.values()}) == 1, refusals


def test_a_question_about_the_head_alone_is_refused_without_a_body(
        everyone: list[Target]) -> None:
    for target in everyone:
        for path, status in (("/api/products", 405), ("/api/cart", 405), ("/nowhere", 404)):
            answer = target.shop.raw("HEAD", path)
            assert (answer.status, answer.body) == (status, b"")
            assert answer.headers["x-request-id"]


def test_none_of_it_changed_anything(
        everyone: list[Target], states_before: dict[str, dict[str, str]]) -> None:
    for target in everyone:
        assert target.settled_state() == states_before[target.name]


def test_odd_but_valid_text_comes_back_as_it_was_sent(
        everyone: list[Target], floor: Floor) -> None:
    name = "Zoë 🦊 \u202eabc\u202c a\u0301 李 %s {0} '; DROP TABLE accounts; --"
    for target in everyone:
        made = target.shop.get("create_product", token=floor.admin(), json=PRODUCT | {
            "name": name, "description": "tab\tand\nline 🦊"})
        assert made["name"] == name
        shown = target.shop.get("get_product", path={"product_id": made["id"]})
        assert (shown["name"], shown["description"]) == (name, "tab\tand\nline 🦊")
        token = floor.customer()
        order = place(target.shop, token, {made["id"]: 1}).data
        assert order["items"][0]["name"] == name


@pytest.mark.parametrize("q", [
    "'", '"', "\\", "%", "_", "&", "|", "!", "()", ":*", "a:*", "-", "--", "or", '"unclosed',
    "-lamp", "lamp -oak", "a" * 200, "🦊", "\ufffd", "'; DROP TABLE products; --", "the", "\u202e",
    "a\u0301", "<script>", "%00", "$1", "{}", "lamp or or kettle", "\t lamp\n"])
def test_odd_searches_are_answered_alike(q: str, everyone: list[Target]) -> None:
    from urllib.parse import quote

    def are_alike() -> bool:
        found = [target.shop.get("search_products", query=f"q={quote(q)}") for target in everyone]
        return all(page == found[0] for page in found)

    eventually(are_alike)  # the services' index follows the catalog a moment later
