"""What visitors do: each journey is a fixed list of steps, whatever the store answers.

All that is random about a journey is drawn from its seed before the run (`Draw`), so a run
sends the same requests to both stores; only what a visitor learned from an earlier answer
(a search result, an order's id) depends on the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from contract.journeys import STEPS
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
from loadtests.scarcity import (
    place_again,
    place_at_once,
    place_scarce,
    place_several,
    put_other,
    put_scarce,
)


@dataclass(frozen=True, slots=True)
class Step:
    """`endpoint` names the step when it was never begun; `ask` may choose another one."""

    endpoint: str
    ask: Callable[[Draw, Memory], Ask]


_ASKS: Final[dict[Journey, tuple[Callable[[Draw, Memory], Ask], ...]]] = {
    "browse": (list_categories, list_products, read_product),
    "search": (search_products, read_found),
    "search_only": (search_products, search_cheapest),
    "fill_cart": (read_product, put_item, show_cart),
    "check_out": (put_item, show_cart, place_order, read_order),
    "look_at_orders": (list_orders, list_older_orders),
    "check_out_only": (put_item, place_order),
    "check_out_twice": (put_item, place_order, place_order),
    "check_out_at_once": (put_item, place_at_once, place_at_once, place_order),
    "buy_scarce": (put_scarce, place_scarce),
    "buy_several": (put_item, put_other, put_scarce, place_several),
    "order_again": (put_item, place_again),
    "decline": (put_item, place_declined),
    "cancel": (put_item, place_order, cancel_order),
    "read_product": (read_product,),
    "list_small": (list_small,),
    "list_medium": (list_medium,),
    "list_large": (list_large,),
    "sign_in": (sign_in,),
}
JOURNEYS: Final[dict[Journey, tuple[Step, ...]]] = {
    journey: tuple(Step(*step) for step in zip(STEPS[journey], asks, strict=True))
    for journey, asks in _ASKS.items()}
