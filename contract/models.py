"""Wire models: exactly what both stores take and give as JSON.

Requests are strict: unknown fields, wrong types and control characters are refused.
Responses are built from trusted rows; stores write them with `contract.http.to_json`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from contract.money import MAX_MINOR, Money, Price

MAX_PAGE: Final = 10_000
MAX_PAGE_SIZE: Final = 100
MAX_QUANTITY: Final = 99
MAX_CART_LINES: Final = 50
MAX_STOCK: Final = 1_000_000
MAX_ID: Final = 2**31 - 1

_NOT_PRINTABLE: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff"
_CONTROL = re.compile(f"[{_NOT_PRINTABLE}]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("is not an e-mail address")
    return text.lower()


_TEXT: Final[JsonDict] = {"pattern": f"^[^{_NOT_PRINTABLE}]*$"}
_WORDS: Final[JsonDict] = {"pattern": (
    rf"^[^{_NOT_PRINTABLE}]*[^\s\x85{_NOT_PRINTABLE}][^{_NOT_PRINTABLE}]*$")}
"""What validators ask for, as the OpenAPI document shows it."""

Words = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=_WORDS),
                  AfterValidator(_printable), AfterValidator(_not_blank)]
Email = Annotated[str, Field(max_length=254, json_schema_extra={"pattern": f"^{_EMAIL.pattern}$"}),
                  AfterValidator(_email)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Stock = Annotated[int, Field(ge=0, le=MAX_STOCK)]


class Request(BaseModel):
    """A body from outside: strict, and nothing that we don't know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: text is turned into numbers; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 1
    page_size: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)] = 20

    @property
    def offset(self) -> int:
        """Rows to skip."""
        return (self.page - 1) * self.page_size


class Response(BaseModel):
    """A body we give."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# accounts


class AccountCreate(Request):
    email: Email
    name: Words
    password: Annotated[str, Field(min_length=8, max_length=128, json_schema_extra=_TEXT),
                        AfterValidator(_printable)]


class Account(Response):
    id: int
    email: str
    name: str
    role: Literal["customer", "admin"]


class SessionCreate(Request):
    email: Email
    password: Annotated[str, Field(min_length=1, max_length=128, json_schema_extra=_TEXT),
                        AfterValidator(_printable)]


class Session(Response):
    token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_at: datetime


# catalog


class Category(Response):
    slug: str
    name: str


class CategoryList(Response):
    items: list[Category]


class ProductSummary(Response):
    """A product as lists and search results show it."""

    id: int
    name: str
    category: str
    price: Money


class Product(ProductSummary):
    description: str
    stock: int


class ProductPage(Response):
    items: list[ProductSummary]
    page: int
    page_size: int
    total: int


class ProductQuery(Query):
    category: Slug | None = None


class ProductCreate(Request):
    name: Words
    description: Annotated[str, Field(max_length=5_000, json_schema_extra=_TEXT),
                           AfterValidator(_printable)] = ""
    category: Slug
    price: Price
    stock: Stock


class ProductPatch(Request):
    """A new price, a new stock, or both."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [
        {"required": ["price"], "properties": {"price": {"type": "object"}}},
        {"required": ["stock"], "properties": {"stock": {"type": "integer"}}}]})

    price: Price | None = None
    stock: Stock | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.price is None and self.stock is None:
            raise ValueError("give price, stock or both")
        return self


# search


class SearchQuery(Query):
    """`q` in the web-search syntax of PostgreSQL: words, "phrases", or, -not."""

    q: Words
    category: Slug | None = None
    min_price: Annotated[int, Field(ge=0, le=MAX_MINOR)] | None = None
    max_price: Annotated[int, Field(ge=0, le=MAX_MINOR)] | None = None
    sort: Literal["relevance", "price_asc", "price_desc", "name"] = "relevance"


# cart


class CartItemPut(Request):
    quantity: Quantity


class CartItem(Response):
    product_id: int
    name: str
    quantity: int
    unit_price: Money
    line_total: Money


class Cart(Response):
    """Lines in order of product id, at today's names and prices."""

    items: list[CartItem]
    total: Money


# orders


class OrderCreate(Request):
    """Pay for the cart with a card the bank knows by this token (`contract.bank`)."""

    card_token: Annotated[str, Field(pattern=r"^tok_[a-z0-9_]{1,60}$")]


class OrderItem(Response):
    product_id: int
    name: str
    quantity: int
    unit_price: Money


class Order(Response):
    """`cancelling` is a cancelled order whose refund the bank has not yet confirmed."""

    id: UUID
    status: Literal["confirmed", "cancelling", "cancelled"]
    items: list[OrderItem]
    total: Money
    payment_id: UUID
    created_at: datetime


class OrderPage(Response):
    """Newest first."""

    items: list[Order]
    page: int
    page_size: int
    total: int


class OrderQuery(Query):
    pass


# payments


class Payment(Response):
    id: UUID
    order_id: UUID
    status: Literal["captured", "refunding", "refunded"]
    amount: Money
    created_at: datetime


# health


class Health(Response):
    """`parts` names what was asked and whether it answered: database, services."""

    status: Literal["ok", "unavailable"]
    parts: dict[str, Literal["ok", "unavailable"]] = {}
