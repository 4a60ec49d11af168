"""What both stores and the simulated bank agree on.

The bank is an outside party.  Every charge has a key chosen by the store (the order's id):
the same key never charges twice, and voiding a key refunds what was captured under it or,
if nothing was, makes sure that nothing ever will be (a late charge is refused).

    POST /charges               Charge -> 201 ChargeResult          captured
                                       -> 402 ChargeResult          declined or voided
    POST /charges/{key}/void           -> 200 ChargeResult          refunded or voided
    GET  /charges/{key}                -> 200 ChargeResult | 404
    GET  /ledger                       -> 200 Ledger                for the auditor
    DELETE /ledger                     -> 204                       between trials
    GET  /livez                        -> 200
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

TEST_CARDS: Final[dict[str, str]] = {
    "tok_approve": "captured",
    "tok_decline": "declined",
    "tok_slow": "captured, after 2 s",
    "tok_error": "the bank answers 500",
}
"""Any other token is declined."""


class Charge(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: Annotated[str, Field(min_length=1, max_length=64)]
    amount_minor: Annotated[int, Field(ge=0)]
    currency: Literal["EUR"]
    card_token: str


class ChargeResult(BaseModel):
    """`voided`: nothing was captured under this key and nothing can be any more."""

    model_config = ConfigDict(frozen=True)

    key: str
    status: Literal["captured", "declined", "refunded", "voided"]
    amount_minor: int


class LedgerEntry(BaseModel):
    model_config = ConfigDict(frozen=True)

    key: str
    kind: Literal["capture", "refund", "decline", "void"]
    amount_minor: int


class Ledger(BaseModel):
    """Every movement since the last reset, in order."""

    model_config = ConfigDict(frozen=True)

    entries: list[LedgerEntry]
