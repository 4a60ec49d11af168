"""Which endpoints a visitor asks, step by step: the mix of a workload is known before it runs."""

from __future__ import annotations

from typing import Final

from contract.load import Journey

STEPS: Final[dict[Journey, tuple[str, ...]]] = {
    "browse": ("list_categories", "list_products", "get_product"),
    "search": ("search_products", "get_product"),
    "search_only": ("search_products", "search_products"),
    "fill_cart": ("get_product", "put_item", "show_cart"),
    "check_out": ("put_item", "show_cart", "place_order", "get_order"),
    "look_at_orders": ("list_orders", "list_orders"),
    "check_out_only": ("put_item", "place_order"),
    # A client that heard nothing asks again under the same key: one order, one charge.
    "check_out_twice": ("put_item", "place_order", "place_order"),
    # The same at one instant: AT_ONCE.
    "check_out_at_once": ("put_item", "place_order", "place_order", "place_order"),
    # One of few pieces, alone and among others: all or none.
    "buy_scarce": ("put_item", "place_order"),
    "buy_several": ("put_item", "put_item", "put_item", "place_order"),
    # By a customer who has been at the checkout before.
    "order_again": ("put_item", "place_order"),
    "decline": ("put_item", "place_order"),
    "cancel": ("put_item", "place_order", "cancel_order"),
    "read_product": ("get_product",),
    "list_small": ("list_products",),
    "list_medium": ("list_products",),
    "list_large": ("list_products",),
    "sign_in": ("sign_in",),
}
"""Journey → names of `contract.endpoints`, step by step; a step may ask for another one when an
earlier answer was missing.  A journey has one Idempotency-Key: it wishes for one order."""

AT_ONCE: Final[dict[Journey, int]] = {"check_out_at_once": 1}
"""Journey → the step that is sent twice at one instant: it and the step after it."""
