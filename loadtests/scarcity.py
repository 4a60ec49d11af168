"""What visitors ask who want one of few pieces, several things at once, or the same twice at once.

Here a refusal can be as right as an order: what is sold out is refused, and who asks while the
first request is under way is told so.
"""

from __future__ import annotations

from dataclasses import replace

from contract.errors import CheckoutInProgress, OutOfStock
from loadtests.asks import Ask, Memory, line_of, place_order, put_product
from loadtests.draw import Draw


def put_other(draw: Draw, _memory: Memory) -> Ask:
    """Put a second product; the same again if it was drawn twice."""
    return put_product(draw, draw.other_id)


def put_scarce(draw: Draw, _memory: Memory) -> Ask:
    return put_product(draw, draw.scarce_id)


def place_scarce(draw: Draw, memory: Memory) -> Ask:
    """Order one of few pieces, unless it is sold out."""
    return _unless_sold_out(draw, memory, draw.scarce_id)


def place_several(draw: Draw, memory: Memory) -> Ask:
    """Order three lines, one of them of few pieces: all or none."""
    return _unless_sold_out(draw, memory, draw.product_id, draw.other_id, draw.scarce_id)


def place_again(draw: Draw, memory: Memory) -> Ask:
    """Order with what may have stayed in the cart from before, sold out or not, unless the
    checkout from before is still running."""
    ask = _unless_sold_out(draw, memory, draw.product_id)
    return replace(ask, refusals=(*ask.refusals, CheckoutInProgress))


def place_at_once(draw: Draw, memory: Memory) -> Ask:
    """One of two equal requests on the way: the same order, or the other one is still running."""
    return replace(place_order(draw, memory), refusals=(CheckoutInProgress,))


def _unless_sold_out(draw: Draw, memory: Memory, *products: int) -> Ask:
    lines = tuple(line for product in products for line in line_of(product))
    return replace(place_order(draw, memory), needles=(b'"status":"confirmed"', *lines),
                   refusals=(OutOfStock,))
