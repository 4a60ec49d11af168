"""Money: an integer number of minor units (cents) and a currency.  Never a float."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

CURRENCY: Final = "EUR"
MAX_MINOR: Final = 100_000_000
"""The dearest product: 1,000,000.00.  Keeps every total inside a 64-bit integer."""


class Money(BaseModel):
    """An amount as it goes over the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    amount_minor: int
    currency: Literal["EUR"] = "EUR"


class Price(Money):
    """A non-negative amount that a client may set."""

    amount_minor: Annotated[int, Field(ge=0, le=MAX_MINOR)]


def euros(amount_minor: int) -> Money:
    """Wrap minor units read from a database."""
    return Money.model_construct(amount_minor=amount_minor, currency="EUR")


def total_minor(lines: Iterable[tuple[int, int]]) -> int:
    """Sum (unit price in minor units, quantity) pairs into minor units."""
    return sum(price * quantity for price, quantity in lines)
