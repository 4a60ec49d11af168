"""What orders ask of cart, catalog and payments.  Each call may be repeated.

All raise DependencyUnavailable (503) when the other service is silent: what happened there is
then unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from contract.errors import OutOfStock
from microservices.messages import (
    AccountRef,
    Capture,
    Done,
    Line,
    Lines,
    Ordered,
    OrderRef,
    Outcome,
    PaymentRef,
    Quote,
    Quotes,
    Reservation,
)
from microservices.peers import Peers


async def list_lines(peers: Peers, account_id: int) -> list[tuple[int, int]]:
    """Return what is in the cart: (product id, quantity) in order of product id."""
    lines = await peers.call("cart", "list_lines", AccountRef(account_id=account_id), Lines)
    return [(line.product_id, line.quantity) for line in lines.items]


async def remove_ordered(peers: Peers, order_id: UUID, account_id: int,
                         ordered: Sequence[tuple[int, int]]) -> None:
    """Take what was ordered out of the cart."""
    await peers.call("cart", "remove_ordered",
                     Ordered(order_id=order_id, account_id=account_id, lines=_lines(ordered)),
                     Done)


async def reserve_stock(peers: Peers, order_id: UUID,
                        lines: Sequence[tuple[int, int]]) -> list[Quote]:
    """Reserve every line or none; return names and prices.  Raises OutOfStock (409)."""
    quotes = await peers.call("catalog", "reserve_stock",
                              Reservation(order_id=order_id, lines=_lines(lines)), Quotes,
                              expected=(OutOfStock,))
    return quotes.items


async def sell_reserved(peers: Peers, order_id: UUID) -> None:
    """Count reserved pieces as sold."""
    await peers.call("catalog", "sell_reserved", OrderRef(order_id=order_id), Done)


async def release_stock(peers: Peers, order_id: UUID) -> None:
    """Put reserved pieces back."""
    await peers.call("catalog", "release_stock", OrderRef(order_id=order_id), Done)


async def take_back(peers: Peers, order_id: UUID) -> None:
    """Put the pieces of a cancelled order back."""
    await peers.call("catalog", "take_back", OrderRef(order_id=order_id), Done)


async def capture_payment(peers: Peers, payment: PaymentRef, card_token: str) -> Outcome:
    """Charge the card.  Raises BankUnavailable (503)."""
    return await peers.call("payments", "capture_payment",
                            Capture(**payment.model_dump(), card_token=card_token), Outcome)


async def settle_payment(peers: Peers, payment: PaymentRef) -> Outcome:
    """Find out how a capture ended.  Raises BankUnavailable (503)."""
    return await peers.call("payments", "settle_payment", payment, Outcome)


async def void_payment(peers: Peers, payment: PaymentRef) -> None:
    """Make sure that an order that was refused costs nothing."""
    await peers.call("payments", "void_payment", payment, Done)


async def refund_payment(peers: Peers, order_id: UUID) -> None:
    """Give an order's money back.  Raises BankUnavailable (503)."""
    await peers.call("payments", "refund_payment", OrderRef(order_id=order_id), Done)


def _lines(lines: Sequence[tuple[int, int]]) -> list[Line]:
    return [Line.model_construct(product_id=product, quantity=quantity)
            for product, quantity in lines]
