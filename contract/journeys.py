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
    "decline": ("put_item", "place_order"),
    "cancel": ("put_item", "place_order", "cancel_order"),
    "read_product": ("get_product",),
    "list_small": ("list_products",),
    "list_medium": ("list_products",),
    "list_large": ("list_products",),
    "sign_in": ("sign_in",),
}
"""Journey → names of `contract.endpoints`, step by step; a step may ask for another one when an
earlier answer was missing."""
