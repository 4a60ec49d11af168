"""What services say to each other.  Every message may be repeated: the order's id is its key."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Done(Message):
    """It is so now, whether by this call or by an earlier one."""


class AccountRef(Message):
    account_id: int


class OrderRef(Message):
    order_id: UUID


class ProductRefs(Message):
    ids: list[int]


class Line(Message):
    product_id: int
    quantity: int


class Lines(Message):
    """In order of product id."""

    items: list[Line]


class Quote(Message):
    """Today's name and price of a product, in minor units."""

    id: int
    name: str
    price_minor: int


class Quotes(Message):
    items: list[Quote]


class Reservation(Message):
    order_id: UUID
    lines: list[Line]


class Ordered(Message):
    order_id: UUID
    account_id: int
    lines: list[Line]


class PaymentRef(Message):
    """Enough to write the payment down even if the charge was never heard of."""

    order_id: UUID
    payment_id: UUID
    account_id: int
    amount_minor: int


class Capture(PaymentRef):
    card_token: str


class Outcome(Message):
    """`voided`: nothing was captured and nothing can be any more."""

    status: Literal["captured", "declined", "voided"]


class Position(Message):
    """A place in the catalog's outbox: transaction, then number within it."""

    transaction: int
    number: int


class Document(Message):
    product_id: int
    name: str
    description: str
    category: str
    price_minor: int


class Changes(Message):
    """Products that changed after a position, as they are now, and the position reached."""

    position: Position
    documents: list[Document]
