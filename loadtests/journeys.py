"""What visitors do: each journey is a fixed list of steps, whatever the store answers.

All that is random about a journey is drawn from its seed before the run (`Draw`), so a run
sends the same requests to both stores; only what a visitor learned from an earlier answer
(a search result, an order's id) depends on the store.

Answers are checked by looking for byte strings that a right answer must contain (the product
asked for, the page, the order's state); JSON is not parsed, at 1 µs instead of 30.  This
relies on compact JSON (`contract.http.to_json`), not on the order of keys.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from contract.load import Journey, LoadSpec
from loadtests.popularity import Popularity

CATEGORIES: Final = (
    "kitchen", "garden", "office", "cycling", "camping", "music", "toys", "books", "audio",
    "photo", "bath", "bedroom", "lighting", "tools", "sports", "travel", "pets", "baby",
    "fashion", "watches",
)
WORDS: Final = (
    "kettle", "knife", "teapot", "planter", "notebook", "lamp", "helmet", "saddle", "tent",
    "stove", "hammock", "puzzle", "kite", "atlas", "novel", "radio", "tripod", "towel", "pillow",
    "lantern", "hammer", "wrench", "football", "backpack", "wallet", "leash", "scarf", "gloves",
    "watch", "oak", "copper", "silver", "vintage", "leather", "bamboo", "wool", "ceramic",
    "solid oak", "cast iron", "merino wool", "made to last", "desk lamp", "nordic lamp",
    "weatherproof", "lisbon", "porto",
)
"""Words of the seed data's names and descriptions; a test holds that."""

_PAGE_SIZE: Final = 20
_LONGEST: Final = 4


@dataclass(frozen=True, slots=True)
class Draw:
    """Everything random about one journey.  `think_s[i]` is the pause before step i + 1."""

    product_id: int
    other_id: int
    category: str
    page: int
    words: str
    pick: float
    quantity: int
    key: str
    think_s: tuple[float, ...]


@dataclass(slots=True)
class Memory:
    """What a visitor learned from earlier answers."""

    found_id: int = 0
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request and what its right answer is.

    `needles`: byte strings that the body must contain.  `learn`: reads the body into the
    visitor's memory and says whether what must be there is there.
    """

    endpoint: str
    method: Literal["GET", "PUT", "POST"]
    target: str
    needles: tuple[bytes, ...]
    status: int = 200
    body: bytes = b""
    key: str = ""
    learn: Callable[[bytes, Draw, Memory], bool] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`endpoint` names the step when it was never begun; `ask` may choose another one."""

    endpoint: str
    ask: Callable[[Draw, Memory], Ask]


class Journeys:
    """Draws the data of journeys."""

    def __init__(self, spec: LoadSpec) -> None:
        self._popularity = Popularity(spec.products, spec.workload.zipf, spec.seed)
        self._pages = max(1, min(3, spec.products // len(CATEGORIES) // _PAGE_SIZE))
        self._think_s = spec.workload.think_s
        self._key = f"{spec.seed}-{spec.trial}"

    def draw(self, journey_no: int, seed: int) -> Draw:
        """Draw always the same number of values, so that data doesn't depend on the journey."""
        source = random.Random(seed)  # noqa: S311 - load, not a secret
        return Draw(
            product_id=self._popularity.draw(source),
            other_id=self._popularity.draw(source),
            category=CATEGORIES[int(source.random() * len(CATEGORIES))],
            page=1 + int(source.random() * self._pages),
            words=WORDS[int(source.random() * len(WORDS))],
            pick=source.random(),
            quantity=1 + int(source.random() * 3),
            key=f"{self._key}-{journey_no}",
            think_s=tuple(source.expovariate(1.0) * self._think_s for _ in range(_LONGEST - 1)),
        )


def list_categories(_draw: Draw, _memory: Memory) -> Ask:
    return Ask("list_categories", "GET", "/api/categories", (b'"items":[{', b'"slug":"'))


def list_products(draw: Draw, _memory: Memory) -> Ask:
    return Ask("list_products", "GET",
               f"/api/products?category={draw.category}&page={draw.page}",
               (b'"category":"%b"' % draw.category.encode(), b'"page":%d' % draw.page))


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
    return Ask("put_item", "PUT", f"/api/cart/items/{draw.product_id}", _cart_with(draw),
               body=b'{"quantity":%d}' % draw.quantity)


def show_cart(draw: Draw, _memory: Memory) -> Ask:
    return Ask("show_cart", "GET", "/api/cart", _cart_with(draw))


def place_order(draw: Draw, _memory: Memory) -> Ask:
    return Ask("place_order", "POST", "/api/orders", (b'"status":"confirmed"', *_line(draw)),
               status=201, body=b'{"card_token":"tok_approve"}', key=draw.key,
               learn=_learn_order)


def read_order(draw: Draw, memory: Memory) -> Ask:
    """Look at the order; at the list of orders if it wasn't placed."""
    if not memory.order_id:
        return list_orders(draw, memory)
    return Ask("get_order", "GET", f"/api/orders/{memory.order_id}",
               (b'"id":"%b"' % memory.order_id.encode(), *_line(draw)))


def list_orders(_draw: Draw, _memory: Memory) -> Ask:
    return _list_orders(1)


def list_older_orders(_draw: Draw, _memory: Memory) -> Ask:
    return _list_orders(2)


JOURNEYS: Final[dict[Journey, tuple[Step, ...]]] = {
    "browse": (
        Step("list_categories", list_categories),
        Step("list_products", list_products),
        Step("get_product", read_product),
    ),
    "search": (
        Step("search_products", search_products),
        Step("get_product", read_found),
    ),
    "search_only": (
        Step("search_products", search_products),
        Step("search_products", search_cheapest),
    ),
    "fill_cart": (
        Step("get_product", read_product),
        Step("put_item", put_item),
        Step("show_cart", show_cart),
    ),
    "check_out": (
        Step("put_item", put_item),
        Step("show_cart", show_cart),
        Step("place_order", place_order),
        Step("get_order", read_order),
    ),
    "look_at_orders": (
        Step("list_orders", list_orders),
        Step("list_orders", list_older_orders),
    ),
    "read_product": (Step("get_product", read_product),),
}


def _get_product(product_id: int) -> Ask:
    return Ask("get_product", "GET", f"/api/products/{product_id}",
               (b'"id":%d,' % product_id, b'"description":"', b'"price":{'))


def _list_orders(page: int) -> Ask:
    target = "/api/orders" if page == 1 else f"/api/orders?page={page}"
    return Ask("list_orders", "GET", target, (b'"items":[', b'"page":%d,' % page))


def _line(draw: Draw) -> tuple[bytes, ...]:
    return (b'"product_id":%d,' % draw.product_id,)


def _cart_with(draw: Draw) -> tuple[bytes, ...]:
    return (*_line(draw), b'"quantity":%d' % draw.quantity, b'"total":{')


def acknowledged_order(body: bytes) -> str:
    """Return the id of the order in a body, "" without one."""
    order = _ORDER.search(body)
    return order[1].decode() if order else ""


_FOUND = re.compile(rb'"id":(\d+)[,}]')
_ORDER = re.compile(rb'"id":"([0-9a-f-]{36})"')
_PAID = re.compile(rb'"total":\{[^}]*"amount_minor":[1-9]')


def _learn_found(body: bytes, draw: Draw, memory: Memory) -> bool:
    found = _FOUND.findall(body)
    if found:
        memory.found_id = int(found[int(draw.pick * len(found))])
    return True


def _learn_order(body: bytes, _draw: Draw, memory: Memory) -> bool:
    memory.order_id = acknowledged_order(body)
    return bool(memory.order_id and _PAID.search(body))
