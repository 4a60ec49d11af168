"""What visitors do: each journey is a fixed list of steps, whatever the store answers.

All that is random about a journey is drawn from its seed before the run (`Draw`), so a run
sends the same requests to both stores; only what a visitor learned from an earlier answer
(a search result, an order's id) depends on the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contract.load import Journey
from loadtests.asks import (
    Ask,
    Memory,
    cancel_order,
    list_categories,
    list_large,
    list_medium,
    list_older_orders,
    list_orders,
    list_products,
    list_small,
    place_declined,
    place_order,
    put_item,
    read_found,
    read_order,
    read_product,
    search_cheapest,
    search_products,
    show_cart,
    sign_in,
)
from loadtests.draw import Draw


@dataclass(frozen=True, slots=True)
class Step:
    """`endpoint` names the step when it was never begun; `ask` may choose another one."""

    endpoint: str
    ask: Callable[[Draw, Memory], Ask]


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
    "check_out_only": (
        Step("put_item", put_item),
        Step("place_order", place_order),
    ),
    # A client that heard nothing asks again under the same key: one order, one charge.
    "check_out_twice": (
        Step("put_item", put_item),
        Step("place_order", place_order),
        Step("place_order", place_order),
    ),
    "decline": (
        Step("put_item", put_item),
        Step("place_order", place_declined),
    ),
    "cancel": (
        Step("put_item", put_item),
        Step("place_order", place_order),
        Step("cancel_order", cancel_order),
    ),
    "read_product": (Step("get_product", read_product),),
    "list_small": (Step("list_products", list_small),),
    "list_medium": (Step("list_products", list_medium),),
    "list_large": (Step("list_products", list_large),),
    "sign_in": (Step("sign_in", sign_in),),
}
