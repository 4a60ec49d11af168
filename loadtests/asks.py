"""What visitors ask, and what a right answer to it is.

Answers are checked by looking for byte strings that a right answer must contain (the product
asked for, the page, the order's state); JSON is not parsed, at 1 µs instead of 30.  This
relies on compact JSON (`contract.http.to_json`), not on the order of keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal
from urllib.parse import quote

from contract.errors import StoreError
from contract.models import MAX_PAGE_SIZE
from contract.seed import ADMIN_ID, SEED_PASSWORD
from loadtests.draw import Draw

_SIGNING_IN: Final = 10
"""So many customers there are in any seed data."""


@dataclass(slots=True)
class Memory:
    """What a visitor learned from earlier answers."""

    found_id: int = 0
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request and what its right answer is.

    `needles`: byte strings that the body must contain.  `learn`: reads the body into the
    visitor's memory and says whether what must be there is there.  `refusals`: what is as right
    an answer.
    """

    endpoint: str
    method: Literal["GET", "PUT", "POST"]
    target: str
    needles: tuple[bytes, ...]
    status: int = 200
    body: bytes = b""
    key: str = ""
    learn: Callable[[bytes, Draw, Memory], bool] | None = None
    refusals: tuple[type[StoreError], ...] = ()


def list_categories(_draw: Draw, _memory: Memory) -> Ask:
    return Ask("list_categories", "GET", "/api/categories", (b'"items":[{', b'"slug":"'))


def list_products(draw: Draw, _memory: Memory) -> Ask:
    return Ask("list_products", "GET",
               f"/api/products?category={draw.category}&page={draw.page}",
               (b'"category":"%b"' % draw.category.encode(), b'"page":%d' % draw.page))


def list_small(draw: Draw, _memory: Memory) -> Ask:
    return _list_page(draw, 1)


def list_medium(draw: Draw, _memory: Memory) -> Ask:
    return _list_page(draw, 20)


def list_large(draw: Draw, _memory: Memory) -> Ask:
    return _list_page(draw, MAX_PAGE_SIZE)


def read_product(draw: Draw, _memory: Memory) -> Ask:
    return _get_product(draw.product_id)


def search_products(draw: Draw, _memory: Memory) -> Ask:
    return Ask("search_products", "GET", f"/api/search?q={quote(draw.words)}",
               (b'"items":[', b'"total":', b'"page":1'), learn=_learn_found)


def search_cheapest(draw: Draw, _memory: Memory) -> Ask:
    return Ask("search_products", "GET",
               f"/api/search?q={quote(draw.words)}&sort=price_asc",
               (b'"items":[', b'"total":', b'"page":1'))


def read_found(draw: Draw, memory: Memory) -> Ask:
    """Open a search result; a popular product if there was none."""
    return _get_product(memory.found_id or draw.product_id)


def put_item(draw: Draw, _memory: Memory) -> Ask:
    return put_product(draw, draw.product_id)


def put_product(draw: Draw, product_id: int) -> Ask:
    """Put a product in the quantity that was drawn."""
    return Ask("put_item", "PUT", f"/api/cart/items/{product_id}", _cart_with(draw, product_id),
               body=b'{"quantity":%d}' % draw.quantity)


def show_cart(draw: Draw, _memory: Memory) -> Ask:
    return Ask("show_cart", "GET", "/api/cart", _cart_with(draw, draw.product_id))


def place_order(draw: Draw, _memory: Memory) -> Ask:
    return Ask("place_order", "POST", "/api/orders",
               (b'"status":"confirmed"', *line_of(draw.product_id)), status=201,
               body=b'{"card_token":"tok_approve"}', key=draw.key,
               learn=_learn_order)


def place_declined(draw: Draw, _memory: Memory) -> Ask:
    """Pay with a card that the bank declines: a refusal is the right answer."""
    return Ask("place_order", "POST", "/api/orders", (b'"code":"card_declined"',),
               status=402, body=b'{"card_token":"tok_decline"}', key=draw.key)


def cancel_order(draw: Draw, memory: Memory) -> Ask:
    """Take the order back; look at the list of orders if it wasn't placed."""
    if not memory.order_id:
        return list_orders(draw, memory)
    return Ask("cancel_order", "POST", f"/api/orders/{memory.order_id}/cancel",
               (b'"id":"%b"' % memory.order_id.encode(), b'"status":"cancelled"'))


def read_order(draw: Draw, memory: Memory) -> Ask:
    """Look at the order; at the list of orders if it wasn't placed."""
    if not memory.order_id:
        return list_orders(draw, memory)
    return Ask("get_order", "GET", f"/api/orders/{memory.order_id}",
               (b'"id":"%b"' % memory.order_id.encode(), *line_of(draw.product_id)))


def list_orders(_draw: Draw, _memory: Memory) -> Ask:
    return _list_orders(1)


def list_older_orders(_draw: Draw, _memory: Memory) -> Ask:
    return _list_orders(2)


def sign_in(draw: Draw, _memory: Memory) -> Ask:
    """Check a password: the store's most expensive work for a processor."""
    return Ask("sign_in", "POST", "/api/sessions", (b'"token":"ey', b'"token_type":"Bearer"'),
               status=201, body=b'{"email":"customer%d@twinstore.example","password":"%b"}' % (
                   ADMIN_ID + 1 + int(draw.pick * _SIGNING_IN), SEED_PASSWORD.encode()))


def _get_product(product_id: int) -> Ask:
    return Ask("get_product", "GET", f"/api/products/{product_id}",
               (b'"id":%d,' % product_id, b'"description":"', b'"price":{'))


def _list_page(draw: Draw, size: int) -> Ask:
    return Ask("list_products", "GET", f"/api/products?page={draw.page}&page_size={size}",
               (b'"page":%d' % draw.page, b'"page_size":%d' % size),
               learn=partial(_is_full, size))


def _list_orders(page: int) -> Ask:
    target = "/api/orders" if page == 1 else f"/api/orders?page={page}"
    return Ask("list_orders", "GET", target, (b'"items":[', b'"page":%d,' % page))


def line_of(product_id: int) -> tuple[bytes, ...]:
    """What a cart or an order contains that has this product."""
    return (b'"product_id":%d,' % product_id,)


def _cart_with(draw: Draw, product_id: int) -> tuple[bytes, ...]:
    return (*line_of(product_id), b'"quantity":%d' % draw.quantity, b'"total":{')


ABOUT_AN_ORDER: Final = frozenset({"place_order", "cancel_order"})
"""Endpoints whose good answers promise something about one order."""


def acknowledged_order(body: bytes) -> str:
    """Return the id of the order in a body, "" without one."""
    order = _ORDER.search(body)
    return order[1].decode() if order else ""


_FOUND = re.compile(rb'"id":(\d+)[,}]')
_ORDER = re.compile(rb'"id":"([0-9a-f-]{36})"')
_TOTAL = re.compile(rb'"total":(\d+)')
_PAID = re.compile(rb'"total":\{[^}]*"amount_minor":[1-9]')


def _learn_found(body: bytes, draw: Draw, memory: Memory) -> bool:
    found = _FOUND.findall(body)
    if found:
        memory.found_id = int(found[int(draw.pick * len(found))])
    return True


def _is_full(size: int, body: bytes, draw: Draw, _memory: Memory) -> bool:
    """Say whether a page has as many products as it can have."""
    total = _TOTAL.search(body)
    left = int(total[1]) - (draw.page - 1) * size if total else 0
    return 0 < body.count(b'"category":"') == min(size, left)


def _learn_order(body: bytes, _draw: Draw, memory: Memory) -> bool:
    """A journey wishes for one order: asked again, it is told of the same one."""
    before, memory.order_id = memory.order_id, acknowledged_order(body)
    is_same = before in ("", memory.order_id)
    return bool(memory.order_id and is_same and _PAID.search(body))
